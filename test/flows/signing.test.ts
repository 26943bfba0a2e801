// Signing: a failure before anything is signed ends the payment with its reason. Outdated memory of
// the venue costs one more simulation. A payment that failed on chain is classified from its bytes.

import { expect, test } from 'vitest';
import { NO_TRIES, type Tries } from '../../src/core/aftermath.ts';
import type { Simulated } from '../../src/core/chain-ports.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { NonceAt } from '../../src/core/nonce.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import type { TipLimits } from '../../src/core/sender-tip.ts';
import type { SignedBytes } from '../../src/core/signed-bytes.ts';
import { USDC } from '../../src/core/token.ts';
import type { SeenAccount } from '../../src/core/venue.ts';
import { createSettle, type SettleOptions, type SettlePorts } from '../../src/flows/settle.ts';
import { createSigning, type SigningPorts } from '../../src/flows/signing.ts';
import { silentLog } from '../../src/system/log.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from '../support/clock.ts';
import { servingOnly } from '../support/venues.ts';

const SYSTEM = '11111111111111111111111111111111' as Address;
const FINE = { error: null, units: 100_000 };
const failing = (number: number) => ({ error: { InstructionError: [1, { Custom: number }] } });
const subscriber = { id: 'ana', agentWallet: 'a', agentTokenAccount: 't' } as unknown as Subscriber;
const MEASURED = { address: 'u', spotMarkets: [], perps: [] } as unknown as SeenAccount;
const payment = (given: Partial<Payment> = {}): Payment =>
  ({
    id: 'p1',
    purpose: 'share',
    subscriberId: 'ana',
    creatorWallet: 'c',
    venue: 'drift-v2',
    token: USDC,
    driftUser: 'u',
    attempts: 0,
    signed: null,
    plan: {
      covers: [{ shareId: 's', amount: 1n }],
      feePayer: 'agent',
      settleMarkets: [],
      amount: 1n,
    },
    ...given,
  }) as unknown as Payment;

function signing(
  answers: (Partial<Simulated> | Error)[],
  given: {
    tries?: Tries;
    swap?: () => Promise<never>;
    sponsor?: string;
    tips?: TipLimits;
    /** What the pen throws. */
    limited?: Fault;
  } = {},
) {
  const seen = {
    budgets: [] as [number, bigint][],
    expiries: [] as unknown[],
    /** How often the account was read anew, and the oracles were forgotten. */
    readAnew: 0,
    forgotten: 0,
    builtFrom: [] as unknown[],
    asked: 0,
    /** The instructions of what was signed last. */
    signed: [] as unknown[],
    signedToday: 0n,
  };
  const simulate = async () => {
    seen.asked++;
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked again');
    return { programs: [SYSTEM, PROGRAM_ID], logs: [], tables: [], blockhash: 'h', ...answer };
  };
  const ports = {
    ledger: {
      subscribers: { agentKey: async () => null },
      costs: { signedToday: async () => 100n },
      shares: { tries: async () => given.tries ?? NO_TRIES },
    },
    chain: {
      simulate,
      simulateBytes: simulate,
      accounts: async () => ({ slot: 1, accounts: [] }),
    },
    tokens: {
      tokenAccount: () => 'ata',
      transferInstructions: () => ({ before: [], after: [] }),
    },
    venues: servingOnly({
      ...createDriftVenue(),
      account: async () => ({ reading: ++seen.readAnew }),
      instructions: async (_parts: unknown, account: unknown) => {
        seen.builtFrom.push(account);
        return ['withdraw'];
      },
      forgetOracles: () => seen.forgotten++,
    }),
    pen: {
      sponsor: given.sponsor ?? null,
      signSwap: () => Promise.reject(given.limited),
      sign: async (request: { instructions: unknown[]; signedToday: bigint }) => {
        if (given.limited !== undefined) throw given.limited;
        seen.signed = request.instructions;
        seen.signedToday = request.signedToday;
        return { signature: 'sig', bytes: new Uint8Array() };
      },
    },
    nonces: { advance: () => 'advance' },
    fees: {
      tokenAccountRent: async () => 1n,
      microLamports: async (expiries: unknown) => {
        seen.expiries.push(expiries);
        return 7n;
      },
    },
    budget: (units: number, price: bigint) => {
      seen.budgets.push([units, price]);
      return ['limit and price'];
    },
    swaps: given.swap === undefined ? null : { offer: given.swap },
    sender: given.tips === undefined ? null : { limits: given.tips },
  } as unknown as SigningPorts;
  return { sign: createSigning(ports), seen };
}

