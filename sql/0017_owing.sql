-- Owing: terms that change field by field, one mark for each creator whatever wallet it is paid to, and profit net of opening fees.

-- Where the present creator of a subscription began. Terms that were added before this named wallets only: a new wallet is taken for the
-- same creator's, so that no loss which was to be made good is forgotten.
alter table subscription_terms add column mark_slot bigint;
update subscription_terms t set mark_slot = (select min(from_slot) from subscription_terms u where u.subscription_id = t.subscription_id);
alter table subscription_terms alter column mark_slot set not null;
alter table subscription_terms add constraint subscription_terms_mark check (mark_slot between 0 and from_slot);

-- A tab belongs to a subscription and a creator, not to a wallet. Of several wallets the losses are added up, and the dust of one is kept.
alter table tab add column mark_slot bigint;
update tab set mark_slot = (select min(mark_slot) from subscription_terms t where t.subscription_id = tab.subscription_id);
create temporary table tab_merged on commit drop as
  select subscriber_id, subscription_id, mark_slot, max(carry) as carry, sum(deficit)::bigint as deficit from tab group by 1, 2, 3;
delete from tab;
alter table tab drop constraint tab_pkey;
alter table tab drop column creator_wallet;
alter table tab alter column mark_slot set not null;
alter table tab add constraint tab_pkey primary key (subscriber_id, subscription_id, mark_slot);
insert into tab (subscriber_id, subscription_id, mark_slot, carry, deficit)
  select subscriber_id, subscription_id, mark_slot, carry, deficit from tab_merged;

-- Fees of opening what was closed; net_pnl is less them.
alter table accrual add column opening_fee bigint not null default 0;
-- What opening this part cost, or brought when short; null where the venue's own entry for the whole close is the part's.
alter table accrual add column entry bigint;
-- In which market, and whether the close's own record has shown that nothing was left in it: later closes need no history from before.
alter table accrual add column market integer;
alter table accrual add column flat boolean not null default false;
alter table accrual add constraint accrual_flat_market check (not flat or market is not null);
create index accrual_flat on accrual (account, market, slot) where flat;

-- A basis that the rule does not name is refused.
alter table accrual drop constraint accrual_charged;
alter table accrual add constraint accrual_charged check (case basis
  when 'per_close' then charged = greatest(net_pnl, 0) and deficit_after = deficit_before
  when 'high_water_mark' then charged = greatest(net_pnl - deficit_before, 0) and deficit_after = greatest(deficit_before - net_pnl, 0)
  else false end);

-- Booked by a daemon that only observes: shown and counted, and never paid until a person adopts it.
alter table profit_share add column observed boolean not null default false;
alter table profit_share add constraint profit_share_observed_unclaimed check (not observed or status <> 'processing');
create index profit_share_observed on profit_share (slot) where observed;

-- A transfer to a creator that Bailiff did not make. It counts towards what is owed to that creator, once.
create table credit (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  creator_wallet text not null,
  amount bigint not null constraint credit_amount check (amount > 0),
  credited bigint not null default 0,
  matched_at timestamptz not null default now(),
  constraint credit_pkey primary key (subscriber_id, signature, slot, ordinal, account),
  constraint credit_fact_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references fact,
  constraint credit_credited check (credited between 0 and amount)
);
create index credit_left on credit (subscriber_id, creator_wallet) where credited < amount;
create table credit_share (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  share_id text not null,
  amount bigint not null constraint credit_share_amount check (amount > 0),
  constraint credit_share_pkey primary key (subscriber_id, signature, slot, ordinal, account, share_id),
  constraint credit_share_credit_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references credit,
  constraint credit_share_share_fkey foreign key (subscriber_id, share_id) references profit_share (subscriber_id, share_id)
);
create index credit_share_by_share on credit_share (subscriber_id, share_id);

-- Final transfers to a creator that are not matched yet. Whoever makes the fact final puts it here, matching takes it out.
create table uncredited (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  creator_wallet text not null,
  constraint uncredited_pkey primary key (subscriber_id, signature, slot, ordinal, account),
  constraint uncredited_fact_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references fact on delete cascade
);
create function transfer_waits_for_matching() returns trigger language plpgsql as $$
begin
  insert into uncredited (subscriber_id, account, signature, slot, ordinal, creator_wallet)
  select distinct on (new.subscriber_id) new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, t.creator_wallet
  from subscription_terms t
  where t.subscriber_id = new.subscriber_id and t.creator_wallet in (new.body ->> 'owner', new.body ->> 'destination')
    and new.body ->> 'paymentId' is null
    and not exists (select 1 from payment p where p.signature = new.signature)
  on conflict do nothing;
  return null;
end $$;
create trigger transfer_final_on_insert after insert on fact
  for each row when (new.finality = 'finalized' and new.kind = 'outflow' and new.body ->> 'internal' = 'false')
  execute function transfer_waits_for_matching();
create trigger transfer_final_on_update after update on fact
  for each row when (new.finality = 'finalized' and old.finality <> 'finalized' and new.kind = 'outflow' and new.body ->> 'internal' = 'false')
  execute function transfer_waits_for_matching();
create index fact_leaving on fact (subscriber_id) where kind = 'outflow' and finality = 'confirmed';
