-- Readings: what a transaction did is what one reading of it says, never a mixture of two.

-- What an earlier reading had said at a place where a later one says otherwise. Kept for people; nothing is computed from it.
create table fact_replaced (
  replaced_id bigint generated always as identity constraint fact_replaced_pkey primary key,
  subscriber_id text not null constraint fact_replaced_subscriber_fkey references subscriber,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  kind text not null,
  finality text not null,
  body jsonb not null,
  recorded_at timestamptz not null,
  replaced_at timestamptz not null default now()
);
create index fact_replaced_by_signature on fact_replaced (signature);

-- A fact that is not final takes the kind and body of a later reading; a final one keeps its own for good.
create or replace function fact_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'facts are never deleted';
  end if;
  if (new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, new.recorded_at)
     is distinct from
     (old.subscriber_id, old.account, old.signature, old.slot, old.ordinal, old.recorded_at) then
    raise exception 'facts are never edited';
  end if;
  if old.finality = 'finalized' and new.finality <> 'finalized' then
    raise exception 'a finalized fact stays finalized';
  end if;
  if (new.kind, new.body) is distinct from (old.kind, old.body) then
    if old.finality = 'finalized' then
      raise exception 'finalized facts are never edited';
    end if;
    insert into fact_replaced (subscriber_id, account, signature, slot, ordinal, kind, finality, body, recorded_at)
    values (old.subscriber_id, old.account, old.signature, old.slot, old.ordinal, old.kind, old.finality, old.body, old.recorded_at);
  end if;
  return new;
end $$;

-- A fill opens and closes once for each account and side, wherever a decoder places it in its transaction. Facts of earlier
-- releases that tell a fill a second time stay, because debts may rest on them; they are marked.
alter table fact add column repeats boolean not null default false;
update fact f set repeats = true
where f.kind in ('open', 'close') and f.finality = 'finalized' and f.body->>'fillRecordId' <> '0' and exists (
  select 1 from fact e
  where e.kind = f.kind and e.finality = 'finalized' and e.account = f.account and e.body->>'market' = f.body->>'market'
    and e.body->>'fillRecordId' = f.body->>'fillRecordId' and e.body->>'side' is not distinct from f.body->>'side'
    and (e.recorded_at, e.signature, e.slot, e.ordinal) < (f.recorded_at, f.signature, f.slot, f.ordinal));
create unique index fact_fill_once on fact (account, kind, (body->>'market'), (body->>'fillRecordId'), coalesce(body->>'side', ''))
  where kind in ('open', 'close') and finality = 'finalized' and body->>'fillRecordId' <> '0' and not repeats;

-- When a finalized reading of the transaction was first recorded: from then on no confirmed one is taken.
alter table sighting add column finalized_at timestamptz;
update sighting set finalized_at = coalesce(settled_at, first_seen_at) where status = 'finalized';