test('a payment is built from the reading by which it was planned, and from a new one when there is none', async () => {
  const { sign, seen } = signing([FINE, FINE]);
  await sign(payment(), subscriber, MEASURED);
  await sign(payment(), subscriber, null);
  expect(seen).toMatchObject({ readAnew: 1, forgotten: 0, builtFrom: [MEASURED, { reading: 1 }] });
});

test('a tip that the settings allow no longer is not signed, and the payment is planned anew', async () => {
  const tip = { lamports: 5_000n, account: 'tips' as Address };
  const tipped = payment({ plan: { ...payment().plan, tip } });
  const limits = { most: 5_000n, accounts: [tip.account] };
  const { sign } = signing([FINE], { tips: limits });
  expect(await sign(tipped, subscriber, MEASURED)).toHaveProperty('bytes');
  for (const tips of [undefined, { ...limits, most: 4_999n }, { ...limits, accounts: [] }]) {
    const refusing = signing([], { ...(tips && { tips }) });
    expect(await refusing.sign(tipped, subscriber, MEASURED)).toMatchObject({
      refused: { class: 'retry_soon', code: 'tip_off' },
    });
    expect(refusing.seen.asked).toBe(0);
  }
});

test('a payment that is signed again does not count twice towards the limit of a day', async () => {
  const { sign, seen } = signing([FINE, FINE]);
  const plan = { ...payment().plan, amount: 40n, reimburse: 2n };
  await sign(payment({ plan, signed: null }), subscriber, MEASURED);
  expect(seen.signedToday).toBe(100n);
  await sign(payment({ plan, signed: {} as SignedBytes }), subscriber, null);
  expect(seen.signedToday).toBe(58n);
});

test('when the venue moved an oracle, oracles and account are read again, and no debt shows it', async () => {
  const { sign, seen } = signing([failing(6036), FINE]);
  expect(await sign(payment(), subscriber, MEASURED)).toHaveProperty('bytes');
  expect(seen).toMatchObject({ asked: 2, forgotten: 1, builtFrom: [MEASURED, { reading: 1 }] });
});

test('an error that comes twice is planned anew before a person must look, and a passing error is simulated once more', async () => {
  const twice = signing([failing(6036), failing(6036)]);
  expect(await twice.sign(payment(), subscriber, MEASURED)).toMatchObject({
    refused: { class: 'unexpected', code: 'venue_6036' },
  });
  const frozen = signing([failing(17)]);
  expect(await frozen.sign(payment(), subscriber, MEASURED)).toMatchObject({
    refused: { class: 'unexpected', code: 'token_17' },
  });
  const passing = signing([failing(6264)]);
  expect(await passing.sign(payment(), subscriber, MEASURED)).toMatchObject({
    refused: { class: 'retry_soon', code: 'venue_6264' },
  });
});

test.each<[string, Error, object]>([
  [
    'an account that is gone',
    new RangeError('no account'),
    { code: 'not_built', class: 'unexpected' },
  ],
  [
    'a node that refuses',
    new Fault('rpc_refused', 'too large'),
    { code: 'rpc_refused', class: 'retry_soon' },
  ],
  [
    'a payment that is too large',
    new Fault('transaction_too_large', ''),
    { code: 'transaction_too_large', class: 'retry_when_healthier' },
  ],
])('%s ends the payment with its reason', async (_, thrown, refused) => {
  const { sign } = signing([thrown]);
  expect(await sign(payment(), subscriber, MEASURED)).toMatchObject({ refused });
});

test('a node that does not answer decides nothing', async () => {
  const { sign } = signing([new Fault('rpc_unavailable', 'timed out')]);
  await expect(sign(payment(), subscriber, MEASURED)).rejects.toThrow('timed out');
});

test('a swap that cannot be read is no swap: SOL is still what is missing', async () => {
  const swap = () => Promise.reject(new RangeError('encoding overruns Uint8Array'));
  const { sign } = signing([], { swap });
  expect(await sign(payment({ purpose: 'top_up' }), subscriber, MEASURED)).toMatchObject({
    refused: { class: 'needs_sol', code: 'swap_failed' },
  });
});

test('a day that is used up is a pause of a payment and of a swap; a limit that no day ends is for an operator', async () => {
  const swap = async () => ({}) as never;
  const refused = async (trouble: string | undefined, purpose: Payment['purpose']) => {
    const limited = new Fault('pen_limited', 'x', { context: { trouble } });
    const { sign } = signing([FINE], { swap, limited });
    const outcome = await sign(payment({ purpose }), subscriber, MEASURED);
    return 'refused' in outcome ? [outcome.refused.class, outcome.refused.code] : null;
  };
  for (const purpose of ['share', 'top_up'] as const)
    expect(await refused('day_limit', purpose)).toEqual(['needs_authorisation', 'day_limit']);
  expect(await refused(undefined, 'share')).toEqual(['operator', 'pen_limited']);
  expect(await refused(undefined, 'top_up')).toEqual(['needs_sol', 'swap_failed']);
});

