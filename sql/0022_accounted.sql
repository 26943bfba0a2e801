-- Accounted: whom a creator may be, also when both registrations come at once; transactions that no node gives; and token accounts
-- that are not followed.

-- An address is an agent wallet or a creator, never both: a share would be paid back to a subscriber. Each of the two registrations
-- holds the lock of the address until it commits, so the second one sees the first.
create function require_no_creator() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('bailiff.role ' || new.address, 0));
  if not exists (select 1 from account where address = new.address)
     and exists (select 1 from subscription_terms where creator_wallet = new.address) then
    raise exception '% is the creator of a subscription', new.address
      using errcode = 'unique_violation', constraint = 'account_no_creator';
  end if;
  return new;
end $$;
create trigger account_no_creator before insert on account
  for each row when (new.role = 'agent_wallet') execute function require_no_creator();

create function require_no_agent() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('bailiff.role ' || new.creator_wallet, 0));
  if exists (select 1 from account where address = new.creator_wallet) then
    raise exception '% is an account of a subscriber', new.creator_wallet
      using errcode = 'unique_violation', constraint = 'subscription_terms_no_agent';
  end if;
  return new;
end $$;
-- An end must not fail: it keeps the creator of the terms before it.
create trigger subscription_terms_no_agent before insert on subscription_terms
  for each row when (not new.ended) execute function require_no_agent();

-- A transaction that no node gives raises a doubt of each account that it touches, until the account's state or balances show that
-- nothing is missing, or a person accepts it. It is asked for all the same.
alter table sighting_account add column ended_at timestamptz;
alter table sighting_account add column ended_by text;
alter table sighting_account add constraint sighting_account_ended_by_known check (ended_by in ('state', 'balances', 'person'));
alter table sighting_account add constraint sighting_account_ended check ((ended_at is null) = (ended_by is null));

-- Token accounts of a subscriber beyond those that are followed: what leaves them by a delegate's signature is not heard.
create table unfollowed (
  address text constraint unfollowed_pkey primary key,
  subscriber_id text not null constraint unfollowed_subscriber_fkey references subscriber,
  -- Its history would be read from this slot on.
  from_slot bigint not null,
  since timestamptz not null default now()
);
create index unfollowed_by_subscriber on unfollowed (subscriber_id);
