-- The parts of a share that go to other recipients than the creator. They are added with their terms, never changed.
create table terms_split (
  subscriber_id text not null,
  subscription_id text not null,
  from_slot bigint not null,
  nth integer not null,
  creator_wallet text not null,
  share_bps integer not null,
  minimum_payment bigint not null,
  off_curve boolean not null,
  label text,
  constraint terms_split_pkey primary key (subscriber_id, subscription_id, from_slot, nth),
  constraint terms_split_once unique (subscription_id, from_slot, creator_wallet),
  constraint terms_split_terms foreign key (subscriber_id, subscription_id, from_slot) references subscription_terms,
  constraint terms_split_nth check (nth between 1 and 8),
  constraint terms_split_share_bps check (share_bps between 1 and 10000),
  constraint terms_split_minimum_payment check (minimum_payment >= 0),
  constraint terms_split_label check (char_length(label) between 1 and 40)
);
comment on table terms_split is 'The parts of a share that go to other recipients than the creator. Added with their terms, never changed.';
create index terms_split_by_wallet on terms_split (creator_wallet);
create trigger terms_split_kept before delete or update on terms_split for each row execute function row_is_kept();
create trigger terms_split_no_agent before insert on terms_split for each row execute function require_no_agent();

-- Every recipient of terms; the creator is recipient 0 and gets what the splits leave.
create view terms_recipient as
select t.subscriber_id, t.subscription_id, t.from_slot, 0 as nth, t.creator_wallet,
  t.share_bps - coalesce((select sum(x.share_bps) from terms_split x where x.subscriber_id = t.subscriber_id
    and x.subscription_id = t.subscription_id and x.from_slot = t.from_slot), 0)::int as share_bps, t.minimum_payment
from subscription_terms t
union all
select subscriber_id, subscription_id, from_slot, nth, creator_wallet, share_bps, minimum_payment from terms_split;

create function splits_fit() returns trigger as $$
begin
  if exists (select 1 from terms_recipient r where r.subscriber_id = new.subscriber_id and r.subscription_id = new.subscription_id
      and r.from_slot = new.from_slot and (r.share_bps < 0 or (r.nth = 0 and r.creator_wallet = new.creator_wallet))) then
    raise exception 'the splits of the terms of % do not fit its share', new.subscription_id
      using errcode = 'check_violation', constraint = 'terms_split_fits';
  end if;
  return null;
end $$ language plpgsql;
create trigger terms_split_fits after insert on terms_split for each row execute function splits_fit();

create or replace function require_no_creator() returns trigger as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('bailiff.role ' || new.address, 0));
  if not exists (select 1 from account where address = new.address)
     and exists (select 1 from terms_recipient where creator_wallet = new.address) then
    raise exception '% is the creator of a subscription', new.address
      using errcode = 'unique_violation', constraint = 'account_no_creator';
  end if;
  return new;
end $$ language plpgsql;
create or replace function transfer_waits_for_matching() returns trigger as $$
begin
  insert into uncredited (subscriber_id, account, signature, slot, ordinal, creator_wallet)
  select distinct on (new.subscriber_id) new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, t.creator_wallet
  from terms_recipient t join subscription s using (subscriber_id, subscription_id)
  where t.subscriber_id = new.subscriber_id and t.creator_wallet in (new.body ->> 'owner', new.body ->> 'destination')
    and new.slot >= s.books_from
    and new.body ->> 'paymentId' is null
    and not exists (select 1 from payment p where p.signature = new.signature)
    and not exists (select 1 from payment_variant v where v.signature = new.signature)
  on conflict do nothing;
  return null;
end $$ language plpgsql;

-- How many units of a turn are dealt among the recipients (core/split.ts).
alter table tab add column dealt bigint not null default 0;
alter table tab add constraint tab_dealt check (dealt between 0 and 9999);
alter table accrual add column dealt_before bigint not null default 0;
alter table accrual add column dealt_after bigint not null default 0;
alter table accrual add constraint accrual_dealt check (dealt_before between 0 and 9999 and dealt_after between 0 and 9999);

-- Each recipient of a part of a close has a debt of its own. Together they are what the part owes.
alter table profit_share add column recipient integer not null default 0;
alter table profit_share add constraint profit_share_recipient check (recipient between 0 and 8);
alter table profit_share drop constraint profit_share_once_an_accrual;
alter table profit_share add constraint profit_share_once_an_accrual
  unique (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot, recipient);
create function shares_add_up() returns trigger as $$
begin
  if new.terms_slot >= 0 and new.amount <> (select coalesce(sum(s.amount), 0) from profit_share s
      where s.subscriber_id = new.subscriber_id and s.subscription_id = new.subscription_id and s.signature = new.signature
        and s.slot = new.slot and s.ordinal = new.ordinal and s.terms_slot = new.terms_slot) then
    raise exception 'the shares of % in slot % do not add up to %', new.signature, new.slot, new.amount
      using errcode = 'check_violation', constraint = 'accrual_shares_add_up';
  end if;
  return null;
end $$ language plpgsql;
create constraint trigger accrual_shares_add_up after insert on accrual deferrable initially deferred
  for each row execute function shares_add_up();
create or replace function profit_share_moves_forward() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'debts are never deleted';
  end if;
  if (new.share_id, new.subscriber_id, new.subscription_id, new.signature, new.slot, new.ordinal, new.terms_slot,
      new.creator_wallet, new.amount, new.accrued_at, new.brought, new.recipient)
     is distinct from
     (old.share_id, old.subscriber_id, old.subscription_id, old.signature, old.slot, old.ordinal, old.terms_slot,
      old.creator_wallet, old.amount, old.accrued_at, old.brought, old.recipient) then
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
