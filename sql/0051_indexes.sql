-- Indexes: a check asks of each account that it compares whether the venue has deleted it. Without an index Postgres read every
-- fact of the ledger for that.
create index fact_deleted on fact (account, slot) where kind = 'notice' and body ->> 'what' = 'user_deleted';
-- No question needs these: fact_moving has the closes of an account, and payment_ended_at the landed payments by time.
drop index fact_by_account;
drop index payment_by_landing;
drop index payment_landed_by_time;
