-- Ends that a person asks for: a payment under a nonce is cancelled, and its debts are then voided or left to a person. Nonce
-- accounts that are being closed.

alter table payment add column cancel_for jsonb not null default '[]';
alter table payment add constraint payment_cancel_for_asked check (cancel_asked or cancel_for = '[]');
comment on column payment.cancel_for is 'Who asked for the cancellation, and why; with a share where that debt is to be voided.';

alter table nonce add column closing_at timestamptz;
alter table nonce add constraint nonce_closing_open check (closing_at is null or closed_at is null);
comment on column nonce.closing_at is 'When the closing of the account was sent last; null while none was. Nothing is signed under the nonce since.';
create index nonce_open on nonce (subscriber_id) where closed_at is null;
