-- Whom a payment pays, and how much: one row for each recipient. A payment of an earlier release paid its creator alone.
create table payment_recipient (
  subscriber_id text not null,
  payment_id text not null,
  creator_wallet text not null,
  nth integer not null,
  amount bigint not null,
  create_account boolean not null,
  rent bigint,
  constraint payment_recipient_pkey primary key (subscriber_id, payment_id, creator_wallet),
  constraint payment_recipient_payment_fkey foreign key (subscriber_id, payment_id) references payment (subscriber_id, payment_id),
  constraint payment_recipient_nth_check check (nth >= 0),
  constraint payment_recipient_amount_check check (amount > 0),
  constraint payment_recipient_rent_check check (rent >= 0)
);
comment on table payment_recipient is 'Whom a payment pays, and how much. create_account: its token account was absent when the payment was planned. rent: the lamports with which the payment opened that account, read from the chain; null until then.';

insert into payment_recipient (subscriber_id, payment_id, creator_wallet, nth, amount, create_account, rent)
select p.subscriber_id, p.payment_id, p.creator_wallet, 0, p.amount, p.create_creator_account,
  case when c.payment_id is null then null when c.creator_opened then c.rent else 0 end
from payment p left join payment_cost c using (subscriber_id, payment_id) where p.purpose = 'share';

create index payment_recipient_by_creator on payment_recipient (creator_wallet, payment_id);
create index payment_recipient_opening on payment_recipient (creator_wallet) where create_account or rent > 0;
drop index payment_by_creator;
drop index payment_by_creator_and_time;
drop index payment_cost_by_creator;
alter table payment drop column create_creator_account;
alter table payment_cost drop column creator_wallet, drop column creator_opened;

-- A recipient and its amount are never changed; what its account cost is noted once.
create function payment_recipient_is_kept() returns trigger as $$
begin
  if tg_op = 'DELETE' or old.rent is not null
     or (new.subscriber_id, new.payment_id, new.creator_wallet, new.nth, new.amount, new.create_account)
        is distinct from (old.subscriber_id, old.payment_id, old.creator_wallet, old.nth, old.amount, old.create_account) then
    raise exception 'a recipient of a payment is never changed or deleted';
  end if;
  return new;
end $$ language plpgsql;
create trigger payment_recipient_kept before delete or update on payment_recipient for each row execute function payment_recipient_is_kept();

-- The recipients of a payment get its amount, to the unit; the first one is its creator.
create function payment_recipients_add_up() returns trigger as $$
begin
  if not exists (
    select 1 from payment p where p.subscriber_id = new.subscriber_id and p.payment_id = new.payment_id and (p.purpose <> 'share'
      or (p.amount, p.creator_wallet) = (select sum(r.amount), min(r.creator_wallet) filter (where r.nth = 0)
        from payment_recipient r where r.subscriber_id = p.subscriber_id and r.payment_id = p.payment_id))) then
    raise exception 'the recipients of payment % do not add up to its amount', new.payment_id
      using errcode = 'check_violation', constraint = 'payment_recipients_add_up';
  end if;
  return null;
end $$ language plpgsql;
create constraint trigger payment_recipients_add_up after insert on payment
  deferrable initially deferred for each row when (new.purpose = 'share') execute function payment_recipients_add_up();
create constraint trigger payment_recipient_added after insert on payment_recipient
  deferrable initially deferred for each row execute function payment_recipients_add_up();

-- A payment covers debts in its own token only, to its own recipients only, and no more of them than the recipient gets.
create or replace function payment_covers_its_token() returns trigger as $$
declare
  wallet text;
  gets bigint;
begin
  select s.creator_wallet into wallet from payment p
    join profit_share s on s.subscriber_id = p.subscriber_id and s.share_id = new.share_id
    where p.subscriber_id = new.subscriber_id and p.payment_id = new.payment_id and p.mint = s.mint;
  if wallet is null then
    raise exception 'payment % is not in the token of the debt %', new.payment_id, new.share_id
      using errcode = 'check_violation', constraint = 'payment_share_one_token';
  end if;
  select r.amount into gets from payment_recipient r
    where r.subscriber_id = new.subscriber_id and r.payment_id = new.payment_id and r.creator_wallet = wallet;
  if gets is null or gets < new.amount + (
    select coalesce(sum(o.amount), 0) from payment_share o join profit_share s using (subscriber_id, share_id)
    where o.subscriber_id = new.subscriber_id and o.payment_id = new.payment_id and o.share_id <> new.share_id
      and s.creator_wallet = wallet) then
    raise exception 'payment % does not pay the recipient of the debt % that much', new.payment_id, new.share_id
      using errcode = 'check_violation', constraint = 'payment_share_of_recipient';
  end if;
  return new;
end $$ language plpgsql;
drop trigger payment_share_one_token on payment_share;
create trigger payment_share_one_token before insert or update on payment_share for each row execute function payment_covers_its_token();
