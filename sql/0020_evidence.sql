-- Evidence names its source: which chain these books belong to.

-- One row: the genesis hash of the chain that the daemon met at its first start. No other chain may move anything here.
create table chain_identity (
  single boolean constraint chain_identity_single primary key default true
    constraint chain_identity_one_row check (single),
  genesis_hash text not null
    constraint chain_identity_genesis_is_base58 check (genesis_hash ~ '^[1-9A-HJ-NP-Za-km-z]{32,44}$'),
  network text not null
    constraint chain_identity_network_known check (network in ('mainnet', 'devnet', 'local')),
  noted_at timestamptz not null default now()
);
create function chain_identity_is_kept() returns trigger language plpgsql as $$
begin
  raise exception 'the chain of a ledger is never changed';
end $$;
create trigger chain_identity_kept before update or delete on chain_identity
  for each row execute function chain_identity_is_kept();

-- What landed payments covered beyond the amount. Nothing is hidden: the payment is on chain, so it is on record.
alter table profit_share add column overpaid bigint not null default 0
  constraint profit_share_overpaid_counts check (overpaid >= 0);
alter table profit_share add constraint profit_share_overpaid_is_paid check (overpaid = 0 or status = 'paid');

-- One row: where this database stood when daemons last trusted it. A copy that was restored, a replica that was promoted, or a
-- server that was started anew shows another mark.
create table ledger_mark (
  single boolean constraint ledger_mark_single primary key default true constraint ledger_mark_one_row check (single),
  mark text not null,
  noted_at timestamptz not null default now()
);

-- A payment that the chain shows may be landed from any state but its own end: the chain is the proof, and the row says so.
create or replace function payment_moves_forward() returns trigger language plpgsql as $$
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
    ('sent', 'landed'), ('sent', 'failed'), ('sent', 'dead'))
     and not (new.restored and new.state = 'landed') then
    raise exception 'a payment cannot go from % to %', old.state, new.state;
  end if;
  return new;
end $$;
