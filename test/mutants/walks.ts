// Walks: faults in which histories a daemon walks.
import type { Mutant } from './table.ts';

export const WALKS: readonly Mutant[] = [
  {
    name: 'I3 a daemon that starts walks no history of a debtor whose accounts are as before',
    file: 'src/flows/walks.ts',
    from: 'if (owes(address) || run.isDue(address))',
    to: 'if (run.isDue(address))',
    by: {
      file: 'test/flows/walks.test.ts',
      test: 'of whom one changed, and of debtors',
    },
  },
  {
    name: 'I4 a pulse of after the end of its walk is kept',
    file: 'src/flows/backfill.ts',
    from: 'pulse !== undefined && pulse.slot <= tip ? pulse : null',
    to: 'pulse ?? null',
    by: { file: 'test/flows/backfill.test.ts', test: 'with none of a later slot' },
  },
];
