-- The schema after all migrations, for reading. `npm run schema` writes this file from a migrated
-- database, and test/ledger/schema.test.ts holds the two together. Daemons apply the numbered
-- migrations beside it, never this file.

-- A watched account. The cursor is the last finalized slot that a backfill has scanned whole. `walked_at` is when the last walk to the end of its history began that read its pulse, the bytes by which a change is noticed, in the finalized slot `walked_slot`.
create table account (
  address text not null,
  subscriber_id text not null,
  role text not null,
  sub_account_id integer,
  cursor_slot bigint not null,
  watched_at timestamptz not null default now(),
  cursor_at timestamptz not null default now(),
  listed_revision bigint not null default 0,
  venue text,
  walked_at timestamptz,
  walked_slot bigint,
  walked_pulse bytea,
  constraint account_pkey primary key (address),
  constraint account_subscriber_id_address_key unique (subscriber_id, address),
  constraint account_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint account_venue_fkey foreign key (venue) references venue(name),
  constraint account_cursor_slot_check check (cursor_slot >= 0),
  constraint account_role_check check (role in ('drift_user', 'agent_wallet', 'agent_token_account')),
  constraint account_sub_account_of_drift_user check ((role = 'drift_user') = (sub_account_id is not null)),
  constraint account_venue_of_drift_user check (venue is null or role = 'drift_user'),
  constraint account_walked_before_cursor check (walked_slot <= cursor_slot),
  constraint account_walked_whole check ((walked_at is null) = (walked_slot is null) and (walked_at is null) = (walked_pulse is null))
);
create index account_by_listed on account (listed_revision);
create trigger account_listed before insert or update of watched_at on account for each row execute function account_is_listed();
create trigger account_moves_list before insert or update of watched_at on account for each statement execute function watch_list_moves();
create trigger account_no_creator before insert on account for each row when (new.role = 'agent_wallet') execute function require_no_creator();
create trigger account_unchecked after insert on account for each row when (new.role <> 'agent_wallet') execute function account_waits_for_check();

-- An account's state at finalized slots, held against the facts: every change before `baseline` is accounted for; `candidate` is later and waits until everything up to its slot is heard.
create table account_check (
  address text not null,
  subscriber_id text not null,
  baseline jsonb not null,
  candidate jsonb,
  difference jsonb,
  unexplained_since timestamptz,
  checked_at timestamptz,
  seen_slot bigint,
  constraint account_check_pkey primary key (address),
  constraint account_check_address_fkey foreign key (address) references account(address),
  constraint account_check_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint account_check_seen_slot_check check (seen_slot >= 0),
  constraint account_check_unexplained_whole check ((difference is null) = (unexplained_since is null))
);
create index account_check_absent on account_check (address) where (((coalesce(candidate, baseline) -> 'hints') ->> 'exists') = 'false');
create index account_check_due on account_check (address) where ((candidate is not null) or (difference is not null) or (seen_slot > ((baseline ->> 'slot'))::bigint));
create index account_check_open on account_check (unexplained_since) where (unexplained_since is not null);
create trigger account_check_began after insert on account_check for each row execute function check_passes();
create trigger account_check_moved after update on account_check for each row when ((old.baseline ->> 'slot') is distinct from (new.baseline ->> 'slot')) execute function check_passes();

-- A part of a close that was reckoned under one set of terms, once, with the dust and the losses before and after it.
create table accrual (
  subscriber_id text not null,
  subscription_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  net_pnl bigint not null,
  share_bps integer not null,
  amount bigint not null,
  carry_before bigint not null,
  carry_after bigint not null,
  accrued_at timestamptz not null default now(),
  terms_slot bigint not null,
  basis text not null default 'per_close',
  base bigint,
  opened_slot bigint,
  charged bigint not null,
  deficit_before bigint not null default 0,
  deficit_after bigint not null default 0,
  opening_fee bigint not null default 0,
  entry bigint,
  market integer,
  flat boolean not null default false,
  profit text not null default 'net',
  fees bigint not null default 0,
  hurdled bigint not null default 0,
  allowed bigint,
  since_before bigint not null default 0,
  since_after bigint not null default 0,
  hurdled_before bigint not null default 0,
  hurdled_after bigint not null default 0,
  owed_before bigint not null default 0,
  owed_after bigint not null default 0,
  dealt_before bigint not null default 0,
  dealt_after bigint not null default 0,
  constraint accrual_pkey primary key (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot),
  constraint accrual_subscriber_id_signature_slot_ordinal_account_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references fact(subscriber_id, signature, slot, ordinal, account),
  constraint accrual_subscriber_id_subscription_id_fkey foreign key (subscriber_id, subscription_id) references subscription(subscriber_id, subscription_id),
  constraint accrual_allowed check (allowed >= 0 and amount <= allowed),
  constraint accrual_amount_check check (amount >= 0),
  constraint accrual_basis_check check (basis in ('per_close', 'high_water_mark')),
  constraint accrual_carry_after_check check (carry_after >= 0 and carry_after <= 9999),
  constraint accrual_carry_before_check check (carry_before >= 0 and carry_before <= 9999),
  constraint accrual_charged check (charged >= 0 and case when profit = 'net' and basis = 'per_close' then (charged + hurdled) = greatest(net_pnl, 0::bigint) and deficit_after = deficit_before when profit = 'net' and basis = 'high_water_mark' then (charged + hurdled) = greatest(net_pnl - deficit_before, 0::bigint) and deficit_after = greatest(deficit_before - net_pnl, 0::bigint) when profit = 'gross' and basis = 'per_close' then (charged + hurdled) = greatest(net_pnl + fees, 0::bigint) and deficit_after = deficit_before when profit = 'gross' and basis = 'high_water_mark' then (charged + hurdled) = greatest(net_pnl + fees - deficit_before, 0::bigint) and deficit_after = greatest(deficit_before - net_pnl - fees, 0::bigint) else false end),
  constraint accrual_counted check (hurdled >= 0 and since_before >= 0 and since_after >= since_before and hurdled_before >= 0 and hurdled_after >= 0 and owed_before >= 0 and owed_after >= 0),
  constraint accrual_dealt check (dealt_before >= 0 and dealt_before <= 9999 and dealt_after >= 0 and dealt_after <= 9999),
  constraint accrual_deficit_after_check check (deficit_after >= 0),
  constraint accrual_deficit_before_check check (deficit_before >= 0),
  constraint accrual_flat_market check (not flat or market is not null),
  constraint accrual_profit check (profit in ('net', 'gross')),
  constraint accrual_share check ((amount::numeric * 10000::numeric + carry_after::numeric) = (least(charged::numeric * share_bps::numeric, allowed::numeric * 10000::numeric) + carry_before::numeric)),
  constraint accrual_share_bps_check check (share_bps >= 0 and share_bps <= 10000)
);
create index accrual_by_time on accrual (accrued_at);
create index accrual_flat on accrual (account, market, slot) where flat;
create trigger accrual_kept before delete or update on accrual for each row execute function row_is_kept();
create constraint trigger accrual_shares_add_up after insert on accrual deferrable initially deferred for each row execute function shares_add_up();

