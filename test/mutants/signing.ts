// Signing: faults in what keeps a planned payment from being signed, and in the compute limit and
// the price of what is signed.
import type { Mutant } from './table.ts';

const unit = (file: string, test: string) => ({ file, test });
const SIGNING = 'test/flows/signing.test.ts';
const SETTLE = 'test/flows/settle.test.ts';
const PLANNING = 'test/flows/planning.test.ts';
const TIP = 'test/adversarial/tip.test.ts';

export const SIGNED: readonly Mutant[] = [
  {
    name: 'E1 the price of a payment rises without an end',
    file: 'src/core/backoff.ts',
    from: 'return least(most(fromUsual, fromFirst), cap);',
    to: 'return most(fromUsual, fromFirst);',
    by: unit('test/core/backoff.test.ts', 'stops at the cap'),
  },
  {
    name: 'E2 the cap of the price is ten times what the settings allow',
    file: 'src/chain/fees.ts',
    from: '(options.priorityFeeMost * 1_000_000n)',
    to: '(options.priorityFeeMost * 10_000_000n)',
    by: unit('test/chain/fees.test.ts', 'the cap holds for every price'),
  },
  {
    name: 'E3 the pen signs at any price',
    file: 'src/core/payment-rules.ts',
    from: 'priorityFeeAt(microLamports) <= priorityFeeMost,',
    to: 'true,',
    by: unit('test/adversarial/pen.test.ts', 'an excessive priority fee'),
  },
  {
    name: 'E4 every payment asks for all the units that a transaction may have',
    file: 'src/flows/signing.ts',
    from: 'const units = unitsFor(simulated.units, failures);',
    to: 'const units = UNITS_MOST;',
    by: unit(SIGNING, 'the compute limit is that of the simulation and a fifth'),
  },
  {
    name: 'E5 a payment that ran out of units asks for no more of them',
    file: 'src/flows/signing.ts',
    from: 'UNITS_MARGIN_PERCENT * (1 + failures)',
    to: 'UNITS_MARGIN_PERCENT',
    by: unit(SIGNING, 'after failures the compute limit is wider'),
  },
  {
    name: 'E6 limit and price are not signed',
    file: 'src/flows/signing.ts',
    from: '...core.slice(0, at), ...budget, ...core.slice(at)',
    to: '...core',
    by: unit(SIGNING, 'limit and price stand in front'),
  },
  {
    name: 'E7 compute that was exceeded once is for an operator',
    file: 'src/flows/payment-ends.ts',
    from: "found.class === 'operator' ? { ...found, class: 'unexpected' } : found",
    to: "found.class === 'unexpected' ? { ...found, class: 'operator' } : found",
    by: unit(SIGNING, 'classed from its own bytes'),
  },
  {
    name: 'E8 a transfer to a second recipient is not waited for',
    file: 'src/flows/signing-obstacle.ts',
    from: 'const transfer = await ledger.credits.unmatched(subscriberId, wallet);',
    to: 'const transfer = await ledger.credits.unmatched(subscriberId, payment.creatorWallet);',
    by: unit(SETTLE, 'is not signed while a transfer to the'),
  },
  {
    name: 'E9 a halt of a second recipient stops nothing',
    file: 'src/flows/signing-obstacle.ts',
    from: 'const halt = await halts.holding(payment.subscriberId, wallet);',
    to: 'const halt = await halts.holding(payment.subscriberId, payment.creatorWallet);',
    by: unit(SETTLE, 'is not signed after a halt of the'),
  },
  {
    name: 'E10 debts are planned while a transfer to their creator is not matched',
    file: 'src/flows/planning.ts',
    from: "if (transfer !== null) return { kind: 'rest', debts: own, trouble: unmatchedBy(transfer) };",
    to: '',
    by: unit(PLANNING, 'while a transfer to a creator is not matched'),
  },
  {
    name: 'E11 debts are planned while books and chain disagree',
    file: 'src/flows/planning.ts',
    from: "if (behind !== null) return { kind: 'rest', debts: due, trouble: behind };",
    to: '',
    by: unit(PLANNING, 'with books behind the chain'),
  },
  {
    name: 'E12 a market that the venue does not settle ends the plan',
    file: 'src/flows/room.ts',
    from: "if (market !== undefined) return { kind: 'not_settled', market, trouble };",
    to: '',
    by: unit(PLANNING, 'is dropped and the payment planned anew'),
  },
  {
    name: 'E13 the height of a proof is that of a block which may be dropped',
    file: 'src/chain/proof.ts',
    from: "connection.getEpochInfo('finalized')",
    to: "connection.getEpochInfo('confirmed')",
    by: unit('test/chain/proof.test.ts', 'a landed payment is not dead'),
  },
  {
    name: 'E14 the whole SDK is loaded for a payment',
    file: 'src/venue/drift-v2/sdk.ts',
    from: 'const idl = require(',
    to: "require('@drift-labs/sdk');\n  const idl = require(",
    by: unit('test/venue/builder.test.ts', 'the interface of the SDK is loaded'),
  },
  {
    name: 'E15 the first payment waits until the SDK is loaded',
    file: 'src/venue/venue.ts',
    from: 'await door.load();\n    },\n    async instructions(',
    to: '},\n    async instructions(',
    by: unit('test/venue/builder.test.ts', 'prepare loads the builder'),
  },
  {
    name: 'E16 the pen signs a tip above the setting',
    file: 'src/core/payment-rules.ts',
    from: 'lamports <= (tipLimits?.most ?? 0n),',
    to: 'lamports >= 0n || tipLimits === null,',
    by: unit(TIP, 'a tip on record above the setting'),
  },
  {
    name: 'E17 the pen signs a tip to an account that no setting names',
    file: 'src/core/payment-rules.ts',
    from: 'tipLimits?.accounts.includes(to) === true,',
    to: 'to !== null || tipLimits === null,',
    by: unit(TIP, 'to an account that no setting names'),
  },
  {
    name: 'E18 a payment gives its tip as often as it likes',
    file: 'src/core/policy.ts',
    from: "count('pay_tip') === (tip === null ? 0 : 1),",
    to: "count('pay_tip') >= (tip === null ? 0 : 1),",
    by: unit(TIP, 'twice'),
  },
  {
    name: 'E19 a tip is no part of the SOL that a payment needs',
    file: 'src/core/plan-costs.ts',
    from: 'const rest = costs.priority + rent + tip;',
    to: 'const rest = costs.priority + rent + tip * 0n;',
    by: unit('test/core/sender-tip.test.ts', 'the agent as long as its reserve remains'),
  },
  {
    name: 'E20 a payment under a nonce may take a route with another tip',
    file: 'src/core/payment-route.ts',
    from: '    isSameTip(plan.tip, payment.plan.tip) &&\n',
    to: '',
    by: unit('test/core/sender-tip.test.ts', 'is none where the tip cannot be paid'),
  },
  {
    name: 'E21 a tip that the settings allow no longer is signed',
    file: 'src/flows/signing.ts',
    from: 'if (tip && !isAllowed(tip, ports.sender?.limits ?? null)) {',
    to: 'if (tip && tip.lamports < 0n) {',
    by: unit(SIGNING, 'a tip that the settings allow no longer'),
  },
  {
    name: 'E22 a cancellation goes to the sender of the payment that it cancels',
    file: 'src/flows/settle.ts',
    from: "purpose === 'payment' && plan.tip !== undefined",
    to: 'plan.tip !== undefined',
    by: unit('test/flows/tipped-sends.test.ts', 'a cancellation goes to the nodes alone'),
  },
  {
    name: 'E23 the sponsor’s budget counts no tip that is not read yet',
    file: 'src/ledger/costs.ts',
    from: 'select p.subscriber_id, coalesce(p.tip, 0), case when',
    to: 'select p.subscriber_id, 0, case when',
    by: unit('test/ledger/costs.test.ts', 'a tip counts for the sponsor as planned'),
  },
  {
    name: 'F4 one status ends a payment',
    file: 'src/chain/look.ts',
    from: 'const isUnsure = isFinal(status) && !(await isWitnessed(sources, signature, status));',
    to: 'const isUnsure = false;',
    by: { file: 'test/flows/one-answer.test.ts', test: 'one status calls failed' },
  },
];
