-- The quote tokens that each account held when it was read for a clearance to withdraw. With the facts since, they tell
-- what is left to pay debts from when value leaves under the clearance.
create table clearance_reading (
  subscriber_id text not null,
  clearance_id text not null,
  account text not null,
  slot bigint not null,
  -- Base units of the quote token; below zero where losses are not settled yet.
  amount bigint not null,
  constraint clearance_reading_pkey primary key (subscriber_id, clearance_id, account),
  constraint clearance_reading_clearance_id_fkey foreign key (clearance_id) references clearance (clearance_id)
);
comment on table clearance_reading is 'The quote tokens of each account when it was read for a clearance to withdraw, and the slot of that reading.';
