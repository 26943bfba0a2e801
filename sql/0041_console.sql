-- Sessions of the console, so that every daemon over this ledger knows them; and statement links that were taken back.
create table console_session (
  session_hash bytea not null,
  sealed bytea not null,
  begun_at timestamptz not null,
  used_at timestamptz not null,
  constraint console_session_pkey primary key (session_hash),
  constraint console_session_hash_length check (octet_length(session_hash) = 32),
  constraint console_session_used_after_begun check (used_at >= begun_at)
);
comment on table console_session is 'A session of the console: the hash of its cookie, and the API key that it stands for, sealed and bound to that hash.';
create index console_session_by_use on console_session (used_at);
create table statement_revocation (
  of_kind text not null,
  id text not null,
  revoked_before timestamptz not null,
  constraint statement_revocation_pkey primary key (of_kind, id),
  constraint statement_revocation_kind check (of_kind in ('subscriber', 'creator'))
);
comment on table statement_revocation is 'Statement links of one subscriber or creator that were made before this time open nothing.';
