// Exactly once: sends that are lost, answered with an error, expired or forked off, and two daemons
// on one database, at each venue. In every case the creator ends with exactly what was owed.
import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import { VENUE_NAMES } from '../../src/core/venue.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

const statesOf = async ({ database }: Street) =>
  (await paymentsIn(database)).map(({ state }) => state);

async function paidExactly(street: Street, creator: Keypair['publicKey']): Promise<void> {
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(street.people.quoteOf(creator)).toBe(BigInt(share.amount));
  const landed = (await paymentsIn(street.database)).filter(({ state }) => state === 'landed');
  expect(landed).toHaveLength(1);
  expect(street.world.cluster.find(landed[0]?.signature ?? '')?.execution.error).toBeNull();
}

// Drift plays them under a blockhash, Velocity under a nonce; `npm run once` plays them all.
const EVERYTHING = process.env.BAILIFF_ONCE_EVERYWHERE === 'yes';
const GUARDS = ['blockhash', 'nonce'] as const;
const PLACES = VENUE_NAMES.flatMap((venue) =>
  GUARDS.map((guard) => ({
    venue,
    guard,
    /** Those that any guard must pass are played here. */
    usual: EVERYTHING || (venue === 'velocity') === (guard === 'nonce'),
    /** Those about expiry, and about the first send. */
    expiring: guard === 'blockhash',
  })),
);

