-- Debts: the database itself refuses what core/share.ts never decides, so that no fault above it, and no person at a
-- prompt, can change what a debt is, take back what was paid, or lose it.

create function profit_share_moves_forward() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'debts are never deleted';
  end if;
  if (new.share_id, new.subscriber_id, new.subscription_id, new.signature, new.slot, new.ordinal, new.terms_slot,
      new.creator_wallet, new.amount, new.accrued_at)
     is distinct from
     (old.share_id, old.subscriber_id, old.subscription_id, old.signature, old.slot, old.ordinal, old.terms_slot,
      old.creator_wallet, old.amount, old.accrued_at) then
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
end $$;
create trigger profit_share_forward before update or delete on profit_share
  for each row execute function profit_share_moves_forward();

-- Rows that are added and never changed: the terms of a subscription, what a close was reckoned to, and which debts a
-- payment or a transfer covers.
create function row_is_kept() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed or deleted', tg_table_name;
end $$;
create trigger subscription_terms_kept before update or delete on subscription_terms
  for each row execute function row_is_kept();
create trigger accrual_kept before update or delete on accrual
  for each row execute function row_is_kept();
create trigger payment_share_kept before update or delete on payment_share
  for each row execute function row_is_kept();
create trigger credit_share_kept before update or delete on credit_share
  for each row execute function row_is_kept();

-- Of a transfer only what it counts for grows.
create function credit_grows() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'transfers that count are never deleted';
  end if;
  if (new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, new.creator_wallet, new.amount, new.matched_at)
     is distinct from
     (old.subscriber_id, old.account, old.signature, old.slot, old.ordinal, old.creator_wallet, old.amount, old.matched_at)
     or new.credited < old.credited then
    raise exception 'a transfer that counts is never changed, and never counts for less';
  end if;
  return new;
end $$;
create trigger credit_forward before update or delete on credit
  for each row execute function credit_grows();
