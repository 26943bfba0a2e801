// Exactly once: sends that are lost, answered with an error, expired or forked off, and two daemons
// on one database. In every case the creator ends with exactly what was owed. npm test plays every
// case at Drift under a blockhash, and a fork and two daemons at Velocity under a nonce; npm run
// test:long plays every case at each venue under each guard.
import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import { VENUE_NAMES } from '../../src/core/venue-name.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import type { VenueDriver } from '../../src/local/driver.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { LONG } from '../support/long.ts';
import { executorOf } from '../support/programs.ts';
import { paymentsIn } from '../support/rows.ts';
import { shareStreets } from '../support/shared-street.ts';
import { openStreet, profitableClose, type Street, type StreetOptions } from '../support/street.ts';

/** A subscriber of a test, with its trader and the creator that it pays. */
type Person = {
  readonly street: Street;
  readonly id: string;
  readonly creator: Keypair['publicKey'];
  readonly trader: ReturnType<VenueDriver['createTrader']>;
};

const paymentsOf = async ({ street, id }: Person) =>
  (await paymentsIn(street.database)).filter(({ subscriberId }) => subscriberId === id);
const statesOf = async (person: Person) => (await paymentsOf(person)).map(({ state }) => state);

async function paidExactly(person: Person): Promise<void> {
  const { street, id, creator } = person;
  const share = await street.share(id, (each) => each.status === 'paid');
  expect(street.people.quoteOf(creator)).toBe(BigInt(share.amount));
  const landed = (await paymentsOf(person)).filter(({ state }) => state === 'landed');
  expect(landed).toHaveLength(1);
  expect(street.world.cluster.find(landed[0]?.signature ?? '')?.execution.error).toBeNull();
}

const GUARDS = ['blockhash', 'nonce'] as const;
const PLACES = VENUE_NAMES.flatMap((venue) =>
  GUARDS.map((guard) => {
    const usual = LONG || (venue === 'drift-v2' && guard === 'blockhash');
    return {
      venue,
      guard,
      usual,
      executor: executorOf(venue),
      /** A fork, and two daemons: played in npm test under a nonce, at Velocity. */
      chief: LONG || (venue === 'velocity' && guard === 'nonce'),
      /** Those about expiry, and about the first send. */
      expiring: usual && guard === 'blockhash',
    };
  }),
);

