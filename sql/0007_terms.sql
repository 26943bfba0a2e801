-- Terms that hold for what was opened under them: a share of a close follows the agreement under which the closed part was
-- opened; losses may be carried forward; small shares may wait for each other; and a subscription can end.

alter table fact drop constraint fact_kind_check;
alter table fact add constraint fact_kind_check
  check (kind in ('open', 'close', 'outflow', 'tally', 'unknown', 'reckoning', 'notice'));
create index fact_moving on fact (account, slot) where kind in ('open', 'close', 'unknown', 'reckoning');

alter table subscription_terms add column basis text not null default 'per_close' check (basis in ('per_close', 'high_water_mark'));
-- Below this sum, in base units, shares wait for each other.
alter table subscription_terms add column minimum_payment bigint not null default 0 check (minimum_payment >= 0);
-- From this slot on, what is opened owes nothing.
alter table subscription_terms add column ended boolean not null default false;

-- What the account held when the first terms began: opened before anything was agreed.
alter table subscription add column held jsonb not null default '[]';
alter table subscription add column held_slot bigint not null default 0;

-- What a subscription has running with a creator: dust in ten-thousandths of a base unit, and losses carried forward.
create table tab (
  subscriber_id text not null,
  subscription_id text not null,
  creator_wallet text not null,
  carry bigint not null check (carry between 0 and 9999),
  deficit bigint not null check (deficit >= 0),
  primary key (subscriber_id, subscription_id, creator_wallet),
  foreign key (subscriber_id, subscription_id) references subscription
);
insert into tab (subscriber_id, subscription_id, creator_wallet, carry, deficit)
select s.subscriber_id, s.subscription_id, t.creator_wallet, s.carry, 0
from subscription s join lateral (
  select creator_wallet from subscription_terms u where u.subscription_id = s.subscription_id order by from_slot desc limit 1) t on true
where s.carry > 0;
alter table subscription drop column carry;

-- A close is reckoned in parts, one for each agreement that its parts were opened under; -1 is none.
alter table accrual add column terms_slot bigint;
update accrual a set terms_slot = coalesce((select max(from_slot) from subscription_terms t
  where t.subscription_id = a.subscription_id and t.from_slot <= a.slot), -1);
alter table accrual alter column terms_slot set not null;
alter table accrual add column basis text not null default 'per_close' check (basis in ('per_close', 'high_water_mark'));
-- Base of the part that was closed, in 1e9, and where it was opened; null where only account state tells.
alter table accrual add column base bigint;
alter table accrual add column opened_slot bigint;
-- What the share is of: the profit, less losses carried forward.
alter table accrual add column charged bigint;
update accrual set charged = greatest(net_pnl, 0);
alter table accrual alter column charged set not null;
alter table accrual add column deficit_before bigint not null default 0 check (deficit_before >= 0);
alter table accrual add column deficit_after bigint not null default 0 check (deficit_after >= 0);

alter table profit_share add column terms_slot bigint;
update profit_share s set terms_slot = a.terms_slot from accrual a
where a.subscriber_id = s.subscriber_id and a.subscription_id = s.subscription_id and a.signature = s.signature
  and a.slot = s.slot and a.ordinal = s.ordinal;
alter table profit_share alter column terms_slot set not null;
-- Somebody asked for it to be paid now, however small it is.
alter table profit_share add column hastened boolean not null default false;

alter table profit_share drop constraint profit_share_subscriber_id_subscription_id_signature_slot__fkey;
alter table profit_share drop constraint profit_share_subscriber_id_subscription_id_signature_slot_o_key;
alter table accrual drop constraint accrual_pkey;
alter table accrual drop constraint accrual_check;
alter table accrual drop constraint accrual_check1;
alter table accrual add primary key (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot);
alter table profit_share add unique (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot);
alter table profit_share add constraint profit_share_accrual foreign key (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
  references accrual;
alter table accrual add constraint accrual_share check (amount::numeric * 10000 + carry_after = charged::numeric * share_bps + carry_before);
alter table accrual add constraint accrual_charged check (case basis
  when 'per_close' then charged = greatest(net_pnl, 0) and deficit_after = deficit_before
  else charged = greatest(net_pnl - deficit_before, 0) and deficit_after = greatest(deficit_before - net_pnl, 0) end);
