// Sabotage: faults put in on purpose, each with the number of seeds within which the laws must
// catch it, and the first seed that did. Most are what other payers really do (test/sim/peer.ts
// runs such rules whole).

import type { Absence } from '../../src/core/death.ts';
import type { Payments } from '../../src/core/payment-ports.ts';
import { memoryBooks, type SimBooks } from './books.ts';
import { BOOKS_SABOTAGES } from './books-sabotage.ts';
import { readTransaction } from './chain/message.ts';
import { NONCE_SABOTAGES } from './nonce-sabotage.ts';
import type { Sabotage } from './options.ts';
import { RECIPIENT_SABOTAGES } from './recipient-sabotage.ts';
import { simulate } from './simulate.ts';
import { withSwappedFacts } from './swapped.ts';
import { VENUE_SABOTAGES } from './venue-sabotage.ts';

const payments =
  (
    change: (own: Payments, books: SimBooks) => Partial<Payments>,
  ): NonNullable<Sabotage['ledger']> =>
  (ledger, books) => ({
    ...ledger,
    payments: { ...ledger.payments, ...change(ledger.payments, books) },
  });
const withoutIndex = ({ state }: SimBooks): void => {
  if (state !== null) state.oneLive = false;
};
/** Makes processing debts due again without asking what became of their payments. */
const resetStale = ({ state }: SimBooks): void => {
  for (const share of state?.shares.values() ?? [])
    if (share.status === 'processing') Object.assign(share, { status: 'pending', retryAtMs: null });
};

/** Far past any expiry. */
const AGED = {
  finalizedBlockHeight: Number.MAX_SAFE_INTEGER - 1,
  finalizedSlot: Number.MAX_SAFE_INTEGER,
} as const;
const ABSENT: Absence = {
  ...AGED,
  statusAbsent: true,
  transactionAbsent: true,
  historyAbsent: true,
  historyReaches: true,
  lastHeight: 1_000_000_000_000,
  ownChain: true,
};

/** The proof of death is deleted: a payment that is not known to be executed is called dead. */
export const BLIND: Sabotage = {
  chain: (chain) => ({
    ...chain,
    look: async (signature) => {
      const look = await chain.look(signature);
      return look.seen === 'nothing' || (look.seen === 'executed' && look.finality !== 'finalized')
        ? { seen: 'absent', finalizedSlot: 0, finalizedBlockHeight: Number.MAX_SAFE_INTEGER }
        : look;
    },
    deathEvidence: async () => ({ ...ABSENT, second: ABSENT }),
  }),
};

export type Deliberate = {
  readonly sabotage: Sabotage;
  readonly within: number;
  /** The seed from which that number is counted; left out, 1. */
  readonly from?: number;
  /** The first seed that caught it; a change of the simulator moves it. */
  readonly known: number;
  /** What keeps payments apart in these histories; left out, blockhashes. */
  readonly guard?: 'blockhash' | 'nonce';
};

