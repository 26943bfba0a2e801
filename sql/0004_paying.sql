-- Paying: partial payments, reimbursed fees, SOL top-ups, terms that bear on payments, halts, and books rebuilt from the chain.

-- A creator that is no wallet (a vault's address) only where the terms say so; and when a debt lapses, null for never.
alter table subscription_terms add column off_curve boolean not null default false;
alter table subscription_terms add column expires_after_ms bigint check (expires_after_ms > 0);

-- A top-up is a payment of the agent to itself: USDC for SOL. It discharges nothing, and lives by the same rules.
alter table payment add column purpose text not null default 'share' check (purpose in ('share', 'top_up'));
-- USDC that the agent gives the sponsor for the fee, on top of the amount.
alter table payment add column reimburse bigint not null default 0 check (reimburse >= 0);
-- Whether the creator's token account was absent, so that creations can be counted.
alter table payment add column create_creator_account boolean not null default false;
-- Found on chain after its row was lost: the bytes are gone, the chain is the proof.
alter table payment add column restored boolean not null default false;
alter table payment drop constraint payment_check;
alter table payment add constraint payment_withdraw_check check (withdraw between 0 and amount + reimburse);
alter table payment drop constraint payment_check1;
alter table payment add constraint payment_bytes_first check (
  (restored and state = 'landed') or state in ('planned', 'failed')
  or (signature is not null and bytes is not null and last_valid_block_height is not null and blockhash_slot is not null));
alter table payment drop constraint payment_check2;
alter table payment add constraint payment_signature_with_bytes check (restored or (signature is null) = (bytes is null));
create index payment_by_creator on payment (creator_wallet) where create_creator_account and state = 'landed';

-- How a share ended without being paid: by its terms, or by an operator, who says why.
alter table profit_share add column voided jsonb;
alter table profit_share add constraint profit_share_voided_says_why check ((status = 'voided') = (voided is not null));
create index profit_share_resting on profit_share ((reason ->> 'class')) where status = 'pending';

-- Nothing new is signed where a halt says so: for everybody, for a creator, or for a subscriber. What is signed already
-- is seen to its end.
create table halt (
  scope text primary key check (scope ~ '^(all|(creator|subscriber):.{1,64})$'),
  reason text not null,
  since timestamptz not null default now()
);
