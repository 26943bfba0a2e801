-- The shares of a part of a close are found by the key of their subscription and transaction. With the slot and the
-- place in the condition, Postgres took the index on slots: in a burst that compared each new part with all debts of
-- its slot, thousands of them.
create or replace function shares_add_up() returns trigger as $$
begin
  if new.terms_slot >= 0 and new.amount <> (
      select coalesce(sum(s.amount) filter (where (s.slot, s.ordinal, s.terms_slot) = (new.slot, new.ordinal, new.terms_slot)), 0)
      from profit_share s
      where s.subscriber_id = new.subscriber_id and s.subscription_id = new.subscription_id and s.signature = new.signature) then
    raise exception 'the shares of % in slot % do not add up to %', new.signature, new.slot, new.amount
      using errcode = 'check_violation', constraint = 'accrual_shares_add_up';
  end if;
  return null;
end $$ language plpgsql;