-- A request to change something, by HTTP or by command, written down before it is done; with its answer while the same request may be sent again.
create table act (
  act_id bigint not null generated always as identity,
  at timestamptz not null,
  actor text not null,
  what text not null,
  asked jsonb not null,
  status integer,
  ended_at timestamptz,
  idempotency_key text,
  fingerprint bytea,
  answer text,
  person text,
  nonce uuid not null default gen_random_uuid(),
  constraint act_pkey primary key (act_id),
  constraint act_fingerprint_with_key check ((fingerprint is null) = (idempotency_key is null)),
  constraint act_person_length check (char_length(person) >= 1 and char_length(person) <= 100)
);
create index act_by_subscriber on act (((asked #>> '{path,id}')), act_id);
create unique index act_nonce on act (nonce);
create unique index act_once on act (actor, idempotency_key) where (idempotency_key is not null);

-- The key of an agent wallet: its secret, sealed with the master key and bound to this subscriber and public key, or its name at a service that signs with it.
create table agent_key (
  subscriber_id text not null,
  public_key text not null,
  sealed bytea,
  service text,
  service_key text,
  constraint agent_key_pkey primary key (subscriber_id),
  constraint agent_key_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint agent_key_sealed_or_at_service check ((sealed is null) = (service is not null)),
  constraint agent_key_service_known check (service in ('vault', 'aws-kms', 'turnkey', 'fireblocks')),
  constraint agent_key_service_named check ((service is null) = (service_key is null))
);

-- An API key: its hash, and what it may do. A revoked key stays revoked.
create table api_key (
  key_id text not null,
  name text not null,
  hash bytea not null,
  scopes jsonb not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  constraint api_key_pkey primary key (key_id),
  constraint api_key_hash_key unique (hash),
  constraint api_key_hash_check check (length(hash) = 32),
  constraint api_key_key_id_check check (key_id ~ '^[a-z0-9]{8,32}$'),
  constraint api_key_name_check check (length(name) >= 1 and length(name) <= 64),
  constraint api_key_scopes_check check (jsonb_typeof(scopes) = 'array' and jsonb_array_length(scopes) > 0)
);

-- One row: the genesis hash of the chain that the daemon met at its first start.
create table chain_identity (
  single boolean not null default true,
  genesis_hash text not null,
  network text not null,
  noted_at timestamptz not null default now(),
  constraint chain_identity_single primary key (single),
  constraint chain_identity_genesis_is_base58 check (genesis_hash ~ '^[1-9A-HJ-NP-Za-km-z]{32,44}$'),
  constraint chain_identity_network_known check (network in ('mainnet', 'devnet', 'local')),
  constraint chain_identity_one_row check (single)
);
create trigger chain_identity_kept before delete or update on chain_identity for each row execute function chain_identity_is_kept();

-- The permission for a withdrawal that the platform makes itself, given when nothing was owed.
create table clearance (
  clearance_id text not null,
  subscriber_id text not null,
  purpose text not null,
  amount bigint,
  granted_slot bigint not null,
  until_slot bigint not null,
  granted_at timestamptz not null,
  until_at timestamptz not null,
  revoked_at timestamptz,
  mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  constraint clearance_pkey primary key (clearance_id),
  constraint clearance_mint_fkey foreign key (mint) references token(mint),
  constraint clearance_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint clearance_amount_of_withdrawal check ((purpose = 'withdraw') = (amount is not null) and amount > 0),
  constraint clearance_purpose_check check (purpose in ('withdraw', 'close')),
  constraint clearance_slots_in_order check (until_slot > granted_slot),
  constraint clearance_times_in_order check (until_at > granted_at)
);
create index clearance_by_subscriber on clearance (subscriber_id, granted_slot);

-- The quote tokens of each account when it was read for a clearance to withdraw, and the slot of that reading.
create table clearance_reading (
  subscriber_id text not null,
  clearance_id text not null,
  account text not null,
  slot bigint not null,
  amount bigint not null,
  constraint clearance_reading_pkey primary key (subscriber_id, clearance_id, account),
  constraint clearance_reading_clearance_id_fkey foreign key (clearance_id) references clearance(clearance_id)
);

-- A session of the console: the hash of its cookie, and the API key that it stands for, sealed and bound to that hash.
create table console_session (
  session_hash bytea not null,
  sealed bytea not null,
  begun_at timestamptz not null,
  used_at timestamptz not null,
  constraint console_session_pkey primary key (session_hash),
  constraint console_session_hash_length check (octet_length(session_hash) = 32),
  constraint console_session_used_after_begun check (used_at >= begun_at)
);
create index console_session_by_use on console_session (used_at);

-- How many calls of finalized transactions to one program were understood, neutral and unknown.
create table coverage (
  program text not null,
  understood bigint not null,
  neutral bigint not null,
  unknown bigint not null,
  constraint coverage_pkey primary key (program),
  constraint coverage_neutral check (neutral >= 0),
  constraint coverage_understood check (understood >= 0),
  constraint coverage_unknown check (unknown >= 0)
);

-- The evidence that an address off the curve may be paid: it existed, or its program derives it.
create table creator_vault (
  address text not null,
  evidence jsonb not null,
  proven_at timestamptz not null default now(),
  constraint creator_vault_pkey primary key (address),
  constraint creator_vault_evidence_check check ((evidence ->> 'by') in ('existence', 'derivation'))
);

-- A transfer from an agent to a creator that Bailiff did not make. It counts towards what is owed to that creator, once.
create table credit (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  creator_wallet text not null,
  amount bigint not null,
  credited bigint not null default 0,
  matched_at timestamptz not null default now(),
  constraint credit_pkey primary key (subscriber_id, signature, slot, ordinal, account),
  constraint credit_fact_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references fact(subscriber_id, signature, slot, ordinal, account),
  constraint credit_amount check (amount > 0),
  constraint credit_credited check (credited >= 0 and credited <= amount)
);
create index credit_left on credit (subscriber_id, creator_wallet) where (credited < amount);
create trigger credit_forward before delete or update on credit for each row execute function credit_grows();

-- The part of a credit that was counted towards one debt.
create table credit_share (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  share_id text not null,
  amount bigint not null,
  constraint credit_share_pkey primary key (subscriber_id, signature, slot, ordinal, account, share_id),
  constraint credit_share_credit_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references credit(subscriber_id, signature, slot, ordinal, account),
  constraint credit_share_share_fkey foreign key (subscriber_id, share_id) references profit_share(subscriber_id, share_id),
  constraint credit_share_amount check (amount > 0)
);
create index credit_share_by_share on credit_share (subscriber_id, share_id);
create trigger credit_share_kept before delete or update on credit_share for each row execute function row_is_kept();

-- The Merkle root of one day (UTC) over accruals, landed payments and standings. Kept for good.
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
  constraint daily_root_lengths check (octet_length(root) = 32 and octet_length(commitment) = 32 and octet_length(secret) = 32 and (previous is null or octet_length(previous) = 32)),
  constraint daily_root_of_hashes check (octet_length(hashes) = (32 * leaves))
);
create trigger daily_root_kept before delete or update on daily_root for each row execute function row_is_kept();

-- Webhook bodies that one commit stored together, as they were received.
create table delivery (
  delivery_id bigint not null generated always as identity,
  received_at timestamptz not null,
  body bytea not null,
  digested_at timestamptz,
  entries integer,
  refused integer,
  packing text not null default 'none',
  constraint delivery_pkey primary key (delivery_id),
  constraint delivery_packing_check check (packing in ('none', 'zstd'))
);
create index delivery_undigested on delivery (delivery_id) where (digested_at is null);

-- A daemon that began to read a stored delivery and has not ended.
create table delivery_reading (
  delivery_id bigint not null,
  reader text not null,
  begun_at timestamptz not null default clock_timestamp(),
  constraint delivery_reading_pkey primary key (delivery_id, reader),
  constraint delivery_reading_delivery_fkey foreign key (delivery_id) references delivery(delivery_id) on delete cascade,
  constraint delivery_reading_reader_length check (length(reader) >= 1 and length(reader) <= 100)
);

-- A URL of a platform that events are sent to.
create table endpoint (
  endpoint_id text not null,
  url text not null,
  secrets jsonb not null,
  kinds jsonb,
  created_at timestamptz not null default now(),
  failing_since timestamptz,
  disabled_at timestamptz,
  disabled_why text,
  constraint endpoint_pkey primary key (endpoint_id),
  constraint endpoint_disabled_says_why check ((disabled_at is null) = (disabled_why is null)),
  constraint endpoint_kinds_check check (jsonb_typeof(kinds) = 'array'),
  constraint endpoint_secrets_check check (jsonb_typeof(secrets) = 'array' and jsonb_array_length(secrets) >= 1 and jsonb_array_length(secrets) <= 5)
);

-- Something that happened, written in the transaction in which it happened.
create table event (
  event_id text not null default ('evt_' || replace((gen_random_uuid())::text, '-', '')),
  sequence bigint not null generated always as identity,
  kind text not null,
  subscriber_id text,
  at timestamptz not null default now(),
  body jsonb not null,
  place bigint,
  constraint event_pkey primary key (event_id),
  constraint event_place_once unique (place),
  constraint event_sequence_key unique (sequence)
);
create index event_by_time on event (at);
create index event_unplaced on event (sequence) where (place is null);
create trigger event_to_endpoints after insert on event for each row execute function event_fan_out();

-- One event on its way to one endpoint.
create table event_delivery (
  endpoint_id text not null,
  event_id text not null,
  state text not null default 'pending',
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  outcome text,
  ended_at timestamptz,
  constraint event_delivery_pkey primary key (endpoint_id, event_id),
  constraint event_delivery_endpoint_id_fkey foreign key (endpoint_id) references endpoint(endpoint_id) on delete cascade,
  constraint event_delivery_event_id_fkey foreign key (event_id) references event(event_id),
  constraint event_delivery_ended_whole check ((state = 'pending') = (ended_at is null)),
  constraint event_delivery_state_check check (state in ('pending', 'delivered', 'failed'))
);
create index event_delivery_by_event on event_delivery (event_id);
create index event_delivery_due on event_delivery (due_at) where (state = 'pending');

-- One thing that happened on chain to a watched account. A finalized fact is never edited.
create table fact (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  block_index integer,
  kind text not null,
  finality text not null,
  body jsonb not null,
  recorded_at timestamptz not null default now(),
  repeats boolean not null default false,
  block_at timestamptz,
  constraint fact_pkey primary key (subscriber_id, signature, slot, ordinal, account),
  constraint fact_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint fact_finality_check check (finality in ('confirmed', 'finalized', 'withdrawn')),
  constraint fact_kind_check check (kind in ('open', 'close', 'outflow', 'tally', 'unknown', 'reckoning', 'notice')),
  constraint fact_ordinal_check check (ordinal >= 0)
);
create index fact_appointing on fact (subscriber_id) where ((kind = 'notice') and ((body ->> 'what') in ('token_approved', 'token_authority_changed', 'delegate_changed')));
create index fact_by_signature on fact (signature);
create index fact_counted on fact (account, slot) where (kind in ('tally', 'unknown', 'reckoning'));
create index fact_deleted on fact (account, slot) where ((kind = 'notice') and ((body ->> 'what') = 'user_deleted'));
create unique index fact_fill_once on fact (account, kind, ((body ->> 'market')), ((body ->> 'fillRecordId')), coalesce((body ->> 'side'), '')) where ((kind in ('open', 'close')) and (finality = 'finalized') and ((body ->> 'fillRecordId') <> '0') and (not repeats));
create index fact_judged on fact (subscriber_id, kind) where (kind in ('close', 'reckoning', 'outflow'));
create index fact_leaving on fact (subscriber_id) where ((kind = 'outflow') and (finality = 'confirmed'));
create index fact_moving on fact (account, slot) where (kind in ('open', 'close', 'unknown', 'reckoning'));
create index fact_suspicions on fact (subscriber_id) where ((kind = 'notice') and ((body ->> 'what') in ('off_price_fill', 'swap_loss', 'liquidated', 'builder_fee', 'token_authority_changed')));
create index fact_unknown_call on fact (account, slot) where ((kind = 'notice') and ((body ->> 'what') = 'unknown_call'));
create trigger fact_append_only before delete or update on fact for each row execute function fact_is_append_only();
create trigger fact_final_on_insert after insert on fact for each row when (new.finality = 'finalized' and (new.kind in ('close', 'reckoning'))) execute function fact_waits_for_booking();
create trigger fact_final_on_update after update on fact for each row when (new.finality = 'finalized' and old.finality <> 'finalized' and (new.kind in ('close', 'reckoning'))) execute function fact_waits_for_booking();
create trigger fact_unchecked_on_insert after insert on fact referencing new table as fresh for each statement execute function facts_wait_for_check();
create trigger fact_unchecked_on_update after update on fact referencing new table as fresh for each statement execute function facts_wait_for_check();
create trigger transfer_final_on_insert after insert on fact for each row when (new.finality = 'finalized' and new.kind = 'outflow' and (new.body ->> 'internal') = 'false' and (new.body ->> 'paymentId') is null) execute function transfer_waits_for_matching();
create trigger transfer_final_on_update after update on fact for each row when (new.finality = 'finalized' and old.finality <> 'finalized' and new.kind = 'outflow' and (new.body ->> 'internal') = 'false' and (new.body ->> 'paymentId') is null) execute function transfer_waits_for_matching();

-- What an earlier reading said where a later reading of the transaction says otherwise. Kept for people; nothing is computed from it.
create table fact_replaced (
  replaced_id bigint not null generated always as identity,
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  kind text not null,
  finality text not null,
  body jsonb not null,
  recorded_at timestamptz not null,
  replaced_at timestamptz not null default now(),
  constraint fact_replaced_pkey primary key (replaced_id),
  constraint fact_replaced_subscriber_fkey foreign key (subscriber_id) references subscriber(subscriber_id)
);
create index fact_replaced_by_signature on fact_replaced (signature);

-- Where nothing new is signed: everywhere, for a creator, or for a subscriber.
create table halt (
  scope text not null,
  reason text not null,
  since timestamptz not null default now(),
  constraint halt_pkey primary key (scope),
  constraint halt_scope_check check (scope ~ '^(all|(creator|subscriber):.{1,64})$')
);

-- Daemons that share the hearing, by run, with the time at which each was seen last.
create table hearing_daemon (
  daemon_id text not null,
  seen_at timestamptz not null,
  constraint hearing_daemon_pkey primary key (daemon_id)
);

-- Which daemon hears the subscribers of a part of the watch-list: get_byte(sha256(subscriber_id), 0) mod 64.
create table hearing_lease (
  part smallint not null,
  daemon_id text,
  until timestamptz,
  constraint hearing_lease_pkey primary key (part),
  constraint hearing_lease_held check ((daemon_id is null) = (until is null)),
  constraint hearing_lease_part check (part >= 0 and part <= 63)
);

-- The id of a webhook at Helius that this ledger's daemons made.
create table helius_webhook (
  webhook_id text not null,
  noted_at timestamptz not null default now(),
  constraint helius_webhook_pkey primary key (webhook_id),
  constraint helius_webhook_id_length check (length(webhook_id) >= 1 and length(webhook_id) <= 200)
);

-- One row: where this database stood when daemons last trusted it. A restored copy or a promoted replica shows another mark.
create table ledger_mark (
  single boolean not null default true,
  mark text not null,
  noted_at timestamptz not null default now(),
  slot bigint,
  constraint ledger_mark_single primary key (single),
  constraint ledger_mark_one_row check (single)
);

-- One row, written each second by every daemon, to know that the ledger takes writes.
create table ledger_probe (
  one boolean not null,
  written_at timestamptz not null,
  constraint ledger_probe_pkey primary key (one),
  constraint ledger_probe_one_row check (one)
);

-- An act that was acknowledged to a client and is not in a database that went back in time.
create table lost_act (
  nonce uuid not null,
  at timestamptz not null,
  actor text not null,
  what text not null,
  asked jsonb not null,
  status integer not null,
  kept text not null,
  found_at timestamptz not null default now(),
  reviewed jsonb,
  constraint lost_act_pkey primary key (nonce),
  constraint lost_act_kept_known check (kept in ('nothing', 'beginning'))
);
create index lost_act_waiting on lost_act (found_at) where (reviewed is null);

-- One row: a known text sealed under the master key. A daemon that cannot open it neither seals nor signs.
create table master_key_check (
  single boolean not null default true,
  sealed bytea not null,
  noted_at timestamptz not null default now(),
  constraint master_key_check_single primary key (single),
  constraint master_key_check_one_row check (single)
);

-- A migration that was applied, with the hash of its text.
create table migration (
  version integer not null,
  name text not null,
  hash text not null,
  applied_at timestamptz not null default now(),
  constraint migration_pkey primary key (version)
);

-- The nonce account of a subscriber. Its rent is the sponsor's, and returns when the account is closed.
create table nonce (
  subscriber_id text not null,
  account text not null,
  authority text not null,
  rent bigint not null,
  asked_at timestamptz not null default now(),
  value text,
  slot bigint,
  closed_at timestamptz,
  closing_at timestamptz,
  constraint nonce_pkey primary key (subscriber_id),
  constraint nonce_subscriber_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint nonce_closed_without_value check (closed_at is null or value is null),
  constraint nonce_closing_open check (closing_at is null or closed_at is null),
  constraint nonce_rent_check check (rent >= 0),
  constraint nonce_value_with_slot check ((value is null) = (slot is null))
);
create index nonce_by_payer on nonce (authority, asked_at);
create index nonce_open on nonce (subscriber_id) where (closed_at is null);
create trigger nonce_forward before delete or update on nonce for each row execute function nonce_moves_forward();

-- How long a subscriber has owed, without the time in which it could not pay through no act of its own.
create table owed_time (
  subscriber_id text not null,
  counted_ms bigint not null,
  counted_at timestamptz,
  constraint owed_time_pkey primary key (subscriber_id),
  constraint owed_time_subscriber_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint owed_time_counted_check check (counted_ms >= 0)
);

-- A transaction that pays debts: planned, signed, sent, then landed, failed or dead. Its bytes are never replaced.
create table payment (
  payment_id text not null,
  subscriber_id text not null,
  subscription_id text not null,
  creator_wallet text not null,
  drift_user text not null,
  sub_account_id integer not null,
  amount bigint not null,
  withdraw bigint not null,
  settle_markets jsonb not null,
  fee_payer text not null,
  create_agent_account boolean not null,
  state text not null default 'planned',
  signature text,
  bytes bytea,
  last_valid_block_height bigint,
  blockhash_slot bigint,
  planned_at timestamptz not null default now(),
  sent_at timestamptz,
  executed_slot bigint,
  trouble jsonb,
  evidence jsonb,
  ended_at timestamptz,
  purpose text not null default 'share',
  reimburse bigint not null default 0,
  restored boolean not null default false,
  excess bigint not null default 0,
  accepted jsonb,
  mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  nonce_account text,
  nonce_value text,
  nonce_slot bigint,
  cancel_asked boolean not null default false,
  cancel_for jsonb not null default '[]'::jsonb,
  tip bigint,
  tip_account text,
  maybe_lost boolean not null default false,
  constraint payment_pkey primary key (payment_id),
  constraint payment_signature_key unique (signature),
  constraint payment_subscriber_id_payment_id_key unique (subscriber_id, payment_id),
  constraint payment_mint_fkey foreign key (mint) references token(mint),
  constraint payment_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint payment_subscriber_id_subscription_id_fkey foreign key (subscriber_id, subscription_id) references subscription(subscriber_id, subscription_id),
  constraint payment_accepted_check check (accepted is null or excess > 0 and (accepted ->> 'reason') is not null and (accepted ->> 'actor') is not null and (accepted ->> 'at') is not null),
  constraint payment_amount_check check (amount > 0),
  constraint payment_bytes_first check (restored and state = 'landed' or (state in ('planned', 'failed')) or signature is not null and bytes is not null and last_valid_block_height is not null and blockhash_slot is not null),
  constraint payment_cancel_whole check ((cancel_asked or cancel_for = '[]'::jsonb) and (not cancel_asked or nonce_account is not null)),
  constraint payment_dead_has_evidence check (state <> 'dead' or evidence is not null),
  constraint payment_excess_check check (excess >= 0 and excess <= amount and (excess = 0 and not maybe_lost or restored and state = 'landed')),
  constraint payment_executed_has_slot check ((state = 'landed' or state = 'failed' and signature is not null) = (executed_slot is not null)),
  constraint payment_fee_payer_check check (fee_payer in ('agent', 'sponsor')),
  constraint payment_nonce_whole check ((nonce_account is null) = (nonce_value is null) and (nonce_account is null) = (nonce_slot is null)),
  constraint payment_purpose_check check (purpose in ('share', 'top_up')),
  constraint payment_sent_has_time check ((state not in ('sent', 'landed', 'dead')) or sent_at is not null),
  constraint payment_settle_markets_check check (jsonb_typeof(settle_markets) = 'array'),
  constraint payment_signature_with_bytes check (restored or (signature is null) = (bytes is null)),
  constraint payment_state_check check (state in ('planned', 'signed', 'sent', 'landed', 'failed', 'dead')),
  constraint payment_tip_whole check ((tip is null) = (tip_account is null) and (tip is null or tip > 0 and purpose = 'share')),
  constraint payment_withdraw_check check (reimburse >= 0 and withdraw >= 0 and withdraw <= (amount + reimburse))
);
create index payment_by_nonce on payment (nonce_account, nonce_value) where (nonce_account is not null);
create index payment_by_time on payment (planned_at, payment_id);
create index payment_ended_at on payment (ended_at) where (state in ('landed', 'failed'));
create index payment_landed_at on payment (subscriber_id, ended_at) where (state = 'landed');
create index payment_not_landed on payment (state, payment_id) where (state <> 'landed');
create unique index payment_one_live on payment (subscriber_id) where (state in ('planned', 'signed', 'sent'));
create index payment_unexplained on payment (subscriber_id) where ((excess > 0) and (accepted is null));
create trigger payment_forward before delete or update on payment for each row execute function payment_moves_forward();
create trigger payment_mint_kept before update on payment for each row execute function mint_is_kept();
create constraint trigger payment_recipients_add_up after insert on payment deferrable initially deferred for each row when (new.purpose = 'share') execute function payment_recipients_add_up();
create trigger payment_tip_kept before update on payment for each row when (old.tip is distinct from new.tip or old.tip_account is distinct from new.tip_account) execute function payment_tip_is_kept();

-- What a payment cost its fee payer, by the balances before and after it on chain.
create table payment_cost (
  subscriber_id text not null,
  payment_id text not null,
  payer text not null,
  failed boolean not null,
  fee bigint not null,
  rent bigint not null,
  at timestamptz not null default now(),
  tip bigint not null default 0,
  constraint payment_cost_pkey primary key (subscriber_id, payment_id),
  constraint payment_cost_payment_fkey foreign key (subscriber_id, payment_id) references payment(subscriber_id, payment_id),
  constraint payment_cost_fee_check check (fee >= 0 and rent >= 0),
  constraint payment_cost_tip_check check (tip >= 0)
);
create index payment_cost_by_payer on payment_cost (payer, at);

-- Whom a payment pays, and how much. create_account: its token account was absent when the payment was planned. rent: the lamports with which the payment opened that account, read from the chain; null until then.
create table payment_recipient (
  subscriber_id text not null,
  payment_id text not null,
  creator_wallet text not null,
  nth integer not null,
  amount bigint not null,
  create_account boolean not null,
  rent bigint,
  constraint payment_recipient_pkey primary key (subscriber_id, payment_id, creator_wallet),
  constraint payment_recipient_payment_fkey foreign key (subscriber_id, payment_id) references payment(subscriber_id, payment_id),
  constraint payment_recipient_amount_check check (amount > 0),
  constraint payment_recipient_nth_check check (nth >= 0),
  constraint payment_recipient_rent_check check (rent >= 0)
);
create index payment_recipient_by_creator on payment_recipient (creator_wallet, payment_id);
create index payment_recipient_opening on payment_recipient (creator_wallet) where (create_account or (rent > 0));
create constraint trigger payment_recipient_added after insert on payment_recipient deferrable initially deferred for each row execute function payment_recipients_add_up();
create trigger payment_recipient_kept before delete or update on payment_recipient for each row execute function payment_recipient_is_kept();

-- The part of a payment that is meant for one debt.
create table payment_share (
  subscriber_id text not null,
  payment_id text not null,
  share_id text not null,
  amount bigint not null,
  constraint payment_share_pkey primary key (subscriber_id, payment_id, share_id),
  constraint payment_share_subscriber_id_payment_id_fkey foreign key (subscriber_id, payment_id) references payment(subscriber_id, payment_id),
  constraint payment_share_subscriber_id_share_id_fkey foreign key (subscriber_id, share_id) references profit_share(subscriber_id, share_id),
  constraint payment_share_amount_check check (amount > 0)
);
create index payment_share_by_share on payment_share (subscriber_id, share_id);
create trigger payment_share_kept before delete or update on payment_share for each row execute function payment_share_grows();
create trigger payment_share_one_token before insert or update on payment_share for each row execute function payment_covers_its_token();

-- A transaction that was signed for a payment under a nonce, the first one included. At most one of a payment is executed.
create table payment_variant (
  subscriber_id text not null,
  payment_id text not null,
  number integer not null,
  purpose text not null,
  signature text not null,
  bytes bytea not null,
  micro_lamports bigint not null,
  signed_at timestamptz not null,
  drift_user text,
  sub_account_id integer,
  withdraw bigint,
  settle_markets jsonb,
  create_agent_account boolean,
  constraint payment_variant_pkey primary key (subscriber_id, payment_id, number),
  constraint payment_variant_signature_key unique (signature),
  constraint payment_variant_payment_fkey foreign key (subscriber_id, payment_id) references payment(subscriber_id, payment_id),
  constraint payment_variant_cancel_no_route check (purpose = 'payment' or drift_user is null),
  constraint payment_variant_number_check check (number >= 1),
  constraint payment_variant_price_check check (micro_lamports >= 0),
  constraint payment_variant_purpose_check check (purpose in ('payment', 'cancel')),
  constraint payment_variant_route_whole check (num_nulls(drift_user, sub_account_id, withdraw, settle_markets, create_agent_account) in (0, 5))
);
create unique index payment_variant_one_cancel on payment_variant (subscriber_id, payment_id) where (purpose = 'cancel');
create trigger payment_variant_kept before insert or delete or update on payment_variant for each row execute function payment_variant_is_kept();

-- A debt: what one accrual makes a subscriber owe a creator. Amount, creator and origin never change.
create table profit_share (
  share_id text not null,
  subscriber_id text not null,
  subscription_id text not null,
  signature text,
  slot bigint not null,
  ordinal integer not null,
  creator_wallet text not null,
  amount bigint not null,
  paid bigint not null default 0,
  status text not null default 'pending',
  reason jsonb,
  attempts integer not null default 0,
  retry_at timestamptz,
  accrued_at timestamptz not null default now(),
  voided jsonb,
  terms_slot bigint not null,
  hastened boolean not null default false,
  unexpected integer not null default 0,
  failures integer not null default 0,
  expiries integer not null default 0,
  held_until timestamptz,
  observed boolean not null default false,
  overpaid bigint not null default 0,
  mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  closed_at timestamptz,
  brought jsonb,
  recipient integer not null default 0,
  constraint profit_share_pkey primary key (share_id),
  constraint profit_share_once_an_accrual unique (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot, recipient),
  constraint profit_share_subscriber_id_share_id_key unique (subscriber_id, share_id),
  constraint profit_share_accrual foreign key (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot) references accrual(subscriber_id, subscription_id, signature, slot, ordinal, terms_slot),
  constraint profit_share_mint_fkey foreign key (mint) references token(mint),
  constraint profit_share_amount_check check (amount > 0),
  constraint profit_share_attempts_check check (attempts >= 0),
  constraint profit_share_brought_has_id check (brought is null or (brought ->> 'id') is not null),
  constraint profit_share_close_or_brought check ((signature is null) = (brought is not null)),
  constraint profit_share_expiries_counts check (expiries >= 0),
  constraint profit_share_failures_counts check (failures >= 0),
  constraint profit_share_observed_unclaimed check (not observed or status <> 'processing'),
  constraint profit_share_overpaid_counts check (overpaid >= 0),
  constraint profit_share_overpaid_is_paid check (overpaid = 0 or status = 'paid'),
  constraint profit_share_paid_is_whole check ((status = 'paid') = (paid = amount)),
  constraint profit_share_paid_within_amount check (paid >= 0 and paid <= amount),
  constraint profit_share_recipient check (recipient >= 0 and recipient <= 8),
  constraint profit_share_status_check check (status in ('pending', 'processing', 'paid', 'failed', 'voided')),
  constraint profit_share_unexpected_counts check (unexpected >= 0),
  constraint profit_share_voided_says_why check ((status = 'voided') = (voided is not null))
);
create index profit_share_brought on profit_share (subscriber_id) where (brought is not null);
create unique index profit_share_brought_once on profit_share (subscription_id, ((brought ->> 'id'))) where (brought is not null);
create index profit_share_by_creator on profit_share (creator_wallet, slot, share_id);
create index profit_share_by_slot on profit_share (slot, share_id);
create index profit_share_by_time on profit_share (coalesce(closed_at, accrued_at));
create index profit_share_due on profit_share (subscriber_id, retry_at) where (status = 'pending');
create index profit_share_held on profit_share (subscriber_id, held_until) where (held_until is not null);
create index profit_share_observed on profit_share (slot) where observed;
create index profit_share_open on profit_share (accrued_at) where ((status in ('pending', 'processing', 'failed')) and (accrued_at > '-infinity'::timestamptz));
create index profit_share_owed_to on profit_share (creator_wallet, mint, status) include (amount, paid) where ((status in ('pending', 'processing', 'failed')) and (creator_wallet > ''));
create index profit_share_resting on profit_share (((reason ->> 'class'))) where ((status = 'pending') and (reason is not null));
create index profit_share_unpaid on profit_share (status, subscriber_id) include (amount, paid) where (status <> 'paid');
create trigger profit_share_forward before delete or update on profit_share for each row execute function profit_share_moves_forward();
create trigger profit_share_mint_kept before update on profit_share for each row execute function mint_is_kept();

-- One row: the last revision. Taking it gives the next, without gaps, in the order of commits.
create table revision (
  single boolean not null default true,
  last bigint not null,
  constraint revision_pkey primary key (single),
  constraint revision_one_row check (single)
);

-- Transactions of the sponsor that write the commitment of a day on chain. Kept for good.
create table root_memo (
  signature text not null,
  day date not null,
  commitment bytea not null,
  bytes bytea,
  last_valid_block_height bigint,
  signed_at timestamptz not null default now(),
  outcome text,
  slot bigint,
  constraint root_memo_pkey primary key (signature),
  constraint root_memo_day_fkey foreign key (day) references daily_root(day),
  constraint root_memo_commitment_length check (octet_length(commitment) = 32),
  constraint root_memo_outcome_check check (outcome in ('landed', 'failed', 'expired', 'contradicted')),
  constraint root_memo_signed check ((bytes is null) = (last_valid_block_height is null) and (bytes is not null or (outcome in ('landed', 'contradicted')))),
  constraint root_memo_slot_of_executed check ((slot is not null) = coalesce(outcome in ('landed', 'failed', 'contradicted'), false))
);
create unique index root_memo_under_way on root_memo ((true)) where (outcome is null);
create unique index root_memo_written on root_memo (day) where (outcome in ('landed', 'contradicted'));
create trigger root_memo_forward before delete or update on root_memo for each row execute function root_memo_moves_forward();

-- Calls to RPC nodes in a month of the plan, by host of the node, method, and the part of the daemon that asked; credits by the price list of Helius.
create table rpc_usage (
  month_begins date not null,
  node text not null,
  method text not null,
  source text not null,
  calls bigint not null,
  credits bigint not null,
  constraint rpc_usage_pkey primary key (month_begins, node, method, source),
  constraint rpc_usage_calls check (calls >= 0),
  constraint rpc_usage_credits check (credits >= 0)
);

-- A transaction, history, account state or delivery that could not be read; it is tried again later each time, and its neighbours go on.
create table set_aside (
  kind text not null,
  subject text not null,
  reason text not null,
  attempts integer not null,
  since timestamptz not null,
  retry_at timestamptz not null,
  constraint set_aside_pkey primary key (kind, subject),
  constraint set_aside_attempts_least check (attempts >= 1),
  constraint set_aside_kind_known check (kind in ('transaction', 'history', 'state', 'delivery'))
);

-- A transaction that is said to touch a watched account, until RPC has said what it did.
create table sighting (
  signature text not null,
  status text not null default 'wanted',
  slot bigint,
  block_index integer,
  source text not null,
  attempts integer not null default 0,
  first_seen_at timestamptz not null,
  due_at timestamptz not null,
  read_at timestamptz,
  noted_at timestamptz not null default now(),
  finalized_at timestamptz,
  rank smallint not null default 2,
  named_slot bigint,
  named_final boolean not null default false,
  wanted_at timestamptz not null default now(),
  absent_at timestamptz,
  accounts_known boolean not null default false,
  read_revision bigint,
  constraint sighting_pkey primary key (signature),
  constraint sighting_rank_known check (rank >= 0 and rank <= 2),
  constraint sighting_read_has_slot check ((status not in ('confirmed', 'finalized')) or slot is not null),
  constraint sighting_source_known check (source in ('webhook', 'stream', 'watch', 'backfill', 'own', 'repair', 'replay')),
  constraint sighting_status_check check (status in ('wanted', 'confirmed', 'finalized', 'dropped', 'unfound'))
);
create index sighting_heard_elsewhere on sighting (first_seen_at) where ((status in ('confirmed', 'finalized')) and (source <> 'webhook'));
create index sighting_turn on sighting (rank, due_at, signature) where (status in ('wanted', 'confirmed'));
create index sighting_without_accounts on sighting (first_seen_at) where ((status in ('wanted', 'confirmed')) and (not accounts_known));

-- A watched account that a transaction which is not final is said to touch.
create table sighting_account (
  account text not null,
  signature text not null,
  subscriber_id text not null,
  ended_at timestamptz,
  ended_by text,
  constraint sighting_account_signature_fkey foreign key (signature) references sighting(signature) on delete cascade,
  constraint sighting_account_ended check ((ended_at is null) = (ended_by is null)),
  constraint sighting_account_ended_by_known check (ended_by in ('state', 'balances', 'person'))
);
create index sighting_account_by_signature on sighting_account (signature);
create unique index sighting_account_once on sighting_account (account, signature collate "C");

-- A subscriber's standing now, with what it owes and why.
create table standing (
  subscriber_id text not null,
  standing text not null,
  outstanding bigint not null,
  reason text,
  evidence jsonb,
  revision bigint not null,
  owed_since timestamptz,
  owed jsonb not null default '[]'::jsonb,
  constraint standing_pkey primary key (subscriber_id),
  constraint standing_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint standing_delinquent_has_evidence check ((standing = 'delinquent') = (evidence is not null)),
  constraint standing_delinquent_has_reason check ((standing = 'delinquent') = (reason is not null)),
  constraint standing_outstanding_check check (outstanding >= 0),
  constraint standing_owed_by_token check (jsonb_typeof(owed) = 'array'),
  constraint standing_standing_check check (standing in ('good', 'delinquent', 'retired'))
);

-- One change of one standing. The gate's stream is in the order of its revisions.
create table standing_change (
  revision bigint not null,
  subscriber_id text not null,
  standing text not null,
  outstanding bigint not null,
  reason text,
  evidence jsonb,
  changed_at timestamptz not null default now(),
  owed_since timestamptz,
  nonce uuid not null default gen_random_uuid(),
  owed jsonb not null default '[]'::jsonb,
  constraint standing_change_pkey primary key (revision),
  constraint standing_change_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id)
);
create index standing_change_by_time on standing_change (changed_at);

-- Statement links of one subscriber or creator that were made before this time open nothing.
create table statement_revocation (
  of_kind text not null,
  id text not null,
  revoked_before timestamptz not null,
  constraint statement_revocation_pkey primary key (of_kind, id),
  constraint statement_revocation_kind check (of_kind in ('subscriber', 'creator'))
);

-- A subscriber: an agent wallet and its token account.
create table subscriber (
  subscriber_id text not null,
  agent_wallet text not null,
  agent_token_account text not null,
  registered_at timestamptz not null default now(),
  retired_at timestamptz,
  left_revision bigint not null default 0,
  constraint subscriber_pkey primary key (subscriber_id),
  constraint subscriber_agent_token_account_key unique (agent_token_account),
  constraint subscriber_agent_wallet_key unique (agent_wallet),
  constraint subscriber_subscriber_id_check check (subscriber_id ~ '^[A-Za-z0-9_.:-]{1,64}$')
);
create index subscriber_by_left on subscriber (left_revision) where (left_revision > 0);
create trigger subscriber_checked after update on subscriber for each row when ((old.retired_at is null) <> (new.retired_at is null)) execute function checks_of_subscriber();
create trigger subscriber_left before update on subscriber for each row when (new.retired_at is not null and old.retired_at is null) execute function subscriber_leaves();

-- One venue account of a subscriber that copies one creator, and what the account held when its first terms began.
create table subscription (
  subscription_id text not null,
  subscriber_id text not null,
  drift_account text not null,
  created_at timestamptz not null default now(),
  held jsonb not null default '[]'::jsonb,
  held_slot bigint not null default 0,
  dormant boolean not null default false,
  open_at_start text not null default 'free',
  books_from bigint not null default 0,
  constraint subscription_pkey primary key (subscriber_id, subscription_id),
  constraint subscription_drift_account_key unique (drift_account),
  constraint subscription_subscription_id_key unique (subscription_id),
  constraint subscription_drift_account_fkey foreign key (drift_account) references account(address),
  constraint subscription_subscriber_id_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint subscription_books_from_check check (books_from >= 0),
  constraint subscription_open_at_start_check check (open_at_start in ('free', 'charged', 'from_slot')),
  constraint subscription_subscription_id_check check (subscription_id ~ '^[A-Za-z0-9_.:-]{1,64}$')
);

-- The terms of a subscription from a slot on. They are added, never changed.
create table subscription_terms (
  subscriber_id text not null,
  subscription_id text not null,
  from_slot bigint not null,
  creator_wallet text not null,
  share_bps integer not null,
  off_curve boolean not null default false,
  expires_after_ms bigint,
  basis text not null default 'per_close',
  minimum_payment bigint not null default 0,
  ended boolean not null default false,
  mark_slot bigint not null,
  profit text not null default 'net',
  hurdle bigint not null default 0,
  cap_per_close bigint,
  cap_per_period bigint,
  period_slots bigint,
  free_before_slot bigint not null default 0,
  constraint subscription_terms_pkey primary key (subscriber_id, subscription_id, from_slot),
  constraint subscription_terms_subscriber_id_subscription_id_fkey foreign key (subscriber_id, subscription_id) references subscription(subscriber_id, subscription_id),
  constraint subscription_terms_basis_check check (basis in ('per_close', 'high_water_mark')),
  constraint subscription_terms_cap_per_close check (cap_per_close >= 0),
  constraint subscription_terms_cap_per_period check (cap_per_period >= 0),
  constraint subscription_terms_expires_after_ms_check check (expires_after_ms > 0),
  constraint subscription_terms_free_before check (free_before_slot >= 0),
  constraint subscription_terms_from_slot_check check (from_slot >= 0),
  constraint subscription_terms_hurdle check (hurdle >= 0),
  constraint subscription_terms_mark check (mark_slot >= 0 and mark_slot <= from_slot),
  constraint subscription_terms_minimum_payment_check check (minimum_payment >= 0),
  constraint subscription_terms_period_slots check (period_slots > 0),
  constraint subscription_terms_profit check (profit in ('net', 'gross')),
  constraint subscription_terms_share_bps_check check (share_bps >= 0 and share_bps <= 10000)
);
create index subscription_terms_by_creator on subscription_terms (creator_wallet);
create index subscription_terms_by_subscription on subscription_terms (subscription_id, from_slot);
create index subscription_terms_expiring on subscription_terms (expires_after_ms) where (expires_after_ms is not null);
create trigger subscription_terms_kept before delete or update on subscription_terms for each row execute function row_is_kept();
create trigger subscription_terms_no_agent before insert on subscription_terms for each row when (not new.ended) execute function require_no_agent();

-- A subscriber that is suspected of losses made on purpose, with their sum.
create table suspicion (
  subscriber_id text not null,
  amount bigint not null,
  notices integer not null,
  kinds jsonb not null,
  signature text not null,
  slot bigint not null,
  since timestamptz not null default now(),
  mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  constraint suspicion_pkey primary key (subscriber_id),
  constraint suspicion_mint_fkey foreign key (mint) references token(mint),
  constraint suspicion_subscriber_fkey foreign key (subscriber_id) references subscriber(subscriber_id)
);

-- Up to which slot a person has looked at a suspicion.
create table suspicion_review (
  subscriber_id text not null,
  upto_slot bigint not null,
  reason text not null,
  at timestamptz not null,
  constraint suspicion_review_pkey primary key (subscriber_id, upto_slot),
  constraint suspicion_review_subscriber_fkey foreign key (subscriber_id) references subscriber(subscriber_id)
);

-- What a subscription carries with a creator from close to close: dust in ten-thousandths of a base unit, and losses.
create table tab (
  subscriber_id text not null,
  subscription_id text not null,
  carry bigint not null,
  deficit bigint not null,
  mark_slot bigint not null,
  counted_since bigint not null default 0,
  hurdled bigint not null default 0,
  owed bigint not null default 0,
  dealt bigint not null default 0,
  constraint tab_pkey primary key (subscriber_id, subscription_id, mark_slot),
  constraint tab_subscriber_id_subscription_id_fkey foreign key (subscriber_id, subscription_id) references subscription(subscriber_id, subscription_id),
  constraint tab_carry_check check (carry >= 0 and carry <= 9999),
  constraint tab_counted check (counted_since >= 0 and hurdled >= 0 and owed >= 0),
  constraint tab_dealt check (dealt >= 0 and dealt <= 9999),
  constraint tab_deficit_check check (deficit >= 0)
);
create index tab_by_subscription on tab (subscription_id);

-- The parts of a share that go to other recipients than the creator. Added with their terms, never changed.
create table terms_split (
  subscriber_id text not null,
  subscription_id text not null,
  from_slot bigint not null,
  nth integer not null,
  creator_wallet text not null,
  share_bps integer not null,
  minimum_payment bigint not null,
  off_curve boolean not null,
  label text,
  constraint terms_split_pkey primary key (subscriber_id, subscription_id, from_slot, nth),
  constraint terms_split_once unique (subscription_id, from_slot, creator_wallet),
  constraint terms_split_terms foreign key (subscriber_id, subscription_id, from_slot) references subscription_terms(subscriber_id, subscription_id, from_slot),
  constraint terms_split_label check (char_length(label) >= 1 and char_length(label) <= 40),
  constraint terms_split_minimum_payment check (minimum_payment >= 0),
  constraint terms_split_nth check (nth >= 1 and nth <= 8),
  constraint terms_split_share_bps check (share_bps >= 1 and share_bps <= 10000)
);
create index terms_split_by_wallet on terms_split (creator_wallet);
create trigger terms_split_fits after insert on terms_split for each row execute function splits_fit();
create trigger terms_split_kept before delete or update on terms_split for each row execute function row_is_kept();
create trigger terms_split_no_agent before insert on terms_split for each row execute function require_no_agent();

-- A token in which a venue counts profit. A debt and its payment are in one of them.
create table token (
  mint text not null,
  symbol text not null,
  decimals integer not null,
  constraint token_pkey primary key (mint),
  constraint token_decimals_sane check (decimals >= 0 and decimals <= 18),
  constraint token_symbol_length check (char_length(symbol) >= 1 and char_length(symbol) <= 20)
);
create trigger token_kept before delete or update on token for each row execute function row_is_kept();

-- A final close or reckoning that is not booked yet. Making the fact final adds the row, booking removes it.
create table unbooked (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  constraint unbooked_pkey primary key (account, slot, signature, ordinal, subscriber_id),
  constraint unbooked_subscriber_id_signature_slot_ordinal_account_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references fact(subscriber_id, signature, slot, ordinal, account) on delete cascade
);

-- A slot with a final fact that no check of the account has passed yet, or, with slot -1, an account that was never checked. Triggers add the row; a check of the account at that slot or a later one removes it.
create table unchecked (
  account text not null,
  slot bigint not null,
  constraint unchecked_pkey primary key (account, slot)
);

-- A final transfer to a creator that is not matched yet. Making the fact final adds the row, matching removes it.
create table uncredited (
  subscriber_id text not null,
  account text not null,
  signature text not null,
  slot bigint not null,
  ordinal integer not null,
  creator_wallet text not null,
  constraint uncredited_pkey primary key (subscriber_id, signature, slot, ordinal, account),
  constraint uncredited_fact_fkey foreign key (subscriber_id, signature, slot, ordinal, account) references fact(subscriber_id, signature, slot, ordinal, account) on delete cascade
);

-- A token account beyond those that are followed, or the counter of sub-accounts beyond those.
create table unfollowed (
  address text not null,
  subscriber_id text not null,
  from_slot bigint not null,
  since timestamptz not null default now(),
  named_slot bigint not null,
  constraint unfollowed_pkey primary key (address),
  constraint unfollowed_subscriber_fkey foreign key (subscriber_id) references subscriber(subscriber_id),
  constraint unfollowed_named_check check (named_slot >= from_slot)
);
create index unfollowed_by_subscriber on unfollowed (subscriber_id);

-- A venue that daemons of this ledger serve or served, with its quote token.
create table venue (
  name text not null,
  mint text not null,
  constraint venue_pkey primary key (name),
  constraint venue_mint_fkey foreign key (mint) references token(mint)
);
create trigger venue_kept before delete or update on venue for each row execute function row_is_kept();

-- Bytes of the venue's program that daemons saw on chain, by their hash, and what vouches for them.
create table venue_program (
  hash text not null,
  slot bigint,
  seen_at timestamptz,
  vouched_by text,
  vouched_at timestamptz,
  reason text,
  venue text,
  constraint venue_program_pkey primary key (hash),
  constraint venue_program_venue_fkey foreign key (venue) references venue(name),
  constraint venue_program_hash_is_hex check (hash ~ '^[0-9a-f]{64}$'),
  constraint venue_program_seen_whole check ((slot is null) = (seen_at is null)),
  constraint venue_program_slot_sane check (slot >= 0),
  constraint venue_program_vouched_by_known check (vouched_by in ('proven', 'accepted')),
  constraint venue_program_vouched_whole check ((vouched_by is null) = (vouched_at is null) and (vouched_by is null) = (reason is null))
);

-- One row: the revision of the watch-list. It moves with each account that joins or leaves.
create table watch_list (
  single boolean not null default true,
  revision bigint not null,
  constraint watch_list_pkey primary key (single),
  constraint watch_list_one_row check (single)
);

create function account_is_listed() returns trigger as $$
begin
  new.listed_revision := (select revision from watch_list);
  return new;
end $$;

create function account_waits_for_check() returns trigger as $$
begin
  insert into unchecked (account, slot) values (new.address, -1) on conflict do nothing;
  return null;
end $$;

create function chain_identity_is_kept() returns trigger as $$
begin
  raise exception 'the chain of a ledger is never changed';
end $$;

create function check_passes() returns trigger as $$
begin
  delete from unchecked where account = new.address and slot <= (new.baseline ->> 'slot')::bigint;
  return null;
end $$;

create function checks_of_subscriber() returns trigger as $$
begin
  if new.retired_at is not null then
    delete from unchecked u using account a where a.subscriber_id = new.subscriber_id and u.account = a.address;
  else
    insert into unchecked (account, slot)
    select a.address, -1 from account a
    where a.subscriber_id = new.subscriber_id and a.role <> 'agent_wallet'
      and not exists (select 1 from account_check c where c.address = a.address)
    union
    select f.account, f.slot
    from account a join fact f on f.account = a.address left join account_check c on c.address = a.address
    where a.subscriber_id = new.subscriber_id and f.finality = 'finalized' and f.kind in ('tally', 'unknown', 'reckoning')
      and f.slot > coalesce((c.baseline ->> 'slot')::bigint, -1)
    order by 1, 2
    on conflict do nothing;
  end if;
  return null;
end $$;

create function credit_grows() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'transfers that count are never deleted';
  end if;
  if (new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, new.creator_wallet, new.amount, new.matched_at)
     is distinct from
     (old.subscriber_id, old.account, old.signature, old.slot, old.ordinal, old.creator_wallet, old.amount, old.matched_at)
     or new.credited < old.credited then
    raise exception 'a transfer that counts is never changed, and never counts for less';
  end if;
  return new;
end $$;

create function event_fan_out() returns trigger as $$
begin
  -- An endpoint that is removed in this moment is waited for, and then gets nothing: the event itself must not fail.
  insert into event_delivery (endpoint_id, event_id)
  select endpoint_id, new.event_id from endpoint
  where case when new.kind = 'endpoint.test' then endpoint_id = new.body ->> 'endpoint'
    else kinds is null or kinds ? new.kind end
  for key share;
  perform pg_notify('bailiff_event', '');
  return null;
end $$;

create function fact_is_append_only() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'facts are never deleted';
  end if;
  if (new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, new.recorded_at)
     is distinct from
     (old.subscriber_id, old.account, old.signature, old.slot, old.ordinal, old.recorded_at) then
    raise exception 'facts are never edited';
  end if;
  if old.finality = 'finalized' and new.finality <> 'finalized' then
    raise exception 'a finalized fact stays finalized';
  end if;
  if (new.kind, new.body) is distinct from (old.kind, old.body) then
    if old.finality = 'finalized' then
      raise exception 'finalized facts are never edited';
    end if;
    insert into fact_replaced (subscriber_id, account, signature, slot, ordinal, kind, finality, body, recorded_at)
    values (old.subscriber_id, old.account, old.signature, old.slot, old.ordinal, old.kind, old.finality, old.body, old.recorded_at);
  end if;
  return new;
end $$;

create function fact_waits_for_booking() returns trigger as $$
begin
  insert into unbooked (subscriber_id, account, signature, slot, ordinal)
  values (new.subscriber_id, new.account, new.signature, new.slot, new.ordinal) on conflict do nothing;
  return null;
end $$;

create function facts_wait_for_check() returns trigger as $$
begin
  insert into unchecked (account, slot)
  select distinct f.account, f.slot from fresh f
  where f.finality = 'finalized' and f.kind in ('tally', 'unknown', 'reckoning')
    and not exists (select 1 from account_check c where c.address = f.account and (c.baseline ->> 'slot')::bigint >= f.slot)
  order by 1, 2
  on conflict do nothing;
  return null;
end $$;

create function mint_is_kept() returns trigger as $$
begin
  if new.mint is distinct from old.mint then
    raise exception 'the token of a % is never changed', tg_table_name;
  end if;
  return new;
end $$;

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
end $$;

create function payment_covers_its_token() returns trigger as $$
declare
  wallet text;
  gets bigint;
begin
  select s.creator_wallet into wallet from payment p
    join profit_share s on s.subscriber_id = p.subscriber_id and s.share_id = new.share_id
    where p.subscriber_id = new.subscriber_id and p.payment_id = new.payment_id and p.mint = s.mint;
  if wallet is null then
    raise exception 'payment % is not in the token of the debt %', new.payment_id, new.share_id
      using errcode = 'check_violation', constraint = 'payment_share_one_token';
  end if;
  select r.amount into gets from payment_recipient r
    where r.subscriber_id = new.subscriber_id and r.payment_id = new.payment_id and r.creator_wallet = wallet;
  if gets is null or gets < new.amount + (
    select coalesce(sum(o.amount), 0) from payment_share o join profit_share s using (subscriber_id, share_id)
    where o.subscriber_id = new.subscriber_id and o.payment_id = new.payment_id and o.share_id <> new.share_id
      and s.creator_wallet = wallet) then
    raise exception 'payment % does not pay the recipient of the debt % that much', new.payment_id, new.share_id
      using errcode = 'check_violation', constraint = 'payment_share_of_recipient';
  end if;
  return new;
end $$;

create function payment_moves_forward() returns trigger as $$
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
end $$;

create function payment_recipient_is_kept() returns trigger as $$
begin
  if tg_op = 'DELETE' or old.rent is not null
     or (new.subscriber_id, new.payment_id, new.creator_wallet, new.nth, new.amount, new.create_account)
        is distinct from (old.subscriber_id, old.payment_id, old.creator_wallet, old.nth, old.amount, old.create_account) then
    raise exception 'a recipient of a payment is never changed or deleted';
  end if;
  return new;
end $$;

create function payment_recipients_add_up() returns trigger as $$
begin
  if not exists (
    select 1 from payment p where p.subscriber_id = new.subscriber_id and p.payment_id = new.payment_id and (p.purpose <> 'share'
      or (p.amount, p.creator_wallet) = (select sum(r.amount), min(r.creator_wallet) filter (where r.nth = 0)
        from payment_recipient r where r.subscriber_id = p.subscriber_id and r.payment_id = p.payment_id))) then
    raise exception 'the recipients of payment % do not add up to its amount', new.payment_id
      using errcode = 'check_violation', constraint = 'payment_recipients_add_up';
  end if;
  return null;
end $$;

create function payment_share_grows() returns trigger as $$
begin
  if tg_op = 'DELETE' or (new.subscriber_id, new.payment_id, new.share_id) <> (old.subscriber_id, old.payment_id, old.share_id)
     or new.amount < old.amount then
    raise exception 'what a payment covers is never taken back';
  end if;
  return new;
end $$;

create function payment_tip_is_kept() returns trigger as $$
begin
  raise exception 'the tip of a payment is never changed';
end $$;

create function payment_variant_is_kept() returns trigger as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'a variant of a payment is never changed or deleted';
  end if;
  if not exists (select 1 from payment p where p.payment_id = new.payment_id and p.nonce_value is not null) then
    raise exception 'only a payment under a nonce has variants';
  end if;
  return new;
end $$;

create function profit_share_moves_forward() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'debts are never deleted';
  end if;
  if (new.share_id, new.subscriber_id, new.subscription_id, new.signature, new.slot, new.ordinal, new.terms_slot,
      new.creator_wallet, new.amount, new.accrued_at, new.brought, new.recipient)
     is distinct from
     (old.share_id, old.subscriber_id, old.subscription_id, old.signature, old.slot, old.ordinal, old.terms_slot,
      old.creator_wallet, old.amount, old.accrued_at, old.brought, old.recipient) then
    raise exception 'amount, creator and origin of a debt are never changed';
  end if;
  if new.paid < old.paid or new.overpaid < old.overpaid then
    raise exception 'what was paid of a debt is never taken back';
  end if;
  if new.observed and not old.observed then
    raise exception 'a debt that is payable is never called observed again';
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
    ('pending', 'processing'), ('pending', 'failed'), ('pending', 'paid'), ('pending', 'voided'),
    ('processing', 'pending'), ('processing', 'failed'), ('processing', 'paid'),
    ('failed', 'pending'), ('failed', 'paid'), ('failed', 'voided'),
    ('voided', 'paid')) then
    raise exception 'a debt cannot go from % to %', old.status, new.status;
  end if;
  return new;