test('after failures the compute limit is wider, after expiries the price is asked for with them', async () => {
  const first = signing([FINE]);
  await first.sign(payment(), subscriber, MEASURED);
  expect(first.seen).toMatchObject({ budgets: [[120_000, 7n]], expiries: [0] });
  const tries = { ...NO_TRIES, failures: 2, expiries: 3 };
  const later = signing([FINE], { tries });
  await later.sign(payment({ attempts: 5 }), subscriber, MEASURED);
  expect(later.seen).toMatchObject({ budgets: [[160_000, 7n]], expiries: [3] });
});

test('the compute limit is that of the simulation and a fifth, within 30,000 and what a transaction may ask for', async () => {
  const limits = async (units: number, failures = 0) => {
    const { sign, seen } = signing([{ error: null, units }], {
      tries: { ...NO_TRIES, failures },
    });
    await sign(payment({ attempts: failures }), subscriber, MEASURED);
    return seen.budgets.map(([limit]) => limit);
  };
  expect(await limits(112_633)).toEqual([135_159]);
  expect([await limits(0), await limits(25_000), await limits(25_001)]).toEqual([
    [30_000],
    [30_000],
    [30_001],
  ]);
  expect([await limits(1_166_666), await limits(1_166_667)]).toEqual([[1_399_999], [1_400_000]]);
  expect(await limits(1_399_000)).toEqual([1_400_000]);
  // A payment that ran out of units once gets two fifths more, and never more than twice as many.
  expect([await limits(100_000, 1), await limits(100_000, 9)]).toEqual([[140_000], [200_000]]);
});

test('limit and price stand in front of what is signed; behind what moves a nonce, which must be first', async () => {
  const plain = signing([FINE]);
  await plain.sign(payment(), subscriber, MEASURED);
  expect(plain.seen.signed).toEqual(['limit and price', 'withdraw']);
  const guarded = signing([FINE], { sponsor: 'sponsor' });
  const nonce = { account: 'n', value: 'v', slot: 1 } as unknown as NonceAt;
  await guarded.sign(payment({ nonce }), subscriber, MEASURED);
  expect(guarded.seen.signed).toEqual(['advance', 'limit and price', 'withdraw']);
});

test('a payment that failed on chain is classed from its own bytes, and holds the subscriber back', async () => {
  const signed = { signature: 'sig', bytes: Uint8Array.of(1) } as unknown as SignedBytes;
  const failed: unknown[][] = [];
  let live: Payment | null = payment({ state: 'sent', signed });
  const outcome = async (error: unknown) => {
    live = payment({ state: 'sent', signed });
    const settle = createSettle(
      {
        ledger: {
          payments: {
            live: async () => live,
            failed: async (...args: unknown[]) => {
              failed.push(args);
              live = null;
              return true;
            },
          },
          shares: { due: async () => [], tries: async () => ({ ...NO_TRIES, failures: 3 }) },
        },
        chain: {
          look: async () => ({ seen: 'executed', finality: 'finalized', slot: 9, error }),
          // No node is asked for the transaction.
          transaction: () => Promise.reject(new Error('asked')),
        },
        programsOf: () => [SYSTEM, PROGRAM_ID],
        venues: servingOnly(createDriftVenue()),
        pen: { sponsor: null, ended: () => {} },
        fees: {},
        books: { forget: () => {} },
        clock: createManualClock(0, () => 0),
        log: silentLog,
        ownSignatures: { sent: () => {}, ended: () => {} },
        onEnded: () => {},
      } as unknown as SettlePorts,
      { retryEveryMs: 10_000, pollMs: 1, rebroadcastMs: 1, finalityMs: 1 } as SettleOptions,
    );
    await settle.run('ana', new AbortController().signal);
    const [, slot, trouble, retryInMs] = failed.at(-1) ?? [];
    return { slot, trouble, retryInMs };
  };
  expect(await outcome({ InstructionError: [1, { Custom: 6003 }] })).toMatchObject({
    slot: 9,
    trouble: { class: 'retry_when_healthier', code: 'venue_6003' },
    // The fourth failure: half of 40 seconds, above the schedule of ten.
    retryInMs: 20_000,
  });
  // The same bytes passed a simulation: an error of set-up is a change in between.
  expect(await outcome({ InstructionError: [1, { Custom: 6036 }] })).toMatchObject({
    trouble: { class: 'unexpected', code: 'venue_6036' },
  });
  expect(await outcome({ InstructionError: [1, 'ComputationalBudgetExceeded'] })).toMatchObject({
    trouble: { class: 'unexpected' },
    retryInMs: 20_000,
  });
});
