-- Postgres samples up to 30,000 rows of a table when it collects statistics, and compares every two values of a column.
-- No statement compares these values, so their statistics choose no plan.
alter table fact alter column body set statistics 0;
alter table fact_replaced alter column body set statistics 0;
alter table event alter column body set statistics 0;
alter table delivery alter column body set statistics 0;
alter table account_check alter column baseline set statistics 0;
alter table payment
  alter column bytes set statistics 0,
  alter column settle_markets set statistics 0;
alter table payment_variant alter column bytes set statistics 0;
