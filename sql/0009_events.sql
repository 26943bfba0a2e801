-- Events out: what happened, written in the same transaction as what they tell, and handed to every endpoint that asked for them.

create table endpoint (
  endpoint_id text primary key,
  url text not null,
  -- Signing secrets, sealed, in hex; the newest first. More than one while a secret is rotated.
  secrets jsonb not null check (jsonb_typeof(secrets) = 'array' and jsonb_array_length(secrets) between 1 and 5),
  -- Which events; null is all.
  kinds jsonb check (jsonb_typeof(kinds) = 'array'),
  created_at timestamptz not null default now(),
  -- Since when nothing has been taken.
  failing_since timestamptz,
  disabled_at timestamptz,
  disabled_why text check ((disabled_at is null) = (disabled_why is null))
);

create table event (
  event_id text primary key default 'evt_' || replace(gen_random_uuid()::text, '-', ''),
  sequence bigint generated always as identity unique,
  kind text not null,
  subscriber_id text,
  at timestamptz not null default now(),
  body jsonb not null
);
create index event_by_time on event (at);

create table event_delivery (
  endpoint_id text not null references endpoint on delete cascade,
  event_id text not null references event,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  -- What came of the last attempt.
  outcome text,
  ended_at timestamptz check ((state = 'pending') = (ended_at is null)),
  primary key (endpoint_id, event_id)
);
create index event_delivery_due on event_delivery (due_at) where state = 'pending';

create function event_fan_out() returns trigger language plpgsql as $$
begin
  -- An endpoint that is being removed is waited for, and then is none: what happened must not fail for it.
  insert into event_delivery (endpoint_id, event_id)
  select endpoint_id, new.event_id from endpoint where kinds is null or kinds ? new.kind for key share;
  perform pg_notify('bailiff_event', '');
  return null;
end $$;
create trigger event_to_endpoints after insert on event for each row execute function event_fan_out();
