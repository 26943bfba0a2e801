// Simulate: one history from one seed. The production flows; the ledger in memory, or the production one on real Postgres; the
// chain, its nodes, time and chance are simulated. Several daemons run at once, are killed between any two steps, and hear
// late, twice, out of order or not at all; operators retry, halt and hasten. The laws are checked on the way, and in fair
// weather everything must come out.

import type { Chain, Pen } from '../../src/core/outside.ts';
import type { Clock, Ledger, Log } from '../../src/core/ports.ts';
import { createRoster } from '../../src/core/roster.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { backfill } from '../../src/flows/backfill.ts';
import { createBooks } from '../../src/flows/books.ts';
import { inspectDue } from '../../src/flows/inspect.ts';
import { createSettle } from '../../src/flows/settle.ts';
import { judgeSubscribers } from '../../src/flows/standing.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { silentLog } from '../../src/system/log.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';
import type { OpenBooks, SimBooks } from './books.ts';
import { createSimChain, type SimChain } from './chain.ts';
import { checkBooks, checkOutcome, checkPaidOnce, idOf, SHARE_BPS, SUBSCRIBERS } from './laws.ts';
import { live, operate, storm } from './people.ts';
import { at, createSimPorts, FAIR } from './ports.ts';
import { createRandom } from './random.ts';
import { createTurns } from './turns.ts';

export type Outcome = {
  readonly seed: number;
  readonly steps: number;
  readonly kills: number;
  readonly forks: number;
  readonly payments: number;
  readonly dead: number;
};

/** A fault put in on purpose, to see that it is caught. */
export type Sabotage = {
  readonly ledger?: (ledger: Ledger, books: SimBooks) => Ledger;
  readonly chain?: (chain: Chain) => Chain;
  readonly pen?: (pen: Pen, chain: SimChain) => Pen;
  /** Done to the books at the beginning. */
  readonly prepare?: (books: SimBooks) => void;
  /** Something that happens to the books now and then. */
  readonly meddle?: (books: SimBooks) => void;
};

const PAYING = {
  mode: 'settle' as const,
  retryEveryMs: 4_000,
  pollMs: 400,
  rebroadcastMs: 1_200,
  finalityMs: 2_000,
  agentReserve: 0n,
  sponsorReserve: 0n,
  partialLeast: 1_000n,
  marginFloorBps: 0,
  creationsMost: 3,
  reimbursement: null,
  topUp: null,
  topUpEveryMs: 1,
};
const STEPS = 600;
const STEPS_MOST = 6_000;
const TURNS_EACH = 5;
const ASYNC_CHAIN = new Set([
  'slot',
  'transaction',
  'accounts',
  'signatures',
  'tokenAccountRent',
  'simulate',
  'send',
  'look',
  'deathEvidence',
]);

async function register(ledger: Ledger): Promise<void> {
  for (let index = 0; index < SUBSCRIBERS; index++) {
    const id = idOf(index);
    const driftAccount = at(index, 'drift');
    await ledger.subscribers.register({
      id,
      agentWallet: at(index, 'agent'),
      agentTokenAccount: at(index, 'agentTokens'),
      driftAccounts: [{ address: driftAccount, subAccountId: 0 }],
      sealedKey: new Uint8Array([1]),
      fromSlot: 1,
    });
    await ledger.subscriptions.put({
      id: `${id}-sub`,
      subscriberId: id,
      driftAccount,
      terms: termsOf(1, at(index, 'creator'), SHARE_BPS),
      held: NOTHING_HELD,
    });
  }
}

