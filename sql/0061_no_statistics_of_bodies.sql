-- When Postgres collects statistics of a table, it copies up to 30,000 rows and sorts the values of each column. No
-- statement has a condition on these values, so their statistics choose no plan.
alter table fact alter column body set statistics 0;
alter table fact_replaced alter column body set statistics 0;
alter table event alter column body set statistics 0;
alter table delivery alter column body set statistics 0;
alter table account_check alter column baseline set statistics 0;
alter table payment
  alter column bytes set statistics 0,
  alter column settle_markets set statistics 0;
alter table payment_variant alter column bytes set statistics 0;