export const SABOTAGES: Record<string, Deliberate> = {
  ...VENUE_SABOTAGES,
  ...BOOKS_SABOTAGES,
  ...RECIPIENT_SABOTAGES,
  ...NONCE_SABOTAGES,
  'taking a confirmed close for a final one': {
    within: 120,
    known: 11,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        sightings: {
          ...ledger.sightings,
          record: (read) => ledger.sightings.record({ ...read, finality: 'finalized' }),
        },
      }),
    },
  },
  'reading the facts of one transaction in the reverse order': {
    within: 30,
    known: 1,
    sabotage: { ledger: withSwappedFacts },
  },
  'taking a confirmed payment for a final one': {
    within: 60,
    known: 1,
    sabotage: {
      chain: (chain) => ({
        ...chain,
        look: async (signature) => {
          const look = await chain.look(signature);
          return look.seen === 'executed' ? { ...look, finality: 'finalized' } : look;
        },
      }),
    },
  },
  'resetting stale debts blindly, with no index to stop a second payment': {
    within: 30,
    known: 1,
    sabotage: {
      prepare: withoutIndex,
      meddle: resetStale,
      ledger: payments(() => ({ live: async () => null })),
    },
  },
  'claiming debts without looking whether somebody else has, and no index': {
    within: 60,
    known: 1,
    sabotage: {
      prepare: withoutIndex,
      ledger: payments((own, { state }) => ({
        open(payment) {
          for (const { shareId } of payment.plan.covers) {
            const share = state?.shares.get(shareId);
            if (share?.status === 'processing') share.status = 'pending';
          }
          return own.open(payment);
        },
      })),
    },
  },
  'refusing a payment that is on its way, because its simulation fails': {
    within: 60,
    known: 1,
    sabotage: {
      ledger: payments((own, { state }) => ({
        refused(id, ...rest) {
          const payment = state?.payments.get(id);
          if (payment?.state === 'signed' || payment?.state === 'sent') payment.state = 'planned';
          return own.refused(id, ...rest);
        },
      })),
    },
  },
  'sending as soon as it is signed, before that is on record': {
    within: 60,
    known: 1,
    sabotage: {
      pen: (pen, chain) => ({
        ...pen,
        async sign(request) {
          const signed = await pen.sign(request);
          chain.submit(readTransaction(signed.bytes, false), 0);
          return signed;
        },
      }),
    },
  },
  'taking age for a proof of death': {
    within: 60,
    known: 33,
    sabotage: {
      chain: (chain) => ({
        ...chain,
        look: async (signature) => {
          const look = await chain.look(signature);
          return look.seen === 'absent'
            ? { ...look, finalizedBlockHeight: Number.MAX_SAFE_INTEGER }
            : look;
        },
        deathEvidence: async (signed, account) => {
          const round = await chain.deathEvidence(signed, account);
          return { ...round, ...AGED, second: { ...round, ...AGED } };
        },
      }),
    },
  },
  'taking an error for an absence': {
    within: 60,
    known: 1,
    sabotage: BLIND,
  },
  'taking a payment that failed on chain for one that paid': {
    within: 400,
    known: 19,
    sabotage: {
      chain: (chain) => ({
        ...chain,
        // Simulations that fail are taken for good ones, so that payments do fail on chain: by
        // itself that costs fees, and breaks no law.
        simulate: async (...given) => ({ ...(await chain.simulate(...given)), error: null }),
        look: async (signature) => {
          const look = await chain.look(signature);
          return look.seen === 'executed' ? { ...look, error: null } : look;
        },
      }),
    },
  },
  'losing what was heard before it was read': {
    within: 10,
    known: 1,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        sightings: { ...ledger.sightings, note: async () => {} },
        watchList: {
          ...ledger.watchList,
          scanned: (address, reached, _rumours, naming) =>
            ledger.watchList.scanned(address, reached, [], naming),
        },
      }),
    },
  },
  'keeping the facts of a fork that was dropped': {
    within: 100,
    known: 22,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        sightings: { ...ledger.sightings, drop: async () => [] },
      }),
    },
  },
  'dropping the fraction that division leaves': {
    within: 10,
    known: 1,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        shares: {
          ...ledger.shares,
          book: (close, accrued) =>
            ledger.shares.book(close, {
              ...accrued,
              bookings: accrued.bookings.map((each) => ({
                ...each,
                after: { ...each.after, carry: 0n },
              })),
            }),
        },
      }),
    },
  },
  'counting a withdrawal to the own wallet as an outflow': {
    within: 60,
    known: 3,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        sightings: {
          ...ledger.sightings,
          record: (read) =>
            ledger.sightings.record({
              ...read,
              facts: read.facts.map((fact) =>
                fact.body.kind === 'outflow'
                  ? { ...fact, body: { ...fact.body, internal: false } }
                  : fact,
              ),
            }),
        },
      }),
    },
  },
  'giving up a debt that failed': {
    within: 100,
    known: 11,
    sabotage: {
      meddle: ({ state }) => {
        for (const share of state?.shares.values() ?? [])
          if (share.attempts > 0 && share.status === 'pending') share.status = 'voided';
      },
    },
  },
};

/**
 * The first seed whose history breaks a law under this fault; null when none within the stated
 * number does. With `known` the seed that caught it last is tried before the others.
 */
export async function caughtAt(
  { sabotage, within, from = 1, known, guard = 'blockhash' }: Deliberate,
  first: 'known' | 'one' = 'one',
): Promise<{ seed: number; law: string } | null> {
  const seeds = Array.from({ length: within }, (_, index) => from + index);
  for (const seed of first === 'known' ? [known, ...seeds] : seeds) {
    try {
      await simulate(seed, memoryBooks, sabotage, { guard });
    } catch (thrown) {
      return { seed, law: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }
  return null;
}