export async function simulate(
  seed: number,
  openBooks: OpenBooks,
  sabotage: Sabotage = {},
): Promise<Outcome> {
  const random = createRandom(seed);
  const turns = createTurns(random);
  const chain = createSimChain(random, SUBSCRIBERS);
  let weather = storm(random);
  const books = await openBooks(turns.nowMs);
  const plainLedger = books.ledger;
  sabotage.prepare?.(books);
  await register(plainLedger);
  const ports = createSimPorts({ chain, random, weather: () => weather });
  let lastProcess = 0;
  let kills = 0;
  let forks = 0;
  let steps = 0;

  /** A daemon's process: its ports give the turn up at every call. */
  const createProcess = async () => {
    const process = ++lastProcess;
    const gate = <T extends object>(target: T, only?: ReadonlySet<string>): T =>
      Object.fromEntries(
        Object.entries(target).map(([name, value]) => {
          if (typeof value === 'object' && value !== null) return [name, gate(value as object)];
          if (typeof value !== 'function' || (only && !only.has(name))) return [name, value];
          return [
            name,
            async (...given: unknown[]) => {
              await turns.park(process);
              return (value as (...all: unknown[]) => unknown)(...given);
            },
          ];
        }),
      ) as T;
    const clock: Clock = {
      nowMs: turns.nowMs,
      random: random.next,
      sleep: (ms) => turns.park(process, ms),
    };
    const ledger = gate(sabotage.ledger?.(plainLedger, books) ?? plainLedger);
    const gated = gate(sabotage.chain?.(ports.chain) ?? ports.chain, ASYNC_CHAIN);
    const roster = createRoster({
      staleAfterMs: 1e12,
      failOpen: false,
      outstandingMost: null,
      owedForMsMost: null,
    });
    const watched = await loadWatched(plainLedger.watchList);
    const log: Log = silentLog;
    const judgeAll = (ids: readonly string[]) => judgeSubscribers(ledger, roster, clock, log, ids);
    let ids = 0;
    const settle = createSettle(
      {
        ...ports,
        pen: sabotage.pen?.(ports.pen, chain) ?? ports.pen,
        chain: gated,
        ledger,
        clock,
        log,
        swaps: null,
        books: createBooks({ ledger, chain: gated, venue: ports.venue }),
        budget: () => [],
        newId: () => `p${process}.${++ids}`,
        onEnded: (id) => judgeAll([id]),
      },
      {
        ...PAYING,
      },
    );
    const busy = new Set<string>();
    const never = new AbortController().signal;
    const job =
      (name: string, run: () => Promise<void>): (() => Promise<void>) =>
      async () => {
        if (busy.has(name)) return;
        busy.add(name);
        await turns.start(process, async () => {
          try {
            await run();
          } catch (thrown) {
            // A daemon logs a passing fault and goes on; anything else is a finding.
            if ((thrown as { retry?: unknown }).retry !== 'later') throw thrown;
          } finally {
            busy.delete(name);
          }
        });
      };
    return {
      process,
      jobs: [
        job('inspect', async () => {
          const found = await inspectDue(
            {
              ledger,
              chain: gated,
              venue: ports.venue,
              watched,
              clock,
              log,
              adopt: async () => false,
              onFacts: () => {},
            },
            { finalityMs: 800 },
          );
          await judgeAll(found.changed);
          await judgeAll(await accrueCloses(ledger, log));
        }),
        job(
          'backfill',
          async () => void (await backfill({ ledger, chain: gated, clock, log }, never)),
        ),
        ...Array.from({ length: SUBSCRIBERS }, (_, index) =>
          job(`settle ${index}`, async () => void (await settle.run(idOf(index), never))),
        ),
      ],
    };
  };

  const processes = await Promise.all(Array.from({ length: 1 + random.below(3) }, createProcess));
  /** A webhook: it may come late, twice, or never; the daemon only learns a signature. */
  const rumour = async (): Promise<void> => {
    const all = chain
      .blocks()
      .slice(-12)
      .flatMap((block) => block.executed);
    if (all.length === 0) return;
    await plainLedger.sightings.note(
      [{ signature: random.pick(all).signature, blockIndex: null }],
      'webhook',
      turns.nowMs(),
    );
  };
  const advance = (ms = 400): void => {
    chain.tick();
    turns.pass(ms);
  };
  const check = async (): Promise<void> => {
    await checkPaidOnce(chain, books);
    checkBooks(chain, books);
    const [failure] = turns.failures;
    if (failure !== undefined) throw failure;
  };

  for (; steps < STEPS; steps++) {
    const what = random.next();
    if (what < 0.42) for (let turn = 0; turn < TURNS_EACH; turn++) await turns.step();
    else if (what < 0.62) advance();
    else if (what < 0.84) {
      // Daemons hear of the same thing at the same time, as a rule.
      const job = random.below(processes[0]?.jobs.length ?? 1);
      const together = random.chance(0.4) ? processes : [random.pick(processes)];
      for (const { jobs } of together) await jobs[job]?.();
    } else if (what < 0.9) {
      live(chain, random);
      // A webhook is prompt, as a rule.
      if (random.chance(0.6)) await rumour();
    } else if (what < 0.95) await rumour();
    else if (what < 0.97) {
      chain.fork();
      forks++;
    } else {
      const index = random.below(processes.length);
      turns.kill(processes[index]?.process ?? 0);
      kills++;
      processes[index] = await createProcess();
    }
    if (random.chance(0.02)) await operate(plainLedger, random);
    if (sabotage.meddle !== undefined && random.chance(0.1)) sabotage.meddle(books);
    await check();
  }

  weather = FAIR;
  chain.paused = false;
  for (const { scope } of await plainLedger.halts.list()) await plainLedger.halts.lift(scope);
  chain.balances.sponsor += 10n ** 12n;
  for (const own of chain.balances.accounts) own.deposit += 10n ** 12n;
  let quiet = 0;
  for (; quiet < 8 && steps < STEPS_MOST; steps++) {
    // Rumours of what a fork took away are given up after a quarter of an hour; nobody has to wait for it here.
    advance(5_000);
    for (const { jobs } of processes) for (const job of jobs) await job();
    for (let turn = 0; turn < 60 && (await turns.step()); turn++);
    await check();
    const open = await books.open();
    const scanned = (await plainLedger.watchList.cursors()).every(
      (each) => each.slot >= chain.finalSlot() - 20,
    );
    quiet = open === 0 && scanned ? quiet + 1 : 0;
  }
  if (quiet < 8) throw new Error('law 2: in fair weather something stays open');
  await checkOutcome(chain, books);
  return {
    seed,
    steps,
    kills,
    forks,
    ...(await books.payments()),
  };
}
