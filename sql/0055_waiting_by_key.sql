-- Of the sightings that wait, Postgres knows how many there were when it analysed the table, and in
-- a quiet hour that is none. In a burst it then read all that wait, for each claim and each reading,
-- by whichever index holds only them. Claims need one such index alone.
drop index sighting_due;
drop index sighting_to_read;

-- In a quiet hour the accounts of sightings that wait are an empty table, which Postgres cuts to no
-- pages and then reads whole, in a burst too, because that cost nothing when it planned. The table
-- keeps the pages that 5,000 rows need, so that an index always costs less.
alter table sighting_account set (vacuum_truncate = false);
insert into sighting (signature, source, first_seen_at, due_at) values ('0055', 'repair', now(), now());
insert into sighting_account (account, signature, subscriber_id)
  select repeat('-', 44) || n, '0055', '-' from generate_series(1, 5000) n;
delete from sighting_account where signature = '0055';
delete from sighting where signature = '0055';

-- A verdict on a subscriber whom value has left asks which wallets its agent ever appointed.
create index fact_appointing on fact (subscriber_id)
  where kind = 'notice' and body->>'what' in ('token_approved', 'token_authority_changed', 'delegate_changed');
