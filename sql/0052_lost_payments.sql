-- Lost payments: after a loss of the ledger, a payment on chain beyond the known debts may have paid a debt under terms that
-- were lost as well. The ledger keeps from which slot on it is whole, and of each such payment whether it is older.
alter table ledger_mark add column slot bigint;
comment on column ledger_mark.slot is 'The finalized slot from which on daemons trust this identity; payments up to there may be missing. Null where the ledger was empty then.';
-- Until now nothing told when. Everything up to the newest fact counts as before.
update ledger_mark set slot = (select max(slot) from fact);
alter table payment add column maybe_lost boolean not null default false;
alter table payment drop constraint payment_excess_check;
alter table payment add constraint payment_excess_check check (excess >= 0 and excess <= amount
  and (excess = 0 and not maybe_lost or restored and state = 'landed'));
comment on column payment.maybe_lost is 'Found on chain in a slot in which the ledger may have lost payments, debts and terms.';
-- One constraint in place of two keeps the table on one screen.
alter table payment drop constraint payment_cancel_for_asked, drop constraint payment_cancel_under_nonce;
alter table payment add constraint payment_cancel_whole check (
  (cancel_asked or cancel_for = '[]') and (not cancel_asked or nonce_account is not null));
update payment set maybe_lost = true where excess > 0 and accepted is null;
