-- Instruments: what is asked for at every scrape must not walk whole tables.
create index payment_landed_by_time on payment (ended_at) where state = 'landed';
create index profit_share_open on profit_share (accrued_at) where status in ('pending', 'processing', 'failed');
