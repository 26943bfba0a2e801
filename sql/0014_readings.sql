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

-- Which watched accounts a transaction that is not final here is said to touch. Rows go when it is final, dropped or given up.
create table sighting_account (
  account text not null,
  signature text not null constraint sighting_account_signature_fkey references sighting on delete cascade,
  subscriber_id text not null,
  constraint sighting_account_pkey primary key (account, signature)
);
create index sighting_account_by_signature on sighting_account (signature);

-- Who named it: 0 the history of an account that was seen changed in that very slot, 1 the history of an account, 2 a rumour.
alter table sighting add column rank smallint not null default 2;
alter table sighting add constraint sighting_rank_known check (rank between 0 and 2);
update sighting set rank = 1 where source <> 'webhook';
-- The slot that an account's history gave it, and whether that history was finalized: then it is never given up.
alter table sighting add column named_slot bigint;
alter table sighting add column named_final boolean not null default false;
-- Since when it is wanted, this time.
alter table sighting add column wanted_at timestamptz;
update sighting set wanted_at = first_seen_at;
alter table sighting alter column wanted_at set default now();
alter table sighting alter column wanted_at set not null;
-- Since when nodes that were asked have answered that they do not have it.
alter table sighting add column absent_at timestamptz;
-- False for those of earlier releases, which name no accounts: they may touch any.
alter table sighting add column accounts_known boolean not null default false;
create index sighting_turn on sighting (rank, due_at, signature) where status in ('wanted', 'confirmed');
create index sighting_without_accounts on sighting (first_seen_at) where status in ('wanted', 'confirmed') and not accounts_known;

-- What cannot be read or written for now: it is tried again, later each time, and its neighbours go on.
create table set_aside (
  kind text not null constraint set_aside_kind_known check (kind in ('transaction', 'history', 'state', 'delivery')),
  -- A signature, an account, or the id of a delivery.
  subject text not null,
  reason text not null,
  attempts integer not null constraint set_aside_attempts_least check (attempts >= 1),
  since timestamptz not null,
  retry_at timestamptz not null,
  constraint set_aside_pkey primary key (kind, subject)
);

-- The watch-list moves with each account that joins or leaves, one commit after the other, so that "up to revision n" is exact.
create table watch_list (
  single boolean constraint watch_list_pkey primary key default true constraint watch_list_one_row check (single),
  revision bigint not null
);
insert into watch_list (revision) values (0);
alter table account add column listed_revision bigint not null default 0;
alter table subscriber add column left_revision bigint not null default 0;
create index account_by_listed on account (listed_revision);
create index subscriber_by_left on subscriber (left_revision) where left_revision > 0;
-- With which revision a transaction was last read; null where an earlier release read it.
alter table sighting add column settled_revision bigint;
update sighting set settled_revision = 0 where settled_at is not null;
-- A place in a block that only a webhook body told is not believed any more.
update sighting set block_index = null where source = 'webhook' and status in ('wanted', 'confirmed');

create function watch_list_moves() returns trigger language plpgsql as $$
begin
  update watch_list set revision = revision + 1;
  return null;
end $$;
create function account_is_listed() returns trigger language plpgsql as $$
begin
  new.listed_revision := (select revision from watch_list);
  return new;
end $$;
create trigger account_moves_list before insert or update of watched_at on account for each statement execute function watch_list_moves();
create trigger account_listed before insert or update of watched_at on account for each row execute function account_is_listed();
create function subscriber_leaves() returns trigger language plpgsql as $$
begin
  update watch_list set revision = revision + 1 returning revision into new.left_revision;
  return new;
end $$;
create trigger subscriber_left before update on subscriber for each row when (new.retired_at is not null and old.retired_at is null)
  execute function subscriber_leaves();
