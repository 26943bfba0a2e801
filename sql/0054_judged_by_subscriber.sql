-- A verdict read every fact of its subscriber for the closes and withdrawals among them.
create index fact_judged on fact (subscriber_id, kind) where kind in ('close', 'reckoning', 'outflow');
-- The sum of what was signed for one subscriber in the last 24 hours read the payments of all
-- subscribers of that time.
create index payment_landed_at on payment (subscriber_id, ended_at) where state = 'landed';