describe.each(PLACES)('at $venue, under a $guard', ({ venue, guard, usual, expiring }) => {
  const begin = async (options: Parameters<typeof openStreet>[0] = {}) => {
    const sponsor = Keypair.generate();
    const street = await openStreet({
      ...options,
      ...(guard === 'nonce' ? { sponsor } : {}),
      venues: [venue],
      async settings(given, world) {
        const own = (await options.settings?.(given, world)) ?? given;
        return { ...own, payments: { ...own.payments, replayGuard: guard } };
      },
    });
    if (guard === 'nonce') street.sendSol(sponsor.publicKey, 1_000_000_000n);
    const creator = Keypair.generate().publicKey;
    const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, creator);
    return { street, creator, trader, [Symbol.asyncDispose]: () => street[Symbol.asyncDispose]() };
  };

  test.runIf(usual)(
    'the node answers with an error, and the transaction lands all the same',
    async () => {
      await using begun = await begin();
      const { street, creator, trader } = begun;
      street.world.mischief.denySends = 1;
      profitableClose(street.people, trader);
      await paidExactly(street, creator);
      expect(await paymentsIn(street.database)).toHaveLength(1);
    },
  );

  test.runIf(expiring)('a send that is lost is sent again, the same bytes', async () => {
    // Its blockhash is good for 15 s.
    await using begun = await begin({ slotMs: 100 });
    const { street, creator, trader } = begun;
    street.world.mischief.swallowSends = 2;
    profitableClose(street.people, trader);
    await paidExactly(street, creator);
    expect(await paymentsIn(street.database)).toHaveLength(1);
  });

  test.runIf(expiring)(
    'a payment that never lands is proven dead, and only then is there another',
    async () => {
      await using begun = await begin({ slotMs: 5 });
      const { street, creator, trader } = begun;
      street.world.mischief.swallowSends = 1_000_000;
      profitableClose(street.people, trader);
      await expect.poll(() => statesOf(street)).toContain('dead');
      street.world.mischief.swallowSends = 0;
      await paidExactly(street, creator);
      const dead = (await paymentsIn(street.database)).find(({ state }) => state === 'dead');
      // One provider alone has to say so in three rounds, some blocks apart.
      const { rounds } = dead?.evidence ?? { rounds: [] };
      expect(rounds).toHaveLength(3);
      for (const round of rounds)
        expect(round).toMatchObject({
          statusAbsent: true,
          transactionAbsent: true,
          historyAbsent: true,
          historyReaches: true,
          blocksKept: true,
          ownChain: true,
          second: 'none',
        });
      expect(street.world.cluster.find(dead?.signature ?? '')).toBeNull();
    },
  );

  test.runIf(expiring)('while RPC gives no answer nothing is declared dead', async () => {
    await using begun = await begin({ slotMs: 5 });
    const { street, creator, trader } = begun;
    const { mischief } = street.world;
    // The first send is lost, and from then on no node answers for a history.
    mischief.onSend = {
      when: 'before',
      act: () => void mischief.failing.set('getSignaturesForAddress', 1_000_000),
    };
    profitableClose(street.people, trader);
    await expect.poll(() => statesOf(street)).toEqual(['sent']);
    const [{ lastValidBlockHeight: height } = { lastValidBlockHeight: null }] = await paymentsIn(
      street.database,
    );
    expect(height).not.toBeNull();
    await expect
      .poll(() => street.world.cluster.height('finalized'))
      .toBeGreaterThan(Number(height) + 80);
    expect(await statesOf(street)).not.toContain('dead');
    mischief.onSend = null;
    mischief.failing.clear();
    await paidExactly(street, creator);
  });

  test.runIf(usual)('a payment on a fork that is dropped lands again', async () => {
    await using begun = await begin({ slotMs: 60 });
    const { street, creator, trader } = begun;
    const { cluster } = street.world;
    const isPayment = (each: Landed): boolean =>
      each.execution.message.instructions.some(({ data }) =>
        Buffer.from(data).toString().startsWith('bailiff:'),
      );
    // As soon as the payment is confirmed, and before its block can be final.
    const dropped = new Promise<Landed[]>((resolve) => {
      const off = cluster.on((event) => {
        if (event.kind !== 'block' || event.commitment !== 'confirmed') return;
        if (!event.landed.some(isPayment)) return;
        off();
        setImmediate(() => resolve(cluster.forkOff(event.slot)));
      });
    });
    profitableClose(street.people, trader);
    const [payment] = (await dropped).filter(isPayment);
    await paidExactly(street, creator);
    const booked = (await paymentsIn(street.database)).map(({ signature }) => signature);
    // Under a nonce another variant may be the one that lands after the fork.
    if (guard === 'blockhash') expect(booked).toEqual([payment?.signature]);
    else expect(booked).toHaveLength(1);
  });

  test.runIf(usual)(
    'two daemons on one database pay once, also where they share the hearing',
    async () => {
      const shares = venue === 'drift-v2';
      await using begun = await begin({
        settings: (given) => ({ ...given, watch: { ...given.watch, share: shares } }),
      });
      const { street, creator, trader } = begun;
      const second = await startApp(
        { ...street.settings, secrets: { ...street.settings.secrets, heliusApiKey: null } },
        systemClock,
        silentLog,
      );
      await using open = new AsyncDisposableStack();
      open.defer(() => second.close());
      for (let n = 0; n < 4; n++) profitableClose(street.people, trader);
      await expect
        .poll(
          async () => (await street.shares('ana')).filter((each) => each.status === 'paid').length,
        )
        .toBe(4);
      const owed = (await street.shares('ana')).reduce(
        (sum, each) => sum + BigInt(each.amount),
        0n,
      );
      expect(street.people.quoteOf(creator)).toBe(owed);
      const gate = async (url: string) =>
        ((await (await fetch(`${url}/v1/gate/ana`)).json()) as { outstanding: string }).outstanding;
      await expect.poll(() => gate(second.url)).toBe('0');
    },
  );

  test.runIf(expiring)(
    'a daemon that stops while a payment is on its way goes on from there',
    async () => {
      // Its blockhash outlives the stop.
      await using begun = await begin({ slotMs: 100 });
      const { street, creator, trader } = begun;
      street.world.mischief.swallowSends = 1_000;
      profitableClose(street.people, trader);
      await expect.poll(() => statesOf(street)).toEqual(['sent']);
      await street.stop();
      street.world.mischief.swallowSends = 0;
      await street.restart();
      await paidExactly(street, creator);
      expect(await paymentsIn(street.database)).toHaveLength(1);
    },
  );
});
