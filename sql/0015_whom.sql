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
