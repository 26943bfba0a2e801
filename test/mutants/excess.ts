// Excess: faults in what a payment on chain covers, and in whom its excess holds up.
import type { Mutant } from './table.ts';

export const EXCESS: readonly Mutant[] = [
  {
    name: 'B12 a payment of another token covers debts',
    file: 'src/core/rebuild.ts',
    from: 'authority === agent.wallet && mint === agent.mint && amount > 0n,',
    to: 'authority === agent.wallet && amount > 0n,',
    by: { file: 'test/core/rebuild.test.ts', test: 'a transfer of nothing, of another token' },
  },
  {
    name: 'B13 a wallet that got an excess is paid',
    file: 'src/flows/planning.ts',
    from: "if (excess !== null) return { kind: 'rest', debts: own, trouble: excess };",
    to: '',
    by: { file: 'test/flows/planning.test.ts', test: 'with books behind the chain' },
  },
  {
    name: 'B14 a payment of another process is signed although its recipient got an excess',
    file: 'src/flows/own-payments.ts',
    from: 'return excesses.find((each) => each !== null) ?? null;',
    to: 'return null;',
    by: { file: 'test/flows/settle.test.ts', test: 'that another process planned or signed' },
  },
  {
    name: 'B15 an excess holds up debts to every wallet',
    file: 'src/flows/books-comparison.ts',
    from: 'const own = rests.find((each) => each.wallet === wallet);',
    to: 'const own = rests[0];',
    by: { file: 'test/flows/excess.test.ts', test: 'holds up no debt to another' },
  },
  {
    name: 'B17 one excess is given to a debt by two callers',
    file: 'src/ledger/found-payments.ts',
    from: 'await requireUncovered(tx, subscriberId, covers)',
    to: '[]',
    by: { file: 'test/flows/excess.test.ts', test: 'give each unit of it once' },
  },
  {
    name: 'B18 a payment whose terms may be lost holds up no older debt to another wallet',
    file: 'src/flows/books-comparison.ts',
    from: '?? rests.find((each) => each.maybeLost === true && each.slot >= slot)',
    to: '',
    by: { file: 'test/flows/excess.test.ts', test: 'holds up older debts to others' },
  },
  {
    name: 'B19 a payment under the nonce of its subscriber that landed late is not taken for lost',
    file: 'src/flows/books-comparison.ts',
    from: "(each) => each.effect === 'advance_nonce' && nonceAccounts.has(each.account),",
    to: '() => false,',
    by: { file: 'test/flows/excess.test.ts', test: 'however late it landed' },
  },
  {
    name: 'B16 a gap stands although its states have changed',
    file: 'src/ledger/checks.ts',
    from: "where c.address = old.address and (c.candidate->>'slot')::bigint =",
    to: 'where c.address = old.address and -9 <>',
    by: { file: 'test/ledger/checks.test.ts', test: 'a difference between two states stands only' },
  },
];
