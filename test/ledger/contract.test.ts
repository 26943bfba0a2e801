// Contract: the in-memory ledger of the simulator against the one on Postgres. Both are told the
// same random things, and must give the same answers at every step; so what the simulator proves of
// one holds of the other.
import { expect, test } from 'vitest';
import type { EventKind, EventOf } from '../../src/core/event.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { toJson } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createMemoryLedger } from '../sim/memory/ledger.ts';
import { createRandom } from '../sim/random.ts';
import { createDatabase } from '../support/database.ts';
import { everything } from '../support/ledger-answers.ts';
import { draw, settle } from '../support/ledger-steps.ts';
import { LONG } from '../support/long.ts';
import { watchNested } from '../support/nested.ts';
import { bySubscriber, plain } from '../support/plain.ts';

const START = 1_800_000_000_000;
/**
 * Histories that together end payments in every way: see the test of the methods below. In
 * `npm run test:long` three more.
 */
const SEEDS = [29, 86, 182, ...(LONG ? [179, 304, 339] : [])];

type Ports = Readonly<Record<string, Readonly<Record<string, (...given: never[]) => unknown>>>>;
/** The ledger, which adds the name of each method that is called to `called`. */
const noting = (ledger: Ledger, called: Set<string>): Ledger =>
  Object.fromEntries(
    Object.entries(ledger as unknown as Ports).map(([port, methods]) => [
      port,
      new Proxy(methods, {
        get(target, method: string) {
          called.add(`${port}.${method}`);
          return target[method];
        },
      }),
    ]),
  ) as unknown as Ledger;

/** Plays a history on both ledgers. Returns the methods that both were asked. */
async function play(seed: number): Promise<ReadonlySet<string>> {
  await using database = await createDatabase({ connections: 2 });
  const { sql, found: nested } = watchNested(database.sql);
  await sql`create table test_time as select to_timestamp(${START / 1_000}::float8) as at`;
  const called = new Set<string>();
  const real = createLedger(sql, sql`(select at from test_time)`);
  let nowMs = START;
  const realObserving = createLedger(sql, sql`(select at from test_time)`, true);
  const { ledger, state } = createMemoryLedger(() => nowMs);
  const memory = noting(ledger, called);
  const memoryObserving: Ledger = {
    ...memory,
    shares: {
      ...memory.shares,
      book(close, accrued) {
        state.observing = true;
        return memory.shares.book(close, accrued).finally(() => (state.observing = false));
      },
    },
  };
  // The spread above reads every method of the port.
  called.clear();
  await settle(real);
  await settle(memory);
  const random = createRandom(seed);
  /** The events about debts so far, in order. */
  const told = (): Promise<EventOf<EventKind>[]> =>
    sql`select kind, subscriber_id as "subscriberId", body - 'subscriber' as body from event
        where kind like 'share.%' or kind in ('transfer.credited', 'agent.needs_sol', 'venue.paused', 'venue.resumed', 'subscriber.delinquent', 'subscriber.cleared')
        order by sequence`;
  for (let n = 0; n < 250; n++) {
    nowMs += random.below(400);
    await sql`update test_time set at = ${new Date(nowMs)}`;
    const step = draw(random, n, nowMs);
    const expected = plain(await step(real, realObserving));
    const found = plain(await step(memory, memoryObserving));
    expect(found, `step ${n}: ${step.toString().slice(0, 200)}`).toEqual(expected);
    if (n % 50 !== 49) continue;
    expect(await everything(memory), `after step ${n}`).toEqual(await everything(real));
    const expectedEvents = bySubscriber(plain(await told()));
    expect(bySubscriber(toJson(state.events)), `told up to step ${n}`).toEqual(expectedEvents);
  }
  expect(nested).toEqual([]);
  return called;
}

const plays = new Map<number, ReturnType<typeof play>>();
/** Plays a history once, however many tests ask for it. */
function played(seed: number): ReturnType<typeof play> {
  const playing = plays.get(seed) ?? play(seed);
  plays.set(seed, playing);
  return playing;
}

test.each(SEEDS)('history %i is answered alike', async (seed) => {
  expect((await played(seed)).size).toBeGreaterThan(50);
});

/** What the simulator never asks: the ledger in memory lacks the method, or it rejects. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  asides: ['list', 'counts', 'subscribersBefore'],
  checks: ['movedOut', 'explained', 'accept'],
  costs: ['unread', 'record', 'ofSponsor'],
  clearances: ['list', 'find', 'revoke'],
  creators: ['isCreator', 'wallets', 'isProven', 'prove'],
  sightings: ['unread', 'unreadAmong'],
  standings: ['changesSince'],
  subscribers: ['list', 'retire', 'sealedKeys', 'replaceKey', 'remoteKeys'],
  unread: ['end', 'accept'],
};
const REFUSED_WHOLE = 'acts apiKeys deliveries endpoints events facts lists masterKey owing';
const REFUSED_PORTS = new Set(`${REFUSED_WHOLE} sums suspicions unfollowed`.split(' '));

/**
 * What the ledger in memory answers and these histories do not compare: plain reads and writes of
 * rows that no rule decides about, and account states, which test/ledger/checks.test.ts and the
 * laws of the simulator hold.
 */
const APART: Readonly<Record<string, readonly string[]>> = {
  checks: 'due find begin propose discard wait absent missing advance reckon gap pulses gaps'.split(
    ' ',
  ),
  costs: ['openings', 'signedToday'],
  coverage: ['add', 'totals', 'unexplained'],
  creators: ['isAgent'],
  halts: ['holding', 'list'],
  nonces: ['left'],
  probe: ['write'],
  sightings: ['postpone', 'accountsOf', 'lastHeard'],
  standings: ['roster', 'entry'],
  subscribers: 'find dropKey ids agentKey putKey'.split(' '),
  unread: ['list'],
  watchList: 'all since ofSubscriber cursors openAccounts scanned walked adopt'.split(' '),
};
const namesIn = (ports: typeof APART): string[] =>
  Object.entries(ports).flatMap(([port, all]) => all.map((method) => `${port}.${method}`));

test('every method of a port is compared, or stands in one of the two lists', async () => {
  const called = new Set<string>();
  for (const seed of SEEDS) for (const each of await played(seed)) called.add(each);
  await using database = await createDatabase();
  const missing = Object.entries(createLedger(database.sql))
    .filter(([port]) => !REFUSED_PORTS.has(port))
    .flatMap(([port, all]) => Object.keys(all).map((method) => `${port}.${method}`))
    .filter((each) => !called.has(each));
  expect(missing.sort()).toEqual([...namesIn(REFUSED), ...namesIn(APART)].sort());
});

test('the ledger in memory refuses what it is said to refuse', async () => {
  const ports = createMemoryLedger(() => START).ledger as unknown as Ports;
  for (const port of REFUSED_PORTS) expect(Object.keys(ports[port] ?? {}), port).toEqual([]);
  const names = namesIn(REFUSED);
  for (const name of names) {
    const [port = '', method = ''] = name.split('.');
    const refuse = ports[port]?.[method];
    const asked = Promise.resolve(
      refuse === undefined ? Promise.reject(new RangeError()) : refuse(),
    );
    await expect(asked, name).rejects.toThrow(RangeError);
  }
  expect(names.length).toBeGreaterThan(20);
});
