// Books sabotage: faults of the books, put in on purpose: a close or a transfer counts twice or too
// early, or a clearance covers what is owed.
import { waitingTransfers } from './memory/credits.ts';
import type { Deliberate } from './sabotage.ts';

export const BOOKS_SABOTAGES: Record<string, Deliberate> = {
  'booking a close twice': {
    within: 30,
    known: 2,
    sabotage: {
      meddle: ({ state }) => state?.accruals.clear(),
    },
  },
  'counting a transfer to a creator twice': {
    within: 60,
    known: 11,
    sabotage: {
      meddle: ({ state }) => state?.credits.clear(),
    },
  },
  'taking a confirmed transfer for a final one': {
    within: 100,
    known: 32,
    sabotage: {
      ledger: (ledger, { state }) => ({
        ...ledger,
        credits: {
          ...ledger.credits,
          async waiting() {
            for (const { row } of state === null ? [] : waitingTransfers(state))
              row.finality = 'finalized';
            return ledger.credits.waiting();
          },
        },
      }),
    },
  },
  'paying while a transfer to the creator waits to be matched': {
    within: 300,
    known: 66,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        credits: { ...ledger.credits, unmatched: async () => null },
      }),
    },
  },
  'covering a withdrawal under a clearance without a look at what is owed': {
    within: 300,
    known: 94,
    sabotage: {
      prepare: ({ state }) => {
        if (state !== null) state.clearedLeaving = false;
      },
    },
  },
};
