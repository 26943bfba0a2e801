// Simulate: one history from one seed. The production flows, chain, pen and venue; the ledger in
// memory, or the production one on real Postgres; nodes, chain, time and chance are simulated below
// JSON-RPC. Several daemons run at once, are killed between any two steps, and hear late, twice,
// out of order or not at all; operators retry, halt and hasten. The laws are checked on the way,
// and in fair weather everything must come out.
import { NO_TABLES } from '../support/no-tables.ts';
import type { OpenBooks } from './books.ts';
import { bundle } from './bundles.ts';
import { createSimChain } from './chain/chain.ts';
import { MOODS_KNOWN, sicken } from './chain/moods.ts';
import { soundNode } from './chain/node.ts';
import { createDesk, SWAP, TOP_UP_RULE } from './chain/swaps.ts';
import { climateOf, termsChange } from './climate.ts';
import { createDaemon, type DaemonWorld } from './daemon.ts';
import { isHeard } from './heard.ts';
import { checkOutcome, checkPaidOnce, checkStandings, checkStep, lostBy } from './laws.ts';
import { beginNonces, obstruct, SELDOM, tellNonces } from './nonce-news.ts';
import type { Outcome, Sabotage, SimOptions } from './options.ts';
import { createPeople } from './people.ts';
import { createProvider, FAIR } from './provider.ts';
import { createRandom } from './random.ts';
import { register } from './registration.ts';
import { take } from './takings.ts';
import { createTurns } from './turns.ts';
import { createWitness } from './witness.ts';
import { furnish, PEOPLE, STRANGER, STRANGER_TOKENS, TABLE, watchedOf } from './world.ts';

const STEPS = 600;
const STEPS_MOST = 1_200;
const QUIET = 3;
const TURNS_EACH = 5;
const BLOCK_MS = 400;
/** For so long at least a URL leads to another chain; a shorter turn may be missed (node.ts). */
const FOREIGN_MS = 120_000;

/**
 * Plays the history of a seed. Throws at the first law that breaks. Stack traces, of which the
 * client library makes one for every optional field, are off meanwhile, unless asked for.
 */
export async function simulate(
  seed: number,
  openBooks: OpenBooks,
  sabotage: Sabotage = {},
  options: SimOptions = {},
): Promise<Outcome> {
  const limit = Error.stackTraceLimit;
  // biome-ignore-start lint/suspicious/noConsole: the client library warns of every error that a node answers with.
  const { warn } = console;
  Error.stackTraceLimit = options.traces === true ? limit : 0;
  console.warn = () => {};
  try {
    return await play(seed, openBooks, sabotage, options);
  } finally {
    Error.stackTraceLimit = limit;
    console.warn = warn;
  }
  // biome-ignore-end lint/suspicious/noConsole: see above.
}

