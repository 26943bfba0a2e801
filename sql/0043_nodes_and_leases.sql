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
