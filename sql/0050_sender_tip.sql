-- Sender tip: the lamports that the fee payer of a payment gives a sender endpoint inside the transaction. They are recorded
-- before anything is signed, and each variant of the payment holds the same.
alter table payment add column tip bigint;
alter table payment add column tip_account text;
alter table payment add constraint payment_tip_whole
  check ((tip is null) = (tip_account is null) and (tip is null or tip > 0 and purpose = 'share'));
-- One check holds what two held, so that the table is read on one screen.
alter table payment drop constraint payment_reimburse_check;
alter table payment drop constraint payment_withdraw_check;
alter table payment add constraint payment_withdraw_check
  check (reimburse >= 0 and withdraw >= 0 and withdraw <= amount + reimburse);
comment on column payment.tip is 'Lamports for the sender endpoint, to tip_account; null where the payment goes to the nodes alone.';

create function payment_tip_is_kept() returns trigger language plpgsql as $$
begin
  raise exception 'the tip of a payment is never changed';
end $$;
create trigger payment_tip_kept before update on payment for each row
  when ((old.tip, old.tip_account) is distinct from (new.tip, new.tip_account)) execute function payment_tip_is_kept();

alter table payment_cost add column tip bigint not null default 0;
alter table payment_cost add constraint payment_cost_tip_check check (tip >= 0);
comment on column payment_cost.tip is 'The tip of a payment that landed; 0 where none was given.';
