// Table: faults that once were, or could be, in the code that moves money, each with the test that
// catches it: a named test, or the simulator within a number of seeds. test/mutants/table.test.ts
// checks that every edit still applies; `npm run mutants` runs them.

import { CLEARED } from './cleared.ts';
import { DECIDED } from './decisions.ts';
import { EVIDENCE } from './evidence.ts';
import { EXCESS } from './excess.ts';
import { LIMITED } from './limits.ts';
import { SIGNED } from './signing.ts';
import { UNDER_WAY } from './under-way.ts';
import { WALKS } from './walks.ts';

export type Mutant = {
  /** Begins with a short name of its own. */
  readonly name: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly from: string;
  readonly to: string;
  readonly by: { readonly file: string; readonly test: string } | { readonly seeds: number };
};
const unit = (file: string, test: string) => ({ file, test });
const sim = (seeds: number) => ({ seeds });

const PEN = 'test/adversarial/pen.test.ts';
const PLAN = 'test/core/plan.test.ts';
const PAYMENT = 'test/core/payment.test.ts';
const BOOKS = 'test/flows/books-comparison.test.ts';
const SETTLE = 'test/flows/settle.test.ts';
const CONTINUITY = 'test/flows/continuity.test.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'S1 the expiry is recorded 20 blocks too low',
    file: 'src/flows/signing.ts',
    from: 'const bytes = { ...written, lastValidBlockHeight, blockhashSlot: slot };',
    to: 'const bytes = { ...written, lastValidBlockHeight: lastValidBlockHeight - 20, blockhashSlot: slot };',
    by: unit(SETTLE, 'the expiry and the slot of the blockhash'),
  },
  {
    name: 'S3 halts are not looked at before signing',
    file: 'src/flows/signing-obstacle.ts',
    from: 'if (halt !== null) return haltedBy(halt);',
    to: '',
    by: unit(SETTLE, 'planned before a halt'),
  },
  {
    name: 'S4 bytes are never sent again',
    file: 'src/flows/blockhash-look.ts',
    from: "else if (looking.absent(subscriberId) && verdict.do === 'wait' && verdict.rebroadcast)",
    to: 'else if (looking.absent(subscriberId) && false)',
    by: unit(SETTLE, 'sent again while they may still land'),
  },
  {
    name: 'P1 a failure seen at confirmed is final',
    file: 'src/core/payment.ts',
    from: "if (look.finality !== 'finalized') return",
    to: "if (look.finality !== 'finalized' && look.error === null) return",
    by: unit('test/core/payment.test.ts', 'only finalized is final'),
  },
  {
    name: 'S6 a payment that failed on chain counts as landed',
    file: 'src/core/payment.ts',
    from: 'return look.error === null\n',
    to: 'return true\n',
    by: unit('test/core/payment.test.ts', 'only finalized is final'),
  },
  {
    name: 'J1 nobody is ever delinquent',
    file: 'src/core/standing.ts',
    from: 'if (runaway === null || outstanding === 0n) return',
    to: 'if (true) return',
    by: sim(10),
  },
  {
    name: 'L1 younger debts overtake when the subscriber cannot pay',
    file: 'src/flows/planning.ts',
    from: "const resting = planned.about === 'creator' ? own : debtsAt(due, oldest.venue);",
    to: 'const resting = own;',
    by: unit('test/flows/planning.test.ts', 'holds younger debts to others as well'),
  },
  {
    name: 'I2 a scan moves its cursor whatever the database has lost',
    file: 'src/ledger/watch-list.ts',
    from: ' and cursor_slot >= ${from} returning 1`;',
    to: ' returning 1`;',
    by: unit('test/ledger/watch-list.test.ts', 'a scan that began beyond the cursor'),
  },
  {
    name: 'J2 what was paid does not count for standing',
    file: 'src/core/standing.ts',
    from: 'const after = added(added(owedBefore, owed, 1n), discharged, -1n);',
    to: 'const after = added(owedBefore, owed, 1n);',
    by: sim(10),
  },
  {
    name: 'J3 in doubt a debt counts as earlier than what left',
    file: 'src/core/standing.ts',
    from: 'owed.filter((each) => precedes(each, event)),',
    to: 'owed.filter((each) => !precedes(event, each)),',
    by: unit('test/core/standing.test.ts', 'nobody is accused'),
  },
  {
    name: 'J4 two facts of one transaction without an index have no order',
    file: 'src/core/fact.ts',
    from: 'if (a.signature !== undefined && a.signature === b.signature) return',
    to: 'if (false) return',
    by: unit('test/core/fact.test.ts', 'the ordinal of one transaction'),
  },
  {
    name: 'J5 the last fact of a transaction counts as its first',
    file: 'src/core/fact.ts',
    from: 'a.signature === b.signature) return a.ordinal - b.ordinal;',
    to: 'a.signature === b.signature) return b.ordinal - a.ordinal;',
    by: unit('test/core/fact.test.ts', 'the ordinal of one transaction'),
  },
  {
    name: 'J7 a verdict reads the history before it holds the row',
    file: 'src/ledger/standings.ts',
    from: ' order by s.subscriber_id for update of s`.execute();',
    to: ' order by s.subscriber_id for update of s`;',
    by: {
      file: 'test/ledger/standings.test.ts',
      test: 'a verdict reads what happened once it holds the row, not what happened before',
    },
  },
  {
    name: 'J8 a transaction is found among all that wait',
    file: 'src/ledger/unread.ts',
    from: "sql`s.status not in ('finalized', 'dropped', 'unfound')`",
    to: "sql`s.status in ('wanted', 'confirmed')`",
    by: { file: 'test/ledger/quiet-plans.test.ts', test: 'reads no more pages while many wait' },
  },
  {
    name: 'J9 a lane takes a payment that another process sent for none',
    file: 'src/flows/settle.ts',
    from: "clock.nowMs()))) return 'ask';",
    to: 'clock.nowMs()))) return null;',
    by: unit(SETTLE, 'only where another process changed it'),
  },
  {
    name: 'L2 all of it is withdrawn, whatever the wallet holds',
    file: 'src/core/plan.ts',
    from: 'const withdraw = amount + reimburse - least(amount + reimburse, tokens);',
    to: 'const withdraw = amount + reimburse;',
    by: unit(PLAN, "withdraws only what the agent's token account lacks"),
  },
  {
    name: 'L3 a part may be of any size',
    file: 'src/core/plan.ts',
    from: '(partialLeast === null || amount < partialLeast)',
    to: '(partialLeast === null)',
    by: unit(PLAN, 'from its least size on'),
  },
  {
    name: "L4 the sponsor's reserve is not kept",
    file: 'src/core/plan-costs.ts',
    from: 'const short = cost + lent + costs.sponsorReserve - preflight.sponsorLamports;',
    to: 'const short = cost + lent - preflight.sponsorLamports;',
    by: unit(PLAN, 'the sponsor pays while it can keep its reserve'),
  },
  {
    name: 'A1 a win pays no attention to the dust of the tab',
    file: 'src/core/charge.ts',
    from: 'const exact = (allowed === null ? share : least(share, allowed * BPS_WHOLE)) + tab.carry;',
    to: 'const exact = allowed === null ? share : least(share, allowed * BPS_WHOLE);',
    by: sim(10),
  },
  {
    name: 'W1 rent of a created account may be charged to anybody',
    file: 'src/core/payment-rules.ts',
    from: "of mint ${mint}`,\n    },\n    {\n      must: 'charge the rent to the fee payer',\n      holds: ({ payer }, { feePayer }) => payer === feePayer,",
    to: "of mint ${mint}`,\n    },\n    {\n      must: 'charge the rent to the fee payer',\n      holds: () => true,",
    by: unit(PEN, 'rent charged to the agent'),
  },
  {
    name: 'W2 any user may be settled',
    file: 'src/core/payment-rules.ts',
    from: "must: 'settle the account that pays',\n      holds: ({ user }, { driftUser }) => user === driftUser,",
    to: "must: 'settle the account that pays',\n      holds: () => true,",
    by: unit(PEN, "settling a stranger's account"),
  },
  {
    name: 'W3 the memo is not compared',
    file: 'src/core/payment-rules.ts',
    from: 'holds: ({ text }, { memo }) => text === memo,',
    to: 'holds: () => true,',
    by: unit(PEN, 'another memo'),
  },
  {
    name: 'W4 the mint of a created account is not compared',
    file: 'src/core/payment-rules.ts',
    from: "must: 'create it for the quote token',\n      holds: ({ mint }, mandate) => mint === mandate.mint,",
    to: "must: 'create it for the quote token',\n      holds: () => true,",
    by: unit(PEN, "the creator's token account, of another mint"),
  },
  {
    name: 'W5 a withdrawal by any authority',
    file: 'src/core/payment-rules.ts',
    from: "objection: ({ user }) => `withdraws from ${user}`,\n    },\n    {\n      must: 'be authorised by the agent',\n      holds: ({ authority }, { agent }) => authority === agent,",
    to: "objection: ({ user }) => `withdraws from ${user}`,\n    },\n    {\n      must: 'be authorised by the agent',\n      holds: () => true,",
    by: unit(PEN, 'a withdrawal by another authority'),
  },
  {
    name: 'B1 books always agree',
    file: 'src/flows/books-comparison.ts',
    from: "await unknownPayments(ports, subscriber, since, 'confirmed'",
    to: "((..._: unknown[]): PaidOnChain[] => [])(ports, subscriber, since, 'confirmed'",
    by: unit(BOOKS, 'a payment that is only confirmed is unknown'),
  },
  {
    name: 'B2 books read the finalized history only',
    file: 'src/flows/books-comparison.ts',
    from: "await unknownPayments(ports, subscriber, since, 'confirmed'",
    to: "await unknownPayments(ports, subscriber, since, 'finalized'",
    by: unit(BOOKS, 'a payment that is only confirmed is unknown'),
  },
  {
    name: 'B3 rebuild does not wait until nothing can land any more',
    file: 'src/cli/rebuild.ts',
    from: '(await parts.chain.finalizedHeight()) + BLOCKS_UNTIL_DEAD',
    to: '(await parts.chain.finalizedHeight()) + 0',
    by: unit('test/cli/rebuild.test.ts', 'waits for the life of a blockhash'),
  },
  {
    name: 'B4 a payment with an excess is known without a person',
    file: 'src/ledger/payments.ts',
    from: 'and (excess = 0 or accepted is not null)',
    to: '',
    by: unit('test/flows/differences.test.ts', 'a dry run tells what the run then does'),
  },
  {
    name: 'B5 an excess counts for the standing',
    file: 'src/ledger/standing-history.ts',
    from: 'p.executed_slot, r.amount - x.excess as amount, r.creator_wallet, mint',
    to: 'p.executed_slot, r.amount, r.creator_wallet, mint',
    by: unit('test/flows/differences.test.ts', 'paid beyond its debts pays later ones'),
  },
  {
    name: 'H1 a failure of Postgres sets a transaction aside',
    file: 'src/flows/aside.ts',
    from: "      if (fault instanceof Fault && fault.code === 'ledger_unavailable') throw fault;\n",
    to: '',
    by: unit('test/flows/full-disk.test.ts', 'facts that cannot be stored'),
  },
  {
    name: 'H2 a loop that fails renews the view',
    file: 'src/flows/heartbeat.ts',
    from: 'if (missing !== null) throw missing.fault;',
    to: '',
    by: unit('test/flows/heartbeat.test.ts', 'the gate stops vouching'),
  },
  {
    name: 'G1 a database that went back is taken for whole',
    file: 'src/core/continuity.ts',
    from: 'return before.identity !== after.identity || after.position < before.position;',
    to: 'return false;',
    by: unit(CONTINUITY, 'another identity, an older position'),
  },
  {
    name: 'G2 nothing is waited for after the database went back',
    file: 'src/flows/continuity.ts',
    from: 'open.untilHeight ??= height + BLOCKS_UNTIL_DEAD;',
    to: 'open.untilHeight ??= height;',
    by: unit(CONTINUITY, 'after a failover nothing is signed'),
  },
  {
    name: 'I1 a transaction is dropped before finality could have reached it',
    file: 'src/flows/absence.ts',
    from: "if (tip <= slot + FINALIZED_SOON_SLOTS) return 'unproven';",
    to: '',
    by: unit('test/flows/absence.test.ts', 'is not dropped before finality could have reached it'),
  },
  {
    name: 'C4 a drop is proven by a node that tells its status from behind',
    file: 'src/chain/absence.ts',
    from: "if (told.statusSlot < tip) throw unanswered('the node that gave the status is behind');",
    to: '',
    by: unit('test/chain/absence.test.ts', 'a node that is behind, pruned, or of another opinion'),
  },
  {
    name: 'P2 death without the history',
    file: 'src/core/death.ts',
    from: 'told.historyAbsent === true &&',
    to: '',
    by: unit(PAYMENT, 'needs every answer, of both'),
  },
  {
    name: 'P3 death without the status',
    file: 'src/core/death.ts',
    from: 'told.statusAbsent === true &&',
    to: '',
    by: unit(PAYMENT, 'needs every answer, of both'),
  },
  {
    name: 'P4 no margin past the expiry',
    file: 'src/core/death.ts',
    from: 'DEATH_MARGIN_BLOCKS = 32',
    to: 'DEATH_MARGIN_BLOCKS = 0',
    by: unit(PAYMENT, 'needs every answer, of both'),
  },
  {
    name: 'P5 dead ten blocks before the expiry',
    file: 'src/core/death.ts',
    from: 'DEATH_MARGIN_BLOCKS = 32',
    to: 'DEATH_MARGIN_BLOCKS = -10',
    by: unit(PAYMENT, 'needs every answer, of both'),
  },
  {
    name: 'S5 dead without proof',
    file: 'src/flows/proving.ts',
    from: 'if (isProvenDead(signed, agreeing)) return agreeing;',
    to: 'if (true) return agreeing;',
    by: unit(SETTLE, 'no age and no height is a death'),
  },
  ...CLEARED,
  ...DECIDED,
  ...EVIDENCE,
  ...EXCESS,
  ...LIMITED,
  ...SIGNED,
  ...UNDER_WAY,
  ...WALKS,
];
