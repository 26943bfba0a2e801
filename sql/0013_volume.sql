-- Books of millions of closes: whatever is asked all the time must not read all of them.

-- Final closes and reckonings that are not booked yet. Whoever makes a fact final puts it here, booking takes it out.
create table unbooked (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  primary key (account, slot, signature, ordinal, subscriber_id),
  foreign key (subscriber_id, signature, slot, ordinal, account) references fact on delete cascade
);
create function fact_waits_for_booking() returns trigger language plpgsql as $$
begin
  insert into unbooked (subscriber_id, account, signature, slot, ordinal)
  values (new.subscriber_id, new.account, new.signature, new.slot, new.ordinal) on conflict do nothing;
  return null;
end $$;
create trigger fact_final_on_insert after insert on fact
  for each row when (new.finality = 'finalized' and new.kind in ('close', 'reckoning'))
  execute function fact_waits_for_booking();
create trigger fact_final_on_update after update on fact
  for each row when (new.finality = 'finalized' and old.finality <> 'finalized' and new.kind in ('close', 'reckoning'))
  execute function fact_waits_for_booking();
insert into unbooked (subscriber_id, account, signature, slot, ordinal)
select subscriber_id, account, signature, slot, ordinal from fact f
where finality = 'finalized' and kind in ('close', 'reckoning')
  and not exists (select 1 from accrual a where a.subscriber_id = f.subscriber_id and a.signature = f.signature
    and a.slot = f.slot and a.ordinal = f.ordinal and a.account = f.account);

-- Keys begin with the subscriber; these are asked for without one.
create index subscription_terms_by_subscription on subscription_terms (subscription_id, from_slot);
create index tab_by_subscription on tab (subscription_id);
create index payment_share_by_share on payment_share (subscriber_id, share_id);

-- Lists, newest first.
create index profit_share_by_slot on profit_share (slot, share_id);
create index profit_share_by_creator on profit_share (creator_wallet, slot, share_id);
create index payment_by_time on payment (planned_at, payment_id);
create index payment_by_creator_and_time on payment (creator_wallet, planned_at, payment_id);

-- Sums: what is paid or has landed is counted and nothing else.
create index profit_share_unpaid on profit_share (status) include (amount, paid) where status <> 'paid';
create index payment_not_landed on payment (state) where state <> 'landed';

-- What other sources than webhooks have heard last.
create index sighting_heard_elsewhere on sighting (first_seen_at) where status in ('confirmed', 'finalized') and source <> 'webhook';
