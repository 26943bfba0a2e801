-- The ledger. Its constraints carry the laws of docs/invariants.md wherever a constraint can.
-- Every table that belongs to a subscriber leads its key with subscriber_id.

-- ── Who ──────────────────────────────────────────────────────────────────────────────────────────────────────────

create table subscriber (
  subscriber_id text primary key check (subscriber_id ~ '^[A-Za-z0-9_.:-]{1,64}$'),
  agent_wallet text not null unique,
  agent_token_account text not null unique,
  registered_at timestamptz not null default now()
);

-- A secret key, sealed with the master key and bound to this subscriber and public key. Never readable without both.
create table agent_key (
  subscriber_id text primary key references subscriber,
  public_key text not null,
  sealed bytea not null
);

-- Watched accounts. The cursor is the last finalized slot that a backfill has fully scanned.
create table account (
  address text primary key,
  subscriber_id text not null references subscriber,
  role text not null check (role in ('drift_user', 'agent_wallet', 'agent_token_account')),
  sub_account_id integer check ((role = 'drift_user') = (sub_account_id is not null)),
  cursor_slot bigint not null check (cursor_slot >= 0),
  unique (subscriber_id, address)
);

-- A subscription: one Drift account copies one creator. `carry` is dust, in ten-thousandths of a base unit.
create table subscription (
  subscription_id text not null check (subscription_id ~ '^[A-Za-z0-9_.:-]{1,64}$'),
  subscriber_id text not null references subscriber,
  drift_account text not null references account (address),
  carry bigint not null default 0 check (carry between 0 and 9999),
  created_at timestamptz not null default now(),
  primary key (subscriber_id, subscription_id),
  unique (subscription_id),
  unique (drift_account)
);

-- Terms by time. They are added, never changed: the share in force at a close's slot is what that close owes.
create table subscription_terms (
  subscriber_id text not null,
  subscription_id text not null,
  from_slot bigint not null check (from_slot >= 0),
  creator_wallet text not null,
  share_bps integer not null check (share_bps between 0 and 10000),
  primary key (subscriber_id, subscription_id, from_slot),
  foreign key (subscriber_id, subscription_id) references subscription
);

-- ── What was heard ───────────────────────────────────────────────────────────────────────────────────────────────

create table delivery (
  delivery_id bigint generated always as identity primary key,
  received_at timestamptz not null,
  body bytea not null,
  digested_at timestamptz,
  entries integer,
  refused integer
);
create index delivery_undigested on delivery (delivery_id) where digested_at is null;

-- A transaction that is said to touch a watched account, until RPC has said what it really was.
create table sighting (
  signature text primary key,
  status text not null default 'wanted' check (status in ('wanted', 'confirmed', 'finalized', 'dropped', 'unfound')),
  slot bigint check (status not in ('confirmed', 'finalized') or slot is not null),
  block_index integer,
  source text not null,
  attempts integer not null default 0,
  first_seen_at timestamptz not null,
  due_at timestamptz not null
);
create index sighting_due on sighting (due_at) where status in ('wanted', 'confirmed');

-- What happened on chain. Rows are never edited: only their finality moves, and the order inside the block may become
-- known. A transaction that a fork dropped and that landed again in another slot makes new rows.
create table fact (
  subscriber_id text not null references subscriber,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null check (ordinal >= 0),
  block_index integer,
  kind text not null check (kind in ('close', 'outflow')),
  finality text not null check (finality in ('confirmed', 'finalized', 'withdrawn')),
  body jsonb not null,
  recorded_at timestamptz not null default now(),
  primary key (subscriber_id, signature, slot, ordinal, account)
);
create index fact_by_signature on fact (signature);
create index fact_by_account on fact (account, slot) where kind = 'close';

create function fact_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'facts are never deleted';
  end if;
  if (new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, new.kind, new.body, new.recorded_at)
     is distinct from
     (old.subscriber_id, old.account, old.signature, old.slot, old.ordinal, old.kind, old.body, old.recorded_at) then
    raise exception 'facts are never edited';
  end if;
  if old.finality = 'finalized' and new.finality <> 'finalized' then
    raise exception 'a finalized fact stays finalized';
  end if;
  return new;
end $$;
create trigger fact_append_only before update or delete on fact
  for each row execute function fact_is_append_only();

-- ── Debts ────────────────────────────────────────────────────────────────────────────────────────────────────────

-- A close that has been reckoned under a subscription, once. What it left over in dust is kept beside it.
create table accrual (
  subscriber_id text not null,
  subscription_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  net_pnl bigint not null,
  share_bps integer not null check (share_bps between 0 and 10000),
  amount bigint not null check (amount >= 0),
  carry_before bigint not null check (carry_before between 0 and 9999),
  carry_after bigint not null check (carry_after between 0 and 9999),
  accrued_at timestamptz not null default now(),
  primary key (subscriber_id, subscription_id, signature, slot, ordinal),
  foreign key (subscriber_id, subscription_id) references subscription,
  foreign key (subscriber_id, signature, slot, ordinal, account) references fact,
  check (net_pnl > 0 or (amount = 0 and carry_after = carry_before)),
  check (net_pnl <= 0 or amount::numeric * 10000 + carry_after = net_pnl::numeric * share_bps + carry_before)
);

