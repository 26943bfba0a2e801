// Behind reckonings: trades that records show after the last transaction whose log was cut, and
// before the state that proves its profit, at both venues. What is booked adds up to what the
// account realised, by the venue's own program.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { VENUE_NAMES, type VenueName } from '../../src/core/venue-name.ts';
import { FAST_CLUSTER } from '../../src/local/chain/cluster.ts';
import { openNode, verifyReceipts } from '../../src/verify/verify.ts';
import { asking } from '../support/ask.ts';
import { accountsIn, checksIn, factsOf } from '../support/heard-rows.ts';
import { receiptFrom } from '../support/receipt-from.ts';
import { openStreet } from '../support/street.ts';
import { tradeHidden } from '../support/trades.ts';

const SOL = 1_000_000_000n;

/** A subscriber of `venue` who has bought 2 SOL by record, and whose daemon is stopped since. */
async function holder(venue: VenueName) {
  const street = await openStreet({ venues: [venue] });
  const { people, world } = street;
  const ask = asking(() => street.app().url);
  const trader = people.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  const maker = people.createTrader({ deposit: 10_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey, 1_000, {}, venue);
  people.movePrice(0, 75_000_000n);
  people.trade(trader, 'long', 2n * SOL);
  await street.stop();
  const baseline = async () => {
    const { database } = street;
    const account = (await accountsIn(database)).find((each) => each.role === 'drift_user');
    const row = (await checksIn(database)).find((each) => each.address === account?.address);
    if (row === undefined) throw new Error('the account has no state');
    return row.baseline;
  };
  return {
    street,
    people,
    trader,
    /** The trader trades behind a cut log at a price that the market moves to. */
    hide(direction: 'long' | 'short', base: bigint, price: bigint) {
      people.movePrice(0, price);
      const reduceOnly = direction === 'short';
      return tradeHidden(people, trader, maker, { direction, base, price, reduceOnly });
    },
    trade(direction: 'long' | 'short', base: bigint, price: bigint) {
      people.movePrice(0, price);
      return people.trade(trader, direction, base, { reduceOnly: direction === 'short' });
    },
    /** All of it becomes final while the daemon is stopped, so that one state is read for it. */
    async check() {
      world.cluster.advance(FAST_CLUSTER.finalizedAfter);
      await street.restart();
      const reckonings = () => factsOf(street.database, 'reckoning');
      await expect.poll(async () => (await reckonings()).length).toBe(1);
    },
    /** The profit of each part that was booked, once a state from this slot on was read. */
    async booked(slot: number): Promise<bigint[]> {
      await expect.poll(async () => Number((await baseline()).slot)).toBeGreaterThanOrEqual(slot);
      type Listed = { reason: string | null; parts: { netPnl: string }[] };
      const closes = async () =>
        (await ask('GET', '/v1/subscribers/ana/closes')).body.closes as Listed[];
      await expect
        .poll(async () => (await closes()).every(({ parts }) => parts.length > 0))
        .toBe(true);
      return (await closes()).flatMap(({ parts }) => parts.map((each) => BigInt(each.netPnl)));
    },
    /** What a verifier finds wrong in the receipts of all shares. */
    async wrongInReceipts() {
      const { shares } = (await ask('GET', '/v1/shares?subscriber=ana')).body as {
        shares: { id: string }[];
      };
      const receipts = await Promise.all(
        shares.map(async ({ id }) =>
          receiptFrom((await ask('GET', `/v1/shares/${id}/receipt`)).body),
        ),
      );
      const node = openNode(world.chain.rpcUrl, () => Promise.resolve());
      const { checks } = await verifyReceipts(receipts, node);
      return checks.filter(({ verdict }) => verdict === 'differs');
    },
    async realised(): Promise<bigint> {
      const { counters } = await baseline();
      return BigInt(counters.realised) - BigInt(counters.funding);
    },
  };
}
/**
 * The sum of the parts is what was realised, less at most one base unit for each part: a close that
 * is booked before the reckoning bears its part of the opening fee, rounded up, of the whole lot.
 */
function expectSum(booked: readonly bigint[], realised: bigint): void {
  const sum = booked.reduce((rest, each) => rest + each, 0n);
  expect(realised - sum).toBeGreaterThanOrEqual(0n);
  expect(realised - sum).toBeLessThan(BigInt(booked.length));
}

test.each(VENUE_NAMES)('what was opened behind it is opened once, at %s', async (venue) => {
  const ana = await holder(venue);
  await using _ = ana.street;
  ana.hide('long', SOL, 76_000_000n);
  ana.trade('long', SOL, 77_000_000n);
  await ana.check();
  const { slot } = ana.trade('short', 4n * SOL, 80_000_000n);
  const booked = await ana.booked(slot);
  expect(booked).toHaveLength(2);
  expectSum(booked, await ana.realised());
});

test.each(VENUE_NAMES)('what was closed behind it is closed once, at %s', async (venue) => {
  const ana = await holder(venue);
  await using _ = ana.street;
  ana.hide('short', SOL / 2n, 80_000_000n);
  ana.trade('short', SOL / 2n, 81_000_000n);
  ana.trade('short', SOL / 2n, 82_000_000n);
  await ana.check();
  const { slot } = ana.trade('short', SOL / 2n, 83_000_000n);
  const booked = await ana.booked(slot);
  expect(booked).toHaveLength(4);
  expectSum(booked, await ana.realised());
  expect(await ana.wrongInReceipts()).toEqual([]);
});
