-- Work that waits is found without reading all accounts and all open debts.

-- A fact that changes a counter waits here until a check of its account has passed its slot; an account without any
-- check waits with slot -1.
create table unchecked (
  account text not null,
  slot bigint not null,
  primary key (account, slot)
);
comment on table unchecked is 'A slot with a final fact that no check of the account has passed yet, or, with slot -1, an account that was never checked. Triggers add the row; a check of the account at that slot or a later one removes it.';

-- The facts that an inserting or updating statement made final. Rows are added in the order of the key, so that two
-- daemons cannot deadlock.
create function facts_wait_for_check() returns trigger language plpgsql as $$
begin
  insert into unchecked (account, slot)
  select distinct f.account, f.slot from fresh f
  where f.finality = 'finalized' and f.kind in ('tally', 'unknown', 'reckoning')
    and not exists (select 1 from account_check c where c.address = f.account and (c.baseline ->> 'slot')::bigint >= f.slot)
  order by 1, 2
  on conflict do nothing;
  return null;
end $$;
create trigger fact_unchecked_on_insert after insert on fact referencing new table as fresh
  for each statement execute function facts_wait_for_check();
create trigger fact_unchecked_on_update after update on fact referencing new table as fresh
  for each statement execute function facts_wait_for_check();

create function account_waits_for_check() returns trigger language plpgsql as $$
begin
  insert into unchecked (account, slot) values (new.address, -1) on conflict do nothing;
  return null;
end $$;
create trigger account_unchecked after insert on account
  for each row when (new.role <> 'agent_wallet') execute function account_waits_for_check();

create function check_passes() returns trigger language plpgsql as $$
begin
  delete from unchecked where account = new.address and slot <= (new.baseline ->> 'slot')::bigint;
  return null;
end $$;
create trigger account_check_began after insert on account_check for each row execute function check_passes();
create trigger account_check_moved after update on account_check
  for each row when ((old.baseline ->> 'slot') is distinct from (new.baseline ->> 'slot')) execute function check_passes();

-- The accounts of a subscriber who has left are not checked; those of one who comes back are.
create function checks_of_subscriber() returns trigger language plpgsql as $$
begin
  if new.retired_at is not null then
    delete from unchecked u using account a where a.subscriber_id = new.subscriber_id and u.account = a.address;
  else
    insert into unchecked (account, slot)
    select a.address, -1 from account a
    where a.subscriber_id = new.subscriber_id and a.role <> 'agent_wallet'
      and not exists (select 1 from account_check c where c.address = a.address)
    union
    select f.account, f.slot
    from account a join fact f on f.account = a.address left join account_check c on c.address = a.address
    where a.subscriber_id = new.subscriber_id and f.finality = 'finalized' and f.kind in ('tally', 'unknown', 'reckoning')
      and f.slot > coalesce((c.baseline ->> 'slot')::bigint, -1)
    order by 1, 2
    on conflict do nothing;
  end if;
  return null;
end $$;
create trigger subscriber_checked after update on subscriber
  for each row when ((old.retired_at is null) <> (new.retired_at is null)) execute function checks_of_subscriber();

insert into unchecked (account, slot)
select a.address, -1 from account a join subscriber s using (subscriber_id)
where s.retired_at is null and a.role <> 'agent_wallet' and not exists (select 1 from account_check c where c.address = a.address)
union
select f.account, f.slot
from fact f join account a on a.address = f.account join subscriber s on s.subscriber_id = a.subscriber_id
  left join account_check c on c.address = a.address
where s.retired_at is null and f.finality = 'finalized' and f.kind in ('tally', 'unknown', 'reckoning')
  and f.slot > coalesce((c.baseline ->> 'slot')::bigint, -1);

-- The checks that have a state to compare, a difference to explain, or a state that is older than the account was seen.
create index account_check_due on account_check (address)
  where candidate is not null or difference is not null or seen_slot > (baseline ->> 'slot')::bigint;

-- Debts lapse by the terms that let them: without such terms no debt is read, with them those older than the shortest time.
create index subscription_terms_expiring on subscription_terms (expires_after_ms) where expires_after_ms is not null;

-- The open debts to a creator. Only a statement that says `creator_wallet > ''` can use this index, so that none which
-- asks for the debts of a subscriber takes it while it is small.
create index profit_share_owed_to on profit_share (creator_wallet, mint, status) include (amount, paid)
  where status in ('pending', 'processing', 'failed') and creator_wallet > '';