create table profit_share (
  share_id text primary key,
  subscriber_id text not null,
  subscription_id text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  creator_wallet text not null,
  amount bigint not null check (amount > 0),
  paid bigint not null default 0 check (paid between 0 and amount),
  status text not null default 'pending' check (status in ('pending', 'processing', 'paid', 'failed', 'voided')),
  reason jsonb,
  attempts integer not null default 0 check (attempts >= 0),
  retry_at timestamptz,
  accrued_at timestamptz not null default now(),
  unique (subscriber_id, subscription_id, signature, slot, ordinal),
  unique (subscriber_id, share_id),
  foreign key (subscriber_id, subscription_id, signature, slot, ordinal) references accrual,
  check ((status = 'paid') = (paid = amount))
);
create index profit_share_due on profit_share (subscriber_id, retry_at) where status = 'pending';

create view pending_profit_shares as
  select * from profit_share where status in ('pending', 'processing', 'failed');

-- ── Payments ─────────────────────────────────────────────────────────────────────────────────────────────────────

create table payment (
  payment_id text primary key,
  subscriber_id text not null references subscriber,
  subscription_id text not null,
  creator_wallet text not null,
  drift_user text not null,
  sub_account_id integer not null,
  amount bigint not null check (amount > 0),
  withdraw bigint not null check (withdraw between 0 and amount),
  settle_markets jsonb not null check (jsonb_typeof(settle_markets) = 'array'),
  fee_payer text not null check (fee_payer in ('agent', 'sponsor')),
  create_agent_account boolean not null,
  state text not null default 'planned' check (state in ('planned', 'signed', 'sent', 'landed', 'failed', 'dead')),
  signature text unique,
  bytes bytea,
  last_valid_block_height bigint,
  blockhash_slot bigint,
  planned_at timestamptz not null default now(),
  sent_at timestamptz,
  -- The finalized slot it was executed in, with or without an error.
  executed_slot bigint,
  trouble jsonb,
  evidence jsonb,
  ended_at timestamptz,
  unique (subscriber_id, payment_id),
  foreign key (subscriber_id, subscription_id) references subscription,
  -- Law 3: the bytes, their signature and their expiry are committed before anything may be sent.
  check (state in ('planned', 'failed') or (signature is not null and bytes is not null and last_valid_block_height is not null and blockhash_slot is not null)),
  check ((signature is null) = (bytes is null)),
  check (state not in ('sent', 'landed', 'dead') or sent_at is not null),
  -- Only what never left, or what was seen executed, may be called failed: the debts become free again.
  check ((state = 'landed' or (state = 'failed' and signature is not null)) = (executed_slot is not null)),
  check (state <> 'dead' or evidence is not null)
);
-- Law 1: a subscriber has at most one payment that may still land.
create unique index payment_one_live on payment (subscriber_id) where state in ('planned', 'signed', 'sent');

create table payment_share (
  subscriber_id text not null,
  payment_id text not null,
  share_id text not null,
  amount bigint not null check (amount > 0),
  primary key (subscriber_id, payment_id, share_id),
  foreign key (subscriber_id, payment_id) references payment (subscriber_id, payment_id),
  foreign key (subscriber_id, share_id) references profit_share (subscriber_id, share_id)
);

create function payment_moves_forward() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'payments are never deleted';
  end if;
  if old.bytes is not null and (new.bytes, new.signature, new.last_valid_block_height)
     is distinct from (old.bytes, old.signature, old.last_valid_block_height) then
    raise exception 'signed bytes are never replaced';
  end if;
  if new.amount <> old.amount then
    raise exception 'a payment''s amount is never changed';
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('planned', 'signed'), ('planned', 'failed'), ('signed', 'sent'),
    ('sent', 'landed'), ('sent', 'failed'), ('sent', 'dead')) then
    raise exception 'a payment cannot go from % to %', old.state, new.state;
  end if;
  return new;
end $$;
create trigger payment_forward before update or delete on payment
  for each row execute function payment_moves_forward();

-- ── Standing ─────────────────────────────────────────────────────────────────────────────────────────────────────

create table standing (
  subscriber_id text primary key references subscriber,
  standing text not null check (standing in ('good', 'delinquent')),
  outstanding bigint not null check (outstanding >= 0),
  reason text check ((standing = 'delinquent') = (reason is not null)),
  evidence jsonb check ((standing = 'delinquent') = (evidence is not null)),
  revision bigint not null
);

-- One row; taking it gives the next revision, without gaps, in the order of commits.
create table revision (
  single boolean primary key default true check (single),
  last bigint not null
);
insert into revision (last) values (0);

create table standing_change (
  revision bigint primary key,
  subscriber_id text not null references subscriber,
  standing text not null,
  outstanding bigint not null,
  reason text,
  evidence jsonb,
  changed_at timestamptz not null default now()
);
