-- Daily roots: one hash of a day over the accruals, landed payments and standings that the ledger recorded on it. A root is never
-- changed, and each names the one before, so that a later change of an old day shows.
create table daily_root (
  day date not null,
  leaves integer not null,
  root bytea not null,
  previous bytea,
  commitment bytea not null,
  secret bytea not null,
  hashes bytea not null,
  made_at timestamptz not null default now(),
  constraint daily_root_pkey primary key (day),
  constraint daily_root_commitment_key unique (commitment),
  constraint daily_root_of_hashes check (octet_length(hashes) = 32 * leaves),
  constraint daily_root_lengths check (octet_length(root) = 32 and octet_length(commitment) = 32 and octet_length(secret) = 32
    and (previous is null or octet_length(previous) = 32))
);
comment on table daily_root is 'The Merkle root of one day (UTC) over accruals, landed payments and standings. Kept for good.';
comment on column daily_root.secret is 'from it and a leaf''s text the salt of the leaf is made; a receipt shows the salts of its own leaves alone';
comment on column daily_root.hashes is 'the hashes of the leaves in ascending order, 32 bytes each';
create trigger daily_root_kept before delete or update on daily_root for each row execute function row_is_kept();
create index accrual_by_time on accrual (accrued_at);
create index payment_by_landing on payment (ended_at) where state = 'landed';
create index standing_change_by_time on standing_change (changed_at);
