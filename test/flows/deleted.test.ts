// Deleted: Drift accounts that are deleted, made again, or reported as gone. Their profit is owed,
// and one answer of one node never closes an account.
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Fact, FactBody } from '../../src/core/fact.ts';
import { type AccountState, blankState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { LAST_ORDINAL } from '../../src/core/transaction.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { checkAccounts } from '../../src/flows/account-checks.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { closeFact, signatureOf } from '../support/ledger.ts';
import { accountOf, createListening } from '../support/listening.ts';

const never = new AbortController().signal;
const ANA = accountOf('ana');
const USDC = 1_000_000n;

const state = (
  slot: number,
  realised: bigint,
  counters: Partial<typeof NO_COUNTERS> = {},
): AccountState => ({
  ...blankState(slot),
  counters: { ...NO_COUNTERS, realised, ...counters },
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  quote: { scaled: 1_000n * USDC, unsettled: 0n, alone: true },
});

/**
 * Ana's account, checked at slot 40 with 1,000 USDC in it, and what the chain says of it
 * afterwards.
 */
async function world(now: { state: AccountState }) {
  const held = await createListening(['ana']);
  const { ledger, ports, node } = held;
  const chain = {
    ...ports.chain,
    slices: async () => ({ slot: now.state.slot, accounts: [null] }),
  } as unknown as Chain;
  const venue = {
    ...ports.venues.usual,
    quoteMint: QUOTE_MINT,
    stateOf: () => now.state,
    quoteMarketAddress: async () => ANA,
    quoteWorth: (scaled: bigint) => scaled,
  } as unknown as Venue;
  node.tip = 100;
  const account = { address: ANA, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, state(40, 5n));
  return {
    ...held,
    /** Records the facts of one transaction, read as final. */
    async did(slot: number, ...bodies: FactBody[]): Promise<void> {
      const signature = signatureOf(slot);
      const facts = bodies.map((body, index): Fact => {
        const last = body.kind === 'tally' || body.kind === 'unknown';
        const position = { slot, blockIndex: 0, ordinal: last ? LAST_ORDINAL : 4 * index };
        return { ...closeFact(slot, 0n, { account: ANA }), signature, position, body };
      });
      const rumour = { signature, blockIndex: 0, accounts: [ANA], slot };
      await ledger.sightings.note([rumour], { source: 'replay', by: 'finalized', nowMs: 0 });
      await ledger.sightings.record({
        signature,
        slot,
        finality: 'finalized',
        facts,
        dueMs: 0,
        nowMs: 0,
      });
    },
    async checked(runs = 3): Promise<bigint[]> {
      for (let n = 0; n < runs; n++) {
        const changed = new Map([[ANA, now.state.slot]]);
        await checkAccounts({ ...ports, chain, venues: venuesOf([venue]) }, changed, never);
      }
      await accrueCloses(ledger, silentLog);
      return (await ledger.shares.list({ limit: 10 })).map((each) => each.amount);
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

const deleted: FactBody = {
  kind: 'notice',
  what: 'user_deleted',
  who: null,
  amount: null,
  detail: '',
};
const cut = (deposited?: bigint | null): FactBody => ({
  kind: 'unknown',
  why: 'log_truncated',
  tradedAt: 1_023,
  ...(deposited === undefined ? {} : { deposited }),
});
const left = (amount: bigint, mint: string | null = QUOTE_MINT): FactBody => ({
  kind: 'outflow',
  route: 'withdraw',
  amount,
  mint: mint as never,
  decimals: 6,
  destination: null,
  internal: false,
  usd: null,
  owner: null,
  ofValue: true,
  consent: 'agent',
  signers: [],
});
const tally = (given: Partial<typeof NO_COUNTERS>): FactBody => ({
  ...NO_COUNTERS,
  ...given,
  kind: 'tally',
});

test('close, withdraw and delete in one transaction whose log is cut: the profit is owed', async () => {
  await using held = await world({ state: blankState(90) });
  await held.did(50, left(1_030n * USDC), deleted, cut());
  // 30 USDC of profit at 10 %.
  expect(await held.checked()).toEqual([3n * USDC]);
  expect(await held.ledger.checks.gaps()).toEqual([]);
  const [check] = await held.ledger.checks.find([ANA]);
  expect(check?.baseline?.hints.exists).toBe(false);
});

test('a deposit in between is no profit, and recorded profit is not owed twice', async () => {
  await using held = await world({ state: blankState(90) });
  const close = closeFact(45, 10n * USDC, { account: ANA }).body;
  await held.did(45, close, tally({ realised: 10n * USDC }));
  await held.did(50, left(1_240n * USDC), deleted, cut(200n * USDC));
  expect((await held.checked()).sort()).toEqual([1n * USDC, 3n * USDC]);
});

test.each([
  ['a movement that the instructions do not tell', [left(1_030n * USDC), deleted, cut(null)]],
  ['another token', [left(5n, 'another mint'), deleted, cut()]],
])(
  '%s behind a cut log makes a gap of the deletion, and no debt is made up',
  async (_name, bodies) => {
    await using held = await world({ state: blankState(90) });
    await held.did(50, ...bodies);
    expect(await held.checked()).toEqual([]);
    expect(await held.ledger.checks.gaps()).toHaveLength(1);
  },
);

test('a deletion whose every transaction was read owes what records told', async () => {
  await using held = await world({ state: blankState(90) });
  await held.did(50, left(1_005n * USDC), deleted, tally({ withdraws: 1_005n * USDC }));
  expect(await held.checked()).toEqual([]);
  expect(await held.ledger.checks.gaps()).toEqual([]);
});

test('an account that was deleted and made again counts from nothing', async () => {
  await using held = await world({ state: state(90, 7n * USDC, { deposits: 50n }) });
  await held.did(50, left(1_000n * USDC), deleted, cut());
  await held.did(60, tally({ realised: 7n * USDC, deposits: 50n }));
  expect(await held.checked()).toEqual([]);
  expect(await held.ledger.checks.gaps()).toEqual([]);
  const [check] = await held.ledger.checks.find([ANA]);
  expect(check?.baseline?.counters.realised).toBe(7n * USDC);
});

test('a gap that was open when the account was deleted stays open', async () => {
  const now = { state: state(60, 500n * USDC) };
  await using held = await world(now);
  await held.checked();
  expect(await held.ledger.checks.gaps()).toHaveLength(1);
  await held.did(70, left(1n), deleted, tally({ withdraws: 1n }));
  now.state = blankState(90);
  await held.checked();
  expect((await held.ledger.checks.gaps())[0]?.difference.realised).toBe(500n * USDC - 5n);
});

test('a node that says the account is gone, without a deletion, closes nothing and is asked again', async () => {
  const now = { state: blankState(90) };
  await using held = await world(now);
  expect(await held.checked()).toEqual([]);
  const [check] = await held.ledger.checks.find([ANA]);
  expect([check?.baseline?.slot, check?.baseline?.hints.exists]).toEqual([40, true]);
  expect(await held.ledger.checks.gaps()).toEqual([]);
  expect((await held.ledger.asides.list(5)).map((each) => each.kind)).toEqual(['state']);
  now.state = state(95, 5n);
  await held.did(80, tally({ realised: 0n }));
  held.clock.advance(60_000);
  await held.checked();
  expect(await held.ledger.asides.list(5)).toEqual([]);
});
