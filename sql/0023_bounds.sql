-- Which daemon has begun to read a stored body and has not ended: a body at which daemons ended is set aside.
create table delivery_reading (
  delivery_id bigint not null constraint delivery_reading_delivery_fkey references delivery on delete cascade,
  -- One run of one daemon.
  reader text not null constraint delivery_reading_reader_length check (length(reader) between 1 and 100),
  begun_at timestamptz not null default clock_timestamp(),
  constraint delivery_reading_pkey primary key (delivery_id, reader)
);

-- Our webhooks at Helius, by their ids: known again when somebody changes their URL, or when our own URL changes.
create table helius_webhook (
  webhook_id text not null constraint helius_webhook_pkey primary key
    constraint helius_webhook_id_length check (length(webhook_id) between 1 and 200),
  noted_at timestamptz not null default now()
);
