-- Excess: a payment that the chain shows and that debts explain in part. Its explained part is booked at once;
-- the rest waits for debts that are heard later, or for a person.

alter table payment add column excess bigint not null default 0;
alter table payment add column accepted jsonb;
alter table payment add constraint payment_excess_check
  check (excess between 0 and amount and (excess = 0 or restored and state = 'landed'));
alter table payment add constraint payment_accepted_check
  check (accepted is null or excess > 0 and accepted ->> 'reason' is not null and accepted ->> 'actor' is not null and accepted ->> 'at' is not null);
comment on column payment.excess is 'The part of a restored payment that no debt explains. Base units.';
comment on column payment.accepted is 'Who accepted the excess, when and why; null while payments of the subscriber wait for an explanation.';
create index payment_unexplained on payment (subscriber_id) where excess > 0 and accepted is null;

create or replace function payment_moves_forward() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'payments are never deleted';
  end if;
  if old.bytes is not null and (new.bytes, new.signature, new.last_valid_block_height)
     is distinct from (old.bytes, old.signature, old.last_valid_block_height) then
    raise exception 'signed bytes are never replaced';
  end if;
  if new.amount <> old.amount then
    raise exception 'a payment''s amount is never changed';
  end if;
  if new.excess > old.excess then
    raise exception 'what debts explain of a payment is never taken back';
  end if;
  if old.accepted is not null and (new.accepted, new.excess) is distinct from (old.accepted, old.excess) then
    raise exception 'an accepted excess is never changed';
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('planned', 'signed'), ('planned', 'failed'), ('signed', 'sent'),
    ('sent', 'landed'), ('sent', 'failed'), ('sent', 'dead'))
     and not (new.restored and new.state = 'landed') then
    raise exception 'a payment cannot go from % to %', old.state, new.state;
  end if;
  return new;
end $$ language plpgsql;

-- The part of a payment for one debt may grow while the payment has an excess.
create function payment_share_grows() returns trigger as $$
begin
  if tg_op = 'DELETE' or (new.subscriber_id, new.payment_id, new.share_id) <> (old.subscriber_id, old.payment_id, old.share_id)
     or new.amount < old.amount then
    raise exception 'what a payment covers is never taken back';
  end if;
  return new;
end $$ language plpgsql;
drop trigger payment_share_kept on payment_share;
create trigger payment_share_kept before delete or update on payment_share for each row execute function payment_share_grows();
