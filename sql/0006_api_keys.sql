-- API keys: kept as hashes alone, each with what it may do; several live at once, revoked for good.
create table api_key (
  key_id text primary key check (key_id ~ '^[a-z0-9]{8,32}$'),
  name text not null check (length(name) between 1 and 64),
  hash bytea not null unique check (length(hash) = 32),
  scopes jsonb not null check (jsonb_typeof(scopes) = 'array' and jsonb_array_length(scopes) > 0),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
