-- What calls to nodes cost, by month; and which daemon hears which part of the watch-list.
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
comment on table rpc_usage is 'Calls to RPC nodes in a month of the plan, by host of the node, method, and the part of the daemon that asked; credits by the price list of Helius.';
create table hearing_daemon (
  daemon_id text not null,
  seen_at timestamptz not null,
  constraint hearing_daemon_pkey primary key (daemon_id)
);
comment on table hearing_daemon is 'Daemons that share the hearing, by run, with the time at which each was seen last.';
create table hearing_lease (
  part smallint not null,
  daemon_id text,
  until timestamptz,
  constraint hearing_lease_pkey primary key (part),
  constraint hearing_lease_part check (part between 0 and 63),
  constraint hearing_lease_held check ((daemon_id is null) = (until is null))
);
comment on table hearing_lease is 'Which daemon hears the subscribers of a part of the watch-list: get_byte(sha256(subscriber_id), 0) mod 64.';
insert into hearing_lease (part) select generate_series(0, 63);
