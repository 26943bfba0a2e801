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
