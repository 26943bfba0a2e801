-- Service: one row that every daemon writes each second, to know that the ledger takes writes.
create table ledger_probe (
  one boolean constraint ledger_probe_pkey primary key constraint ledger_probe_one_row check (one),
  written_at timestamptz not null
);
