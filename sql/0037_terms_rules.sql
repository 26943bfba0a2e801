-- What terms say about the amount of a share beside its basis points: the profit it is taken of, a hurdle, caps and a free period.
alter table subscription_terms add column profit text not null default 'net';
alter table subscription_terms add column hurdle bigint not null default 0;
alter table subscription_terms add column cap_per_close bigint;
alter table subscription_terms add column cap_per_period bigint;
alter table subscription_terms add column period_slots bigint;
alter table subscription_terms add column free_before_slot bigint not null default 0;
alter table subscription_terms add constraint subscription_terms_profit check (profit in ('net', 'gross'));
alter table subscription_terms add constraint subscription_terms_hurdle check (hurdle >= 0);
alter table subscription_terms add constraint subscription_terms_cap_per_close check (cap_per_close >= 0);
alter table subscription_terms add constraint subscription_terms_cap_per_period check (cap_per_period >= 0);
alter table subscription_terms add constraint subscription_terms_period_slots check (period_slots > 0);
alter table subscription_terms add constraint subscription_terms_free_before check (free_before_slot >= 0);

-- What terms with a hurdle or a cap have counted in the period that began in slot counted_since.
alter table tab add column counted_since bigint not null default 0;
alter table tab add column hurdled bigint not null default 0;
alter table tab add column owed bigint not null default 0;
alter table tab add constraint tab_counted check (counted_since >= 0 and hurdled >= 0 and owed >= 0);

-- The figures of a part. fees: those that net_pnl is net of, 0 in rows of earlier releases. hurdled: the profit that the hurdle took.
-- allowed: the most that the terms let the part owe; null without a cap.
alter table accrual add column profit text not null default 'net';
alter table accrual add column fees bigint not null default 0;
alter table accrual add column hurdled bigint not null default 0;
alter table accrual add column allowed bigint;
alter table accrual add column since_before bigint not null default 0;
alter table accrual add column since_after bigint not null default 0;
alter table accrual add column hurdled_before bigint not null default 0;
alter table accrual add column hurdled_after bigint not null default 0;
alter table accrual add column owed_before bigint not null default 0;
alter table accrual add column owed_after bigint not null default 0;
alter table accrual add constraint accrual_profit check (profit in ('net', 'gross'));
alter table accrual add constraint accrual_allowed check (allowed >= 0 and amount <= allowed);
alter table accrual add constraint accrual_counted check (hurdled >= 0 and since_before >= 0 and since_after >= since_before
  and hurdled_before >= 0 and hurdled_after >= 0 and owed_before >= 0 and owed_after >= 0);
-- Every part of the profit above zero, or above the losses carried forward, is charged or taken by the hurdle.
alter table accrual drop constraint accrual_charged;
alter table accrual add constraint accrual_charged check (charged >= 0 and case
  when profit = 'net' and basis = 'per_close' then charged + hurdled = greatest(net_pnl, 0::bigint) and deficit_after = deficit_before
  when profit = 'net' and basis = 'high_water_mark' then charged + hurdled = greatest(net_pnl - deficit_before, 0::bigint)
    and deficit_after = greatest(deficit_before - net_pnl, 0::bigint)
  when profit = 'gross' and basis = 'per_close' then charged + hurdled = greatest(net_pnl + fees, 0::bigint) and deficit_after = deficit_before
  when profit = 'gross' and basis = 'high_water_mark' then charged + hurdled = greatest(net_pnl + fees - deficit_before, 0::bigint)
    and deficit_after = greatest(deficit_before - net_pnl - fees, 0::bigint)
  else false end);
-- What a cap cuts off is not carried to the next close.
alter table accrual drop constraint accrual_share;
alter table accrual add constraint accrual_share check (amount::numeric * 10000 + carry_after
  = least(charged::numeric * share_bps, allowed::numeric * 10000) + carry_before);
