-- Clearances: the platform's permission for a withdrawal that it will make itself, given when nothing was owed.

create table clearance (
  clearance_id text primary key,
  subscriber_id text not null references subscriber,
  purpose text not null check (purpose in ('withdraw', 'close')),
  -- Base units of the quote token; a closing account may take everything.
  amount bigint check ((purpose = 'withdraw') = (amount is not null) and amount > 0),
  granted_slot bigint not null,
  until_slot bigint not null check (until_slot > granted_slot),
  granted_at timestamptz not null,
  until_at timestamptz not null check (until_at > granted_at)
);
create index clearance_by_subscriber on clearance (subscriber_id, granted_slot);
