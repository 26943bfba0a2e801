-- Whom: to whom may be paid, what payments cost, how long something counts as owed, and what was suspected.

-- What showed that an address off the curve may be paid: that it existed, or how its program derives it.
create table creator_vault (
  address text,
  evidence jsonb not null,
  proven_at timestamptz not null default now(),
  constraint creator_vault_pkey primary key (address),
  constraint creator_vault_evidence_check check (evidence ->> 'by' in ('existence', 'derivation'))
);
create index subscription_terms_by_creator on subscription_terms (creator_wallet);

-- What a payment cost its fee payer, by the balances before and after it on chain; whatever was planned.
create table payment_cost (
  subscriber_id text not null,
  payment_id text not null,
  creator_wallet text not null,
  -- The address that paid the fee.
  payer text not null,
  failed boolean not null,
  fee bigint not null,
  -- Lamports in token accounts that exist since this transaction.
  rent bigint not null,
  creator_opened boolean not null,
  at timestamptz not null default now(),
  constraint payment_cost_pkey primary key (subscriber_id, payment_id),
  constraint payment_cost_payment_fkey foreign key (subscriber_id, payment_id) references payment (subscriber_id, payment_id),
  constraint payment_cost_fee_check check (fee >= 0 and rent >= 0)
);
create index payment_cost_by_payer on payment_cost (payer, at);
create index payment_cost_by_creator on payment_cost (creator_wallet) where creator_opened;
create index payment_ended_at on payment (ended_at) where state in ('landed', 'failed');

-- How long something has counted as owed: time in which nothing could be done about it is left out. `counted_at` is the last look while it counts.
create table owed_time (
  subscriber_id text,
  counted_ms bigint not null,
  counted_at timestamptz,
  constraint owed_time_pkey primary key (subscriber_id),
  constraint owed_time_subscriber_fkey foreign key (subscriber_id) references subscriber,
  constraint owed_time_counted_check check (counted_ms >= 0)
);

-- Accounts that are watched and do not exist: their subscribers are not vouched for.
create index account_check_absent on account_check (address) where coalesce(candidate, baseline) -> 'hints' ->> 'exists' = 'false';

-- Who is suspected of losses made on purpose, and up to where a person has looked.
create table suspicion (
  subscriber_id text,
  amount bigint not null,
  notices integer not null,
  kinds jsonb not null,
  signature text not null,
  slot bigint not null,
  since timestamptz not null default now(),
  constraint suspicion_pkey primary key (subscriber_id),
  constraint suspicion_subscriber_fkey foreign key (subscriber_id) references subscriber
);
create table suspicion_review (
  subscriber_id text not null,
  upto_slot bigint not null,
  reason text not null,
  at timestamptz not null,
  constraint suspicion_review_pkey primary key (subscriber_id, upto_slot),
  constraint suspicion_review_subscriber_fkey foreign key (subscriber_id) references subscriber
);
create index fact_suspicions on fact (subscriber_id) where kind = 'notice'
  and body ->> 'what' in ('off_price_fill', 'swap_loss', 'liquidated', 'builder_fee', 'token_authority_changed');