end $$;

create function require_no_agent() returns trigger as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('bailiff.role ' || new.creator_wallet, 0));
  if exists (select 1 from account where address = new.creator_wallet) then
    raise exception '% is an account of a subscriber', new.creator_wallet
      using errcode = 'unique_violation', constraint = 'subscription_terms_no_agent';
  end if;
  return new;
end $$;

create function require_no_creator() returns trigger as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('bailiff.role ' || new.address, 0));
  if not exists (select 1 from account where address = new.address)
     and exists (select 1 from terms_recipient where creator_wallet = new.address) then
    raise exception '% is the creator of a subscription', new.address
      using errcode = 'unique_violation', constraint = 'account_no_creator';
  end if;
  return new;
end $$;

create function root_memo_moves_forward() returns trigger as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'memos of daily roots are never deleted';
  end if;
  if (new.signature, new.day, new.commitment, new.bytes, new.last_valid_block_height, new.signed_at)
     is distinct from (old.signature, old.day, old.commitment, old.bytes, old.last_valid_block_height, old.signed_at) then
    raise exception 'the memo of a daily root is never changed';
  end if;
  -- A memo that counted as expired may be found on chain after all.
  if new.outcome is distinct from old.outcome and old.outcome is not null and not (old.outcome = 'expired' and new.outcome = 'landed') then
    raise exception 'a memo of a daily root cannot go from % to %', old.outcome, new.outcome;
  end if;
  return new;
