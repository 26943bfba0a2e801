// Congestion: how long payments take to land when prices have risen above the one they were signed
// at, or go on rising, and a part of all sends is lost, under a blockhash and under a nonce, side
// by side on one local chain. Time is the bench's own: a slot lasts 214 ms of it.
// `CONGESTION=payments` sets how many payments each guard makes; 25 when absent.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  ComputeBudgetProgram,
  Keypair,
  SystemProgram,
  type VersionedTransaction,
} from '@solana/web3.js';
import { startApp } from '../../src/app.ts';
import { budget, programsOf } from '../../src/chain/compile.ts';
import { base58Text } from '../../src/core/ids.ts';
import type { Clock, Log } from '../../src/core/ports.ts';
import { openParts } from '../../src/daemon-parts.ts';
import { createBooks } from '../../src/flows/books-comparison.ts';
import { createOwnSignatures } from '../../src/flows/own-signatures.ts';
import { createSettle, type Settle } from '../../src/flows/settle.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { serveWorld } from '../../src/local/world.ts';
import { payingOf } from '../../src/settings-rules.ts';
import { newId, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { loadSettings } from '../../src/system/settings.ts';
import { createManualClock } from '../support/clock.ts';
import { settingsOf } from '../support/street-settings.ts';
import { profitableClose } from '../support/trades.ts';

const GUARDS = ['blockhash', 'nonce'] as const;
type Guard = (typeof GUARDS)[number];
const GOAL = 3;

const SLOT_MS = 214;
/** Blocks until one is final: about 0.4 s. */
const FINALIZED_AFTER = 2;
/** The settings of config/mainnet.json. */
const MAINNET = { retryEveryMs: 300_000, pollMs: 1_000, rebroadcastMs: 2_000, finalityMs: 5_000 };
/** A lane that rests is asked again after this, as the loop `due-debts` does. */
const AGAIN_MS = 5_000;
const MOST_MS = 30 * 60_000;

/**
 * The prices that leaders take at least, in micro-lamports a unit: what a quiet market asks, and
 * one, two and three rises of the daemon above it. The quote that the node gives stays at 0.
 */
const FLOORS = [0n, 10_000n, 40_000n, 160_000n, 'rising'] as const;
type Floor = (typeof FLOORS)[number];
/** A rising price begins just above that of a quiet market and doubles this often, to 160,000. */
const DOUBLES_EVERY_MS = 15_000;
const RISING_FROM = 12_500n;
const RISING_MOST = 160_000n;
/** The price that leaders take at least, this long after the prices began to rise. */
function leastPrice(floor: Floor, elapsedMs: number): bigint {
  if (floor !== 'rising') return floor;
  const risen = RISING_FROM << BigInt(Math.floor(elapsedMs / DOUBLES_EVERY_MS));
  return risen < RISING_MOST ? risen : RISING_MOST;
}
/** The part of all sends that no leader receives. */
const LOST = 0.25;

const COMPUTE_BUDGET = ComputeBudgetProgram.programId.toBase58();
const SET_PRICE = 3;

function priceOf({ message }: VersionedTransaction): bigint {
  for (const { programIdIndex, data } of message.compiledInstructions)
    if (
      message.staticAccountKeys[programIdIndex]?.toBase58() === COMPUTE_BUDGET &&
      data[0] === SET_PRICE
    )
      return Buffer.from(data).readBigUInt64LE(1);
  return 0n;
}

/** Random numbers that are the same in every run. */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

type Person = {
  readonly id: string;
  readonly guard: Guard;
  readonly trader: Trader;
  readonly floor: Floor;
  plannedMs: number | null;
  landedMs: number | null;
  signed: number;
};

/** A town in which each person owes one debt that no key was there to pay. */
async function openTown(each: number) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-congestion-'));
  const postgres = await openPostgres({ folder, clock: systemClock, log: silentLog });
  let isFrozen = false;
  /** The chain's own time, until the bench moves it. */
  const ticking: Clock = {
    ...systemClock,
    sleep: (ms, signal) =>
      isFrozen
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
        : systemClock.sleep(ms, signal),
  };
  const heliusApiKey = randomBytes(8).toString('hex');
  const world = await serveWorld({
    programFile: null,
    clock: ticking,
    heliusApiKey,
    cluster: { slotMs: 20, finalizedAfter: FINALIZED_AFTER },
  });
  const sponsor = Keypair.generate();
  const secrets = { databaseUrl: postgres.url, heliusApiKey, webhookSecrets: ['w'.repeat(20)] };
  const settings = settingsOf(loadSettings({}), world, secrets, sponsor);
  const { faucet } = world.driver;
  world.driver.send(
    [
      SystemProgram.transfer({
        fromPubkey: faucet.publicKey,
        toPubkey: sponsor.publicKey,
        lamports: 10_000_000_000n,
      }),
    ],
    [faucet],
  );
  const app = await startApp(settings, systemClock, silentLog);
  const post = async (route: string, body: unknown): Promise<void> => {
    const answer = await fetch(app.url + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${route}: ${await answer.text()}`);
  };
  const people: Person[] = [];
  for (let n = 0; n < each * GUARDS.length; n++) {
    const id = `s${n}`;
    const trader = world.driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    const agentWallet = trader.agent.publicKey.toBase58();
    await post('/v1/subscribers', { id, agentWallet, subAccountIds: [0] });
    await post(`/v1/subscribers/${id}/subscriptions`, {
      id: `${id}-sub`,
      subAccountId: 0,
      shareBps: 1_000,
      creatorWallet: Keypair.generate().publicKey.toBase58(),
    });
    const guard = GUARDS[n % GUARDS.length] as Guard;
    const floor = FLOORS[Math.floor(n / GUARDS.length) % FLOORS.length] as Floor;
    people.push({ id, guard, trader, floor, plannedMs: null, landedMs: null, signed: 0 });
    profitableClose(world.driver, trader);
  }
  const sql = openDatabase(postgres.url, silentLog, 1);
  for (let booked = 0; booked < people.length; await pause(50))
    booked = (await sql`select 1 from profit_share`).length;
  await sql.end();
  await app.close();
  isFrozen = true;
  await pause(50);
  return {
    world,
    settings,
    people,
    async close() {
      await world.close();
      await postgres.close();
      for (const each of [folder, postgres.home]) rmSync(each, { recursive: true, force: true });
    },
  };
}

const mean = (all: readonly number[]): number =>
  all.reduce((sum, each) => sum + each, 0) / Math.max(1, all.length);
const at = (all: readonly number[], part: number): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length * part)] ?? 0;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Pays every debt under its person's guard. Fills in when each was planned and landed. */
async function payAll(town: Awaited<ReturnType<typeof openTown>>): Promise<void> {
  const { world, settings, people } = town;
  const clock = createManualClock(systemClock.nowMs(), drawn(7));
  const parts = await openParts(settings, clock, silentLog, { daemon: true });
  const { sql } = parts;
  await sql`create table bench_clock (at timestamptz not null)`;
  await sql`insert into bench_clock values (now())`;
  const ledger = createLedger(sql, sql`(select at from bench_clock)`);
  const byId = new Map(people.map((each) => [each.id, each]));
  const byAgent = new Map(people.map((each) => [each.trader.agent.publicKey.toBase58(), each]));

  const note: Log['info'] = (event, fields = {}) => {
    const person = byId.get(String(fields.subscriber));
    if (event === 'payment.varied') signedMore(String(fields.payment));
    if (person === undefined) return;
    if (event === 'payment.planned') person.plannedMs ??= clock.nowMs();
    if (event === 'payment.sent') {
      person.signed++;
      paymentOf.set(String(fields.payment), person);
    }
    if (event === 'payment.landed') person.landedMs ??= clock.nowMs();
  };
  const paymentOf = new Map<string, Person>();
  const signedMore = (payment: string): void => {
    const person = paymentOf.get(payment);
    if (person !== undefined) person.signed++;
  };
  const log: Log = { ...silentLog, info: note, warn: note, error: note };

  const chance = drawn(11);
  const begunMs = clock.nowMs();
  const { mischief, cluster } = world;
  mischief.drops = (transaction) => {
    const keys = transaction.message.staticAccountKeys.map((each) => each.toBase58());
    const person = keys.map((each) => byAgent.get(each)).find((each) => each !== undefined);
    // Nonce accounts are created before the prices rise.
    return (
      person !== undefined &&
      (priceOf(transaction) < leastPrice(person.floor, clock.nowMs() - begunMs) || chance() < LOST)
    );
  };

  const settles = Object.fromEntries(
    GUARDS.map((replayGuard): [Guard, Settle] => [
      replayGuard,
      createSettle(
        {
          ...parts,
          ledger,
          newId,
          clock,
          log,
          budget,
          programsOf,
          books: createBooks({ ...parts, ledger, log: silentLog }),
          conformance: { objection: () => null },
          ownSignatures: createOwnSignatures(clock),
          onEnded: () => {},
        },
        { ...payingOf(settings), ...MAINNET, replayGuard },
      ),
    ]),
  ) as Record<Guard, Settle>;
  cluster.on((event) => {
    if (event.kind !== 'block' || event.commitment !== 'confirmed') return;
    for (const { execution } of event.landed)
      for (const key of execution.message.keys) {
        const person = byAgent.get(key);
        if (person !== undefined) settles[person.guard].heard(person.id, event.slot);
      }
  });

  for (const { id, trader } of people) {
    const publicKey = base58Text(trader.agent.publicKey.toBytes());
    const sealed = parts.signers.seal(id, publicKey as never, trader.agent.secretKey);
    await ledger.subscribers.putKey({ subscriberId: id, publicKey: publicKey as never, sealed });
    for (const { id: share } of await ledger.shares.open(id)) await ledger.shares.retry(share);
  }

  const never = new AbortController().signal;
  const wake = new Map(people.map(({ id }) => [id, 0]));
  const work = async ({ id, guard }: Person): Promise<void> => {
    const waitMs = await settles[guard].run(id, never);
    wake.set(id, clock.nowMs() + (waitMs ?? AGAIN_MS));
  };
  while (people.some((each) => each.landedMs === null)) {
    if (clock.nowMs() - begunMs > MOST_MS) throw new Error('not every payment landed in time');
    clock.advance(SLOT_MS);
    await sql`update bench_clock set at = ${new Date(clock.nowMs()).toISOString()}`;
    cluster.advance();
    const final = cluster.slot('finalized');
    for (const guard of GUARDS) for (const id of settles[guard].final(final)) wake.set(id, 0);
    const due = people.filter(
      ({ id, landedMs }) => landedMs === null && (wake.get(id) ?? 0) <= clock.nowMs(),
    );
    await Promise.all(due.map(work));
  }
  mischief.drops = null;
  await parts.sql.end();
}

/** Prints how long payments took under each guard. False when the goal is missed. */
export async function benchCongestion(): Promise<boolean> {
  const each = Number(process.env.CONGESTION ?? 25);
  const town = await openTown(each);
  try {
    await payAll(town);
    const means = new Map<string, number>();
    for (const floor of [null, ...FLOORS]) {
      for (const guard of GUARDS) {
        const some = town.people.filter(
          (person) =>
            person.guard === guard &&
            (floor === null ? person.floor !== 0n : person.floor === floor),
        );
        const took = some.map(({ landedMs, plannedMs }) => (landedMs ?? 0) - (plannedMs ?? 0));
        const what =
          floor === null
            ? 'prices have risen'
            : floor === 'rising'
              ? 'prices go on rising'
              : `price of at least ${floor}`;
        means.set(`${guard}/${floor}`, mean(took));
        process.stdout.write(
          `congestion, ${what}, ${guard}: ${some.length} payments, planned to final ${seconds(mean(took))} on average, median ${seconds(at(took, 0.5))}, slowest ${seconds(at(took, 1 - 1e-9))}; ${mean(some.map(({ signed }) => signed)).toFixed(1)} transactions signed each\n`,
        );
      }
      const ratio = (means.get(`blockhash/${floor}`) ?? 0) / (means.get(`nonce/${floor}`) ?? 1);
      process.stdout.write(`  a nonce is ${ratio.toFixed(1)} times as fast\n`);
    }
    const owed = town.people.length;
    const ratioOf = (floor: Floor | null): number =>
      (means.get(`blockhash/${floor}`) ?? 0) / (means.get(`nonce/${floor}`) ?? 1);
    const ratio = Math.min(ratioOf(null), ratioOf('rising'));
    process.stdout.write(
      `congestion: ${owed} debts paid; where prices have risen or go on rising, at least ${ratio.toFixed(1)} times as fast under a nonce, wanted ${GOAL}\n`,
    );
    return ratio >= GOAL;
  } finally {
    await town.close();
  }
}