async function play(
  seed: number,
  openBooks: OpenBooks,
  sabotage: Sabotage,
  options: SimOptions,
): Promise<Outcome> {
  const random = createRandom(seed);
  const turns = createTurns(random);
  const chain = createSimChain(random);
  furnish(chain);
  const people = createPeople(chain, random, turns.nowMs);
  const { guard = 'blockhash' } = options;
  const climate = climateOf(
    random,
    createRandom(~seed),
    options.moods ?? [],
    guard !== 'blockhash',
  );
  /** Chance that histories without nonces do not draw. */
  const apart = createRandom(seed + 500_000_000);
  const drawGuard = () => apart.pick(['blockhash', 'nonce'] as const);
  const replays = guard === 'blockhash' ? 0 : beginNonces(chain, apart);
  let lastGuard: ReturnType<typeof drawGuard> | null = null;
  let weather = { ...climate.weather, ...(replays === SELDOM ? { lost: 0.9 } : {}) };
  chain.placesTold = climate.placesTold;
  const books = await openBooks(turns.nowMs);
  if (books.state !== null) books.state.topUp = climate.swaps ? TOP_UP_RULE : null;
  const { ledger: plainLedger, server } = books;
  const witness = createWitness(books.state, turns.nowMs);
  if (server !== null) server.told = climate.told;
  sabotage.prepare?.(books);
  // In every other history a daemon ran before there was a subscriber.
  if (server !== null && seed % 2 === 0) {
    const { read, trust } = server.databaseStates;
    await trust(await read(), null);
  }
  await register(plainLedger, chain, climate);
  // Not before: registering reads the states before the first block.
  people.begin(climate);
  /** One URL, one to three nodes. */
  const provider = () =>
    createProvider({
      nodes: Array.from({ length: 1 + random.below(3) }, () => soundNode(chain)),
      chain,
      random,
      weather: () => weather,
      batches: random.chance(0.6),
    });
  const first = provider();
  const second = random.chance(0.4) ? provider() : null;
  const nodes = [...first.nodes, ...(second?.nodes ?? [])];
  const world: DaemonWorld = {
    turns,
    random,
    witness,
    genesisHash: chain.genesisHash,
    ledger: sabotage.ledger?.(plainLedger, books) ?? plainLedger,
    databaseStates: climate.losses ? (server?.databaseStates ?? null) : null,
    providers: { first, second },
    reimbursed: climate.reimbursed,
    swaps: climate.swaps ? createDesk(random, STRANGER, STRANGER_TOKENS) : null,
    // Postgres has a clock of its own, of which a history takes some seconds.
    swapEveryMs: books.state === null ? 0 : SWAP.everyMs,
    checked: climate.checked,
    both: climate.both,
    tables: guard === 'blockhash' ? NO_TABLES : { read: async () => [TABLE] },
    guard: () => (guard === 'both' ? (lastGuard ?? drawGuard()) : guard),
    chain: sabotage.chain ?? ((own) => own),
    pen: (own) => sabotage.pen?.(own, chain) ?? own,
  };
  let [lastProcess, kills, forks, steps, losses] = [0, 0, 0, 0, 0];
  /** `signedAtCopy`: payments that were signed before the newest copy of the database. */
  let [foreignMs, signedAtCopy] = [Number.NEGATIVE_INFINITY, 0];
  const boot = () => createDaemon(++lastProcess, world);
  const processes = await Promise.all(Array.from({ length: 1 + random.below(3) }, boot));
  /** A webhook, which may come late, twice, or never; the daemon takes only a signature from it. */
  const rumour = async (): Promise<void> => {
    const recent = chain.landed().slice(-8);
    if (recent.length === 0) return;
    const { signature, keys } = random.pick(recent).transaction;
    const accounts = PEOPLE.flatMap((each) => watchedOf(each, climate.both));
    const touched = accounts.filter((each) => keys.includes(each));
    // A webhook that names no watched account is not taken for one of ours.
    if (touched.length === 0) return;
    await plainLedger.sightings.note([{ signature, blockIndex: null, accounts: touched }], {
      source: 'webhook',
      by: 'rumour',
      nowMs: turns.nowMs(),
    });
  };
  /** Another chain with the same accounts and none of the history, which goes on beside ours. */
  const another = climate.foreign > 0 ? createSimChain(random, 1) : null;
  if (another !== null) furnish(another);
  const advance = (blocks: number, ms = BLOCK_MS): void => {
    for (let count = 0; count < blocks; count++) {
      chain.tick();
      if (guard !== 'blockhash') tellNonces(chain, processes, apart);
      another?.tick();
    }
    turns.pass(blocks * ms);
  };
  /**
   * No daemon runs for longer than a blockhash lives. Sent payments land meanwhile, and then no
   * node knows their status.
   */
  const blackout = (): void => {
    for (let left = 300 + random.below(100); left > 0; left -= 60) {
      advance(Math.min(left, 60));
      if (random.chance(0.3)) people.live();
    }
    for (const node of nodes) MOODS_KNOWN['no statuses'](node);
  };
  /** Every URL leads to our chain again. */
  const ours = (): void => {
    for (const each of [first, second]) each?.follow(chain);
  };
  /** Drops a payment that is not final, although the books call it landed already. */
  const dropBelieved = (): void => {
    const believed = chain.landed().findLast((each) => {
      const payment = witness.paymentOf(each);
      const row = payment === null ? undefined : books.state?.payments.get(payment.id);
      return row?.state === 'landed' && !chain.isFinal(each);
    });
    if (believed !== undefined) chain.fork(believed.slot);
  };
  /** Signatures that the database has lost; the chain remembers them. */
  const lost = new Set<string>();
  /** The database goes back: daemons go on with what they remember, or are started anew with it. */
  const lose = async (): Promise<void> => {
    if (server?.goBack(random.below(2)) !== true) return;
    losses++;
    for (const each of lostBy(books, witness)) lost.add(each);
    if (random.chance(0.5)) return;
    for (const [index, { process }] of processes.entries()) {
      turns.kill(process);
      processes[index] = await boot();
    }
  };
  const check = async (): Promise<void> => {
    // Books that lost a payment may share it out among the creator's debts in another way: then the
    // sum must be right in the end.
    if (losses === 0) await checkPaidOnce(chain, books, witness);
    checkStep(chain, books, witness, { lost, firstMs: people.firstMs });
    const [failure] = turns.failures;
    if (failure !== undefined) throw failure;
  };
  for (; steps < STEPS; steps++) {
    const what = random.next();
    if (what < 0.42) for (let turn = 0; turn < TURNS_EACH; turn++) await turns.step();
    else if (what < 0.62) advance(random.chance(0.9) ? 1 : 1 + random.below(60));
    else if (what < 0.84) {
      // Daemons hear of the same thing at the same time, as a rule.
      const kind = random.chance(0.05) ? 'rare' : 'jobs';
      const job = random.below(processes[0]?.[kind].length ?? 1);
      const together = random.chance(0.4) ? processes : [random.pick(processes)];
      for (const each of together) await each[kind][job]?.();
    } else if (what < 0.9) {
      if (random.chance(climate.bundles)) bundle(people, chain, random, climate.both);
      else people.live();
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
      processes[index] = await boot();
    }
    if (random.chance(0.02)) {
      const asked = random.pick(processes).void;
      await people.operate(plainLedger, climate.halts, async (share) => {
        // Which debts ended unpaid only the ledger in memory tells the laws.
        if (books.state !== null) await asked(share);
      });
    }
    // Which clearances the ledger keeps when it goes back only that in memory tells.
    if (books.state !== null && random.chance(climate.clearances)) await people.clear(plainLedger);
    if (random.chance(climate.agreements))
      await people.agree(plainLedger, termsChange(climate, random));
    if (random.chance(0.03)) sicken(random.pick(nodes), random, climate.moods);
    if (random.chance(climate.blackouts)) blackout();
    if (another !== null && random.chance(climate.foreign)) {
      random.pick(second === null ? [first] : [first, second]).follow(another);
      foreignMs = turns.nowMs();
    } else if (turns.nowMs() - foreignMs > FOREIGN_MS && random.chance(0.2)) ours();
    people.beside(climate);
    if (replays > 0 && apart.chance(replays)) chain.replay(apart);
    if (replays > 0 && apart.chance(0.2)) obstruct(books, people, apart, 'any');
    if (climate.losses && random.chance(0.05)) {
      server?.copy();
      signedAtCopy = witness.signed.size;
    }
    // A loss that loses no payment teaches little.
    const loses = witness.signed.size > signedAtCopy ? 0.06 : 0.002;
    if (climate.losses && random.chance(loses)) await lose();
    if (sabotage.meddle !== undefined && random.chance(0.1)) sabotage.meddle(books);
    dropBelieved();
    await check();
  }

  weather = replays === SELDOM ? { ...FAIR, lost: 0.9 } : FAIR;
  // Daemons go on meanwhile. Where the end cut this time short, a daemon had no chance to notice.
  while (another !== null && turns.nowMs() - foreignMs <= FOREIGN_MS) {
    advance(1 + random.below(16));
    for (let turn = 0; turn < TURNS_EACH && (await turns.step()); turn++);
  }
  ours();
  if (guard === 'both') {
    lastGuard = drawGuard();
    for (const [index, { process }] of processes.entries()) {
      turns.kill(process);
      processes[index] = await boot();
    }
  }
  for (const node of nodes) Object.assign(node, soundNode(chain));
  people.resume();
  if (guard !== 'blockhash') people.fund(); // The sponsor pays for cancellations under nonces.
  /** Fair weather, until `done` has held for a while. Questions are answered within their step. */
  const settleDown = async (done: () => Promise<boolean>, law: string): Promise<void> => {
    let quiet = 0;
    for (; quiet < QUIET && steps < STEPS_MOST; steps++) {
      // Rumours of what a fork took away are given up after a quarter of an hour, not here.
      advance(1 + random.below(16), 5_000);
      for (const { jobs } of processes) for (const job of jobs) await job();
      if (steps % 3 === 0) for (const job of random.pick(processes).rare) await job();
      for (let turn = 1; turn <= 600 && (await turns.step()); turn++)
        if (turn % 60 === 0) await check();
      if (replays === SELDOM && apart.chance(0.3)) obstruct(books, people, apart, 'tokens');
      dropBelieved();
      await check();
      quiet = (await done()) ? quiet + 1 : 0;
    }
    if (quiet < QUIET) throw new Error(law);
  };
  // Nothing more is signed: standings and debts must become what the chain says. A payment that the
  // database has lost is found when the next one is planned, so with losses payments go on.
  if (losses === 0) {
    await plainLedger.halts.set('all', 'the end');
    if (climate.bundles > 0) bundle(people, chain, random, climate.both);
    if (books.state !== null && climate.clearances > 0)
      await take(people, chain, random, plainLedger, turns.nowMs, () => advance(1));
    await settleDown(
      async () => (await isHeard(chain, books)) && (await books.open()).live === 0,
      'law 2: in fair weather something is never heard, or a payment never ends',
    );
    await checkStandings(chain, { ...books, ledger: world.ledger }, witness);
  }
  for (const { scope } of await plainLedger.halts.list()) await plainLedger.halts.lift(scope);
  people.mend();
  // A person now retries each debt that was parked for one.
  const retryAll = async (): Promise<void> => {
    for (const { id } of PEOPLE)
      for (const { id: share } of await plainLedger.shares.open(id))
        await plainLedger.shares.retry(share);
  };
  await retryAll();
  await settleDown(async () => {
    if (!(await isHeard(chain, books))) return false;
    if ((await books.open()).debts === 0) return true;
    // Small debts are paid once a person asks; a plan from before the mending may fail after it.
    if (random.chance(0.1)) await retryAll();
    return false;
  }, 'law 2: in fair weather something stays unpaid');
  await checkOutcome(chain, books, witness);
  const rerouted = witness.rerouted();
  return { seed, steps, kills, forks, losses, rerouted, ...(await books.payments()) };
}
