// Limits: faults in what the pen counts towards a day, and in the bound that planning keeps to.
import type { Mutant } from './table.ts';

const unit = (file: string, test: string) => ({ file, test });
const SUMS = 'test/core/signed-today.test.ts';
const PLANNING = 'test/flows/planning-limits.test.ts';
const SETTLE = 'test/flows/settle.test.ts';

export const LIMITED: readonly Mutant[] = [
  {
    name: 'PL1 the pen frees an amount whose bytes may still land',
    file: 'src/core/signed-today.ts',
    from: 'proof.finalizedBlockHeight > signed.lastValidBlockHeight + DEATH_MARGIN_BLOCKS',
    to: 'proof.finalizedBlockHeight > 0',
    by: unit(SUMS, 'once its own last block height is long final'),
  },
  {
    name: 'PL2 the pen frees an amount by a signature that is not its own',
    file: 'src/core/signed-today.ts',
    from: 'if (signed === undefined) return false;',
    to: "if (signed === undefined) return proof.by === 'failure';",
    by: unit(SUMS, 'by its own id and signature alone'),
  },
  {
    name: 'PL3 any move of a nonce is a cancellation of the payment',
    file: 'src/core/signed-today.ts',
    from: 'return counted.cancellations.includes(signature);',
    to: 'return true;',
    by: unit(SUMS, 'where it was signed here'),
  },
  {
    name: 'PL4 a variant that was not signed frees the amount of another one',
    file: 'src/core/signed-today.ts',
    from: 'else if (mine.working === 0 && mine.transactions.length === 0) remove(sum, mine);',
    to: 'else remove(sum, mine);',
    by: unit(SUMS, 'takes nothing out while another one may land'),
  },
  {
    name: 'PL5 the pen is not told of payments that are proven dead',
    file: 'src/flows/burying.ts',
    from: "pen.ended({ payment, signature, by: 'expiry', finalizedBlockHeight: finalized });",
    to: '',
    by: unit(SETTLE, 'the pen is told of a payment that is proven dead'),
  },
  {
    name: 'PL6 the pen is not told of payments that failed on chain',
    file: 'src/flows/payment-ends.ts',
    from: "ports.pen.ended({ payment, signature, by: 'failure' });",
    to: '',
    by: unit(SETTLE, 'the pen is told of a payment that failed in a finalized block'),
  },
  {
    name: 'PL7 planning does not ask for the sum of the pen',
    file: 'src/flows/budget.ts',
    from: 'const signed = most(known, pen.signedToday(subscriberId, mint));',
    to: 'const signed = most(known, 0n);',
    by: unit(PLANNING, 'the larger sum of ledger and pen'),
  },
  {
    name: 'PL8 a debt above a limit holds the others',
    file: 'src/flows/planning.ts',
    from: 'alone ? [alone] : debtsAt(due, oldest.venue)',
    to: 'debtsAt(due, oldest.venue)',
    by: unit(PLANNING, 'a debt above a limit by itself rests alone'),
  },
  {
    name: 'PL9 the reimbursement takes a payment above the limits',
    file: 'src/core/plan.ts',
    from: 'movedMost === null ? rest : least(rest, movedMost - amount)',
    to: 'rest',
    by: unit('test/core/plan.test.ts', 'out of what is left, rounded up'),
  },
  {
    name: 'PL10 a swap is planned that the pen refuses',
    file: 'src/flows/planning.ts',
    from: '(movedMost === null || options.topUp <= movedMost) &&\n      ',
    to: '',
    by: unit(PLANNING, 'a swap for SOL that the pen would not sign'),
  },
  {
    name: 'PL11 a day that is used up is left to a person',
    file: 'src/flows/refusal.ts',
    from: 'if (isOwnTroubleCode(trouble)) return troubled(trouble, thrown.message);',
    to: 'if (isOwnTroubleCode(trouble))\n      return { class: known, code: trouble, detail: thrown.message };',
    by: unit('test/flows/signing.test.ts', 'a day that is used up is a pause'),
  },
];
