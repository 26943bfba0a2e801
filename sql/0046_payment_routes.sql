-- Routes: another variant of a payment under a nonce may get its tokens by another way than the payment's plan. The payment
-- that ends takes over the route of the variant that was executed.

alter table payment_variant add column drift_user text;
alter table payment_variant add column sub_account_id int;
alter table payment_variant add column withdraw bigint;
alter table payment_variant add column settle_markets jsonb;
alter table payment_variant add column create_agent_account boolean;
alter table payment_variant add constraint payment_variant_route_whole
  check (num_nulls(drift_user, sub_account_id, withdraw, settle_markets, create_agent_account) in (0, 5));
alter table payment_variant add constraint payment_variant_cancel_no_route check (purpose = 'payment' or drift_user is null);
comment on column payment_variant.drift_user is 'The account at the venue that pays by this variant; null where that is the payment''s own, with the other columns of its route.';
