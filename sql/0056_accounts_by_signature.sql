-- The accounts of waiting transactions are found by their signature through one index. Once Postgres
-- has seen the table empty, it takes any index of it to hold no rows, and the primary key (account,
-- signature), read whole for a signature, costs the same as the index on signature. A comparison of
-- another collation cannot use the column of an index, so that the index on both serves accounts.
alter table sighting_account drop constraint sighting_account_pkey;
alter table sighting_account alter column account set not null, alter column signature set not null;
create unique index sighting_account_once on sighting_account (account, signature collate "C");
