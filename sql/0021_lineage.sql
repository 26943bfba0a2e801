-- Lineage: each change of a standing draws a nonce. A ledger that lost its last changes gives their
-- revisions out again, with other nonces. Revision and nonce together say whether what a reader saw
-- last is in this ledger.
alter table standing_change add column nonce uuid not null default gen_random_uuid();
