-- Whom a creator may be, also when both registrations come at once; whose transactions were given up; and why a close owes nothing.

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
