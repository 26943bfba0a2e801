-- An index of debts or payments that wait holds the key by which a single one is found. In a quiet hour such an index
-- is empty, and Postgres plans to read all of it for each one; in a burst thousands wait.
drop index payment_not_landed;
create index payment_not_landed on payment (state, payment_id) where state <> 'landed';
drop index profit_share_unpaid;
create index profit_share_unpaid on profit_share (status, subscriber_id) include (amount, paid) where status <> 'paid';
-- No statement that finds the debts of a subscriber has a condition on the reason, so that none of them can use this index.
drop index profit_share_resting;
create index profit_share_resting on profit_share ((reason ->> 'class')) where status = 'pending' and reason is not null;
-- Only a statement that says `accrued_at > '-infinity'`, as the metrics of open debts do, can use this one.
drop index profit_share_open;
create index profit_share_open on profit_share (accrued_at)
  where status in ('pending', 'processing', 'failed') and accrued_at > '-infinity';
