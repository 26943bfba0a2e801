-- Operators: acts name the person that a request or a command says it is from, beside the key.
alter table act add column person text
  constraint act_person_length check (char_length(person) between 1 and 100);

-- One row: a known text, sealed under the master key of these secrets. A daemon that cannot open it has another master
-- key, and neither seals nor signs anything. A person who rotates the master key seals it anew.
create table master_key_check (
  single boolean constraint master_key_check_single primary key default true
    constraint master_key_check_one_row check (single),
  sealed bytea not null,
  noted_at timestamptz not null default now()
);
