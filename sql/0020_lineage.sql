-- Lineage: each change of a standing draws a nonce. A ledger that lost its last changes gives their revisions out
-- again, with other nonces, so that a reader's revision and nonce together say whether the reader's past is this ledger's.
alter table standing_change add column nonce uuid not null default gen_random_uuid();
