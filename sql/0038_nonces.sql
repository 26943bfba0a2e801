-- Durable nonces: a payment may be signed under the value of a nonce account in place of a blockhash. All transactions under
-- one value exclude each other on chain, so such a payment may have several variants.

create table nonce (
  subscriber_id text not null,
  account text not null,
  authority text not null,
  rent bigint not null,
  asked_at timestamptz not null default now(),
  value text,
  slot bigint,
  closed_at timestamptz,
  constraint nonce_pkey primary key (subscriber_id),
  constraint nonce_subscriber_fkey foreign key (subscriber_id) references subscriber (subscriber_id),
  constraint nonce_rent_check check (rent >= 0),
  constraint nonce_value_with_slot check ((value is null) = (slot is null)),
  constraint nonce_closed_without_value check (closed_at is null or value is null)
);
comment on table nonce is 'The nonce account of a subscriber. Its rent is the sponsor''s, and returns when the account is closed.';
comment on column nonce.asked_at is 'When the creation of the account was sent last.';
comment on column nonce.value is 'The value up to which every move of the nonce is explained; null before the first.';
comment on column nonce.slot is 'A slot in which the account held that value.';
create index nonce_by_payer on nonce (authority, asked_at);

create function nonce_moves_forward() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'nonces are never deleted';
  end if;
  if old.closed_at is null and (new.account, new.authority) <> (old.account, old.authority) then
    raise exception 'the nonce of a subscriber is another one only after it was closed';
  end if;
  if new.closed_at is null and old.closed_at is null and old.value is not null
     and (new.value is null or new.slot < old.slot) then
    raise exception 'the value of a nonce never goes back';
  end if;
  return new;
end $$ language plpgsql;
create trigger nonce_forward before delete or update on nonce for each row execute function nonce_moves_forward();

alter table payment add column nonce_account text;
alter table payment add column nonce_value text;
alter table payment add column nonce_slot bigint;
alter table payment add column cancel_asked boolean not null default false;
alter table payment add constraint payment_nonce_whole
  check ((nonce_account is null) = (nonce_value is null) and (nonce_account is null) = (nonce_slot is null));
alter table payment add constraint payment_cancel_under_nonce check (not cancel_asked or nonce_account is not null);
comment on column payment.nonce_value is 'The value of the nonce under which every variant is signed; null for a payment under a blockhash.';
comment on column payment.cancel_asked is 'The nonce is to be moved, so that the payment can never be executed.';
create index payment_by_nonce on payment (nonce_account, nonce_value) where nonce_account is not null;

create table payment_variant (
  subscriber_id text not null,
  payment_id text not null,
  number int not null,
  purpose text not null,
  signature text not null,
  bytes bytea not null,
  micro_lamports bigint not null,
  signed_at timestamptz not null,
  constraint payment_variant_pkey primary key (subscriber_id, payment_id, number),
  constraint payment_variant_signature_key unique (signature),
  constraint payment_variant_payment_fkey foreign key (subscriber_id, payment_id) references payment (subscriber_id, payment_id),
  constraint payment_variant_number_check check (number >= 1),
  constraint payment_variant_price_check check (micro_lamports >= 0),
  constraint payment_variant_purpose_check check (purpose in ('payment', 'cancel'))
);
comment on table payment_variant is 'A transaction that was signed for a payment under a nonce, the first one included. At most one of a payment is executed.';
create unique index payment_variant_one_cancel on payment_variant (subscriber_id, payment_id) where purpose = 'cancel';

create function payment_variant_is_kept() returns trigger as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'a variant of a payment is never changed or deleted';
  end if;
  if not exists (select 1 from payment p where p.payment_id = new.payment_id and p.nonce_value is not null) then
    raise exception 'only a payment under a nonce has variants';
  end if;
  return new;
end $$ language plpgsql;
create trigger payment_variant_kept before insert or update or delete on payment_variant
  for each row execute function payment_variant_is_kept();

-- The signatures of payments: each transaction that may have paid.
create view payment_signature as
  select subscriber_id, payment_id, signature from payment where signature is not null
  union
  select subscriber_id, payment_id, signature from payment_variant where purpose = 'payment';

create or replace function payment_moves_forward() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'payments are never deleted';
  end if;
  -- A payment that was executed under a nonce takes over the bytes of the variant that was.
  if old.bytes is not null and (new.bytes, new.signature, new.last_valid_block_height)
     is distinct from (old.bytes, old.signature, old.last_valid_block_height)
     and not (new.state in ('landed', 'failed') and new.state <> old.state and exists (
       select 1 from payment_variant v where (v.subscriber_id, v.payment_id) = (new.subscriber_id, new.payment_id) and v.purpose = 'payment'
         and (v.signature, v.bytes) = (new.signature, new.bytes))) then
    raise exception 'signed bytes are never replaced';
  end if;
  if new.amount <> old.amount then
    raise exception 'a payment''s amount is never changed';
  end if;
  if (new.nonce_account, new.nonce_value, new.nonce_slot) is distinct from (old.nonce_account, old.nonce_value, old.nonce_slot) then
    raise exception 'what guards a payment is never changed';
  end if;
  if old.cancel_asked and not new.cancel_asked then
    raise exception 'a payment that is to be cancelled is never taken up again';
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

create or replace function transfer_waits_for_matching() returns trigger as $$
begin
  insert into uncredited (subscriber_id, account, signature, slot, ordinal, creator_wallet)
  select distinct on (new.subscriber_id) new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, t.creator_wallet
  from subscription_terms t join subscription s using (subscriber_id, subscription_id)
  where t.subscriber_id = new.subscriber_id and t.creator_wallet in (new.body ->> 'owner', new.body ->> 'destination')
    and new.slot >= s.books_from
    and new.body ->> 'paymentId' is null
    and not exists (select 1 from payment p where p.signature = new.signature)
    and not exists (select 1 from payment_variant v where v.signature = new.signature)
  on conflict do nothing;
  return null;
end $$ language plpgsql;
