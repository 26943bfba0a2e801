-- Imports: subscriptions and debts that are brought from another system.
--
-- `open_at_start` says what the positions owe that were open when a subscription began: `free`
-- nothing, `charged` from their opening, `from_slot` what was opened from the first terms on, by
-- the account's history. Closes before `books_from` were settled by the other system.
alter table subscription
  add column open_at_start text not null default 'free',
  add column books_from bigint not null default 0,
  add constraint subscription_open_at_start_check check (open_at_start in ('free', 'charged', 'from_slot')),
  add constraint subscription_books_from_check check (books_from >= 0);

-- A debt that was brought has no close: `brought` holds its id in the other system, its origin, and
-- profit and share where they are known. Its slot is the one from which it is owed here.
alter table profit_share
  alter column signature drop not null,
  add column brought jsonb,
  add constraint profit_share_close_or_brought check ((signature is null) = (brought is not null)),
  add constraint profit_share_brought_has_id check (brought is null or brought ->> 'id' is not null);
create unique index profit_share_brought_once on profit_share (subscription_id, (brought ->> 'id')) where brought is not null;
create index profit_share_brought on profit_share (subscriber_id) where brought is not null;

create or replace function profit_share_moves_forward() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'debts are never deleted';
  end if;
  if (new.share_id, new.subscriber_id, new.subscription_id, new.signature, new.slot, new.ordinal, new.terms_slot,
      new.creator_wallet, new.amount, new.accrued_at, new.brought)
     is distinct from
     (old.share_id, old.subscriber_id, old.subscription_id, old.signature, old.slot, old.ordinal, old.terms_slot,
      old.creator_wallet, old.amount, old.accrued_at, old.brought) then
    raise exception 'amount, creator and origin of a debt are never changed';
  end if;
  if new.paid < old.paid or new.overpaid < old.overpaid then
    raise exception 'what was paid of a debt is never taken back';
  end if;
  if new.observed and not old.observed then
    raise exception 'a debt that is payable is never called observed again';
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
    ('pending', 'processing'), ('pending', 'failed'), ('pending', 'paid'), ('pending', 'voided'),
    ('processing', 'pending'), ('processing', 'failed'), ('processing', 'paid'),
    ('failed', 'pending'), ('failed', 'paid'), ('failed', 'voided'),
    ('voided', 'paid')) then
    raise exception 'a debt cannot go from % to %', old.status, new.status;
  end if;
  return new;
end $$ language plpgsql;

-- A transfer before `books_from` belongs to the other system's books, and discharges nothing here.
create or replace function transfer_waits_for_matching() returns trigger as $$
begin
  insert into uncredited (subscriber_id, account, signature, slot, ordinal, creator_wallet)
  select distinct on (new.subscriber_id) new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, t.creator_wallet
  from subscription_terms t join subscription s using (subscriber_id, subscription_id)
  where t.subscriber_id = new.subscriber_id and t.creator_wallet in (new.body ->> 'owner', new.body ->> 'destination')
    and new.slot >= s.books_from
    and new.body ->> 'paymentId' is null
    and not exists (select 1 from payment p where p.signature = new.signature)
  on conflict do nothing;
  return null;
end $$ language plpgsql;