describe.each(PLACES)(
  'at $venue on its $executor, under a $guard',
  ({ venue, guard, usual, chief, expiring }) => {
    const sponsor = Keypair.generate();
    const places = (options: StreetOptions): StreetOptions => ({
      ...options,
      ...(guard === 'nonce' ? { sponsor } : {}),
      venues: [venue],
      async settings(given, world) {
        const own = (await options.settings?.(given, world)) ?? given;
        return { ...own, payments: { ...own.payments, replayGuard: guard } };
      },
    });
    const shared = shareStreets((slotMs: number) => places({ slotMs }));
    /** A blockhash lasts 15 s, longer than a stop of the daemon; a block is final in 0.8 s. */
    const SLOW = 100;
    /** A blockhash is good for 0.75 s. */
    const FAST = 5;
    let people = 0;
    const join = async (street: Street): Promise<Person> => {
      if (guard === 'nonce') street.sendSol(sponsor.publicKey, 1_000_000_000n);
      const creator = Keypair.generate().publicKey;
      const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
      const id = `ana-${++people}`;
      await street.subscribe(id, trader, creator);
      return { street, id, creator, trader };
    };

    test.runIf(usual)(
      'the node answers with an error, and the transaction lands all the same',
      async () => {
        const person = await join(await shared(SLOW));
        const { street, trader } = person;
        street.world.mischief.denySends = 1;
        profitableClose(street.people, trader);
        await paidExactly(person);
        expect(await paymentsOf(person)).toHaveLength(1);
      },
    );

    test.runIf(expiring)('a send that is lost is sent again, the same bytes', async () => {
      const person = await join(await shared(SLOW));
      const { street, trader } = person;
      street.world.mischief.swallowSends = 2;
      profitableClose(street.people, trader);
      await paidExactly(person);
      expect(await paymentsOf(person)).toHaveLength(1);
    });

    test.runIf(expiring)(
      'a payment that never lands is proven dead, and only then is there another',
      async () => {
        const person = await join(await shared(FAST));
        const { street, trader } = person;
        street.world.mischief.swallowSends = 1_000_000;
        profitableClose(street.people, trader);
        await expect.poll(() => statesOf(person)).toContain('dead');
        street.world.mischief.swallowSends = 0;
        await paidExactly(person);
        const dead = (await paymentsOf(person)).find(({ state }) => state === 'dead');
        // One provider alone has to say so in three rounds, some blocks apart.
        const { rounds } = dead?.evidence ?? { rounds: [] };
        expect(rounds).toHaveLength(3);
        for (const round of rounds)
          expect(round).toMatchObject({
            statusAbsent: true,
            transactionAbsent: true,
            historyAbsent: true,
            historyReaches: true,
            lastHeight: expect.any(Number),
            ownChain: true,
            second: 'none',
          });
        expect(street.world.cluster.find(dead?.signature ?? '')).toBeNull();
      },
    );

    test.runIf(expiring)('while RPC gives no answer nothing is declared dead', async () => {
      const person = await join(await shared(FAST));
      const { street, trader } = person;
      const { mischief } = street.world;
      // The first send is lost, and from then on no node answers for a history.
      mischief.onSend = {
        when: 'before',
        act: () => void mischief.failing.set('getSignaturesForAddress', 1_000_000),
      };
      profitableClose(street.people, trader);
      await expect.poll(() => statesOf(person)).toEqual(['sent']);
      const [{ lastValidBlockHeight: height } = { lastValidBlockHeight: null }] =
        await paymentsOf(person);
      expect(height).not.toBeNull();
      await expect
        .poll(() => street.world.cluster.height('finalized'))
        .toBeGreaterThan(Number(height) + 80);
      expect(await statesOf(person)).not.toContain('dead');
      mischief.onSend = null;
      mischief.failing.clear();
      await paidExactly(person);
    });

    test.runIf(chief)('a payment on a fork that is dropped lands again', async () => {
      const person = await join(await shared(SLOW));
      const { street, trader } = person;
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
      await paidExactly(person);
      const booked = (await paymentsOf(person)).map(({ signature }) => signature);
      // Under a nonce another variant may be the one that lands after the fork.
      if (guard === 'blockhash') expect(booked).toEqual([payment?.signature]);
      else expect(booked).toHaveLength(1);
    });

    test.runIf(chief)(
      'two daemons on one database pay once, also where they share the hearing',
      async () => {
        const shares = venue === 'drift-v2';
        await using street = await openStreet(
          places({ settings: (given) => ({ ...given, watch: { ...given.watch, share: shares } }) }),
        );
        const { id, creator, trader } = await join(street);
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
            async () => (await street.shares(id)).filter((each) => each.status === 'paid').length,
          )
          .toBe(4);
        const owed = (await street.shares(id)).reduce((sum, each) => sum + BigInt(each.amount), 0n);
        expect(street.people.quoteOf(creator)).toBe(owed);
        const gate = async (url: string) =>
          ((await (await fetch(`${url}/v1/gate/${id}`)).json()) as { outstanding: string })
            .outstanding;
        await expect.poll(() => gate(second.url)).toBe('0');
      },
    );

    test.runIf(expiring)(
      'a daemon that stops while a payment is on its way goes on from there',
      async () => {
        const person = await join(await shared(SLOW));
        const { street, trader } = person;
        street.world.mischief.swallowSends = 1_000;
        profitableClose(street.people, trader);
        await expect.poll(() => statesOf(person)).toEqual(['sent']);
        await street.stop();
        street.world.mischief.swallowSends = 0;
        await street.restart();
        await paidExactly(person);
        expect(await paymentsOf(person)).toHaveLength(1);
      },
    );
  },
);
