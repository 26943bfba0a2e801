-- How much of what touched watched accounts is understood, and the calls that are not.

-- Calls of finalized transactions by program. `other` holds what the row limit in ledger/coverage.ts keeps out.
create table coverage (
  program text constraint coverage_pkey primary key,
  understood bigint not null constraint coverage_understood check (understood >= 0),
  neutral bigint not null constraint coverage_neutral check (neutral >= 0),
  unknown bigint not null constraint coverage_unknown check (unknown >= 0)
);

-- The calls that nobody understands, which are few among all notices.
create index fact_unknown_call on fact (account, slot) where kind = 'notice' and body->>'what' = 'unknown_call';