end $$;

create function row_is_kept() returns trigger as $$
begin
  raise exception 'rows of % are never changed or deleted', tg_table_name;
end $$;

create function shares_add_up() returns trigger as $$
begin
  if new.terms_slot >= 0 and new.amount <> (
      select coalesce(sum(s.amount) filter (where (s.slot, s.ordinal, s.terms_slot) = (new.slot, new.ordinal, new.terms_slot)), 0)
      from profit_share s
      where s.subscriber_id = new.subscriber_id and s.subscription_id = new.subscription_id and s.signature = new.signature) then
    raise exception 'the shares of % in slot % do not add up to %', new.signature, new.slot, new.amount
      using errcode = 'check_violation', constraint = 'accrual_shares_add_up';
  end if;
  return null;
end $$;

create function splits_fit() returns trigger as $$
begin
  if exists (select 1 from terms_recipient r where r.subscriber_id = new.subscriber_id and r.subscription_id = new.subscription_id
      and r.from_slot = new.from_slot and (r.share_bps < 0 or (r.nth = 0 and r.creator_wallet = new.creator_wallet))) then
    raise exception 'the splits of the terms of % do not fit its share', new.subscription_id
      using errcode = 'check_violation', constraint = 'terms_split_fits';
  end if;
  return null;
end $$;

create function subscriber_leaves() returns trigger as $$
begin
  update watch_list set revision = revision + 1 returning revision into new.left_revision;
  return new;
end $$;

create function transfer_waits_for_matching() returns trigger as $$
begin
  insert into uncredited (subscriber_id, account, signature, slot, ordinal, creator_wallet)
  select distinct on (new.subscriber_id) new.subscriber_id, new.account, new.signature, new.slot, new.ordinal, t.creator_wallet
  from terms_recipient t join subscription s using (subscriber_id, subscription_id)
  where t.subscriber_id = new.subscriber_id and t.creator_wallet in (new.body ->> 'owner', new.body ->> 'destination')
    and new.slot >= s.books_from
    and new.body ->> 'paymentId' is null
    and not exists (select 1 from payment p where p.signature = new.signature)
    and not exists (select 1 from payment_variant v where v.signature = new.signature)
  on conflict do nothing;
  return null;
end $$;

create function watch_list_moves() returns trigger as $$
begin
  update watch_list set revision = revision + 1;
  return null;
end $$;
