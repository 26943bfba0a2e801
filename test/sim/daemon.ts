// Daemon: one process of the simulator: the production flows, chain, pen and venue, over a ledger
// and RPC connections that give the turn up at every call. Nothing above JSON-RPC is a stand-in.
import { createChain } from '../../src/chain/chain.ts';
import { budget, programsOf } from '../../src/chain/compile.ts';
import { createFeeMarket } from '../../src/chain/fees.ts';
import { openNodes } from '../../src/chain/nodes.ts';
import { nonces } from '../../src/chain/nonce.ts';
import type { Tables } from '../../src/chain/tables.ts';
import { tokens } from '../../src/chain/tokens.ts';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Address, Slot } from '../../src/core/ids.ts';
import type { Clock, Ledger } from '../../src/core/ports.ts';
import type { ProfitShare } from '../../src/core/profit-share.ts';
import { createRoster } from '../../src/core/roster.ts';
import type { Pen, SwapDesk } from '../../src/core/signing-ports.ts';
import { createTip } from '../../src/core/tip.ts';
import { venueOf as venueAt, venuesOf } from '../../src/core/venue.ts';
import { checkAccounts } from '../../src/flows/account-checks.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createAside } from '../../src/flows/aside.ts';
import { backfill } from '../../src/flows/backfill.ts';
import { createBooks } from '../../src/flows/books-comparison.ts';
import type { DatabaseStates } from '../../src/flows/continuity.ts';
import { createCredit } from '../../src/flows/credit.ts';
import { createEndings } from '../../src/flows/ending.ts';
import { createOwnSignatures } from '../../src/flows/own-signatures.ts';
import { createSettle, type Settle } from '../../src/flows/settle.ts';
import { judgeSubscribers } from '../../src/flows/standing.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { rentOf } from './chain/account.ts';
import { SWAP } from './chain/swaps.ts';
import { isAltered } from './heard.ts';
import type { Provider } from './provider.ts';
import type { Random } from './random.ts';
import type { Turns } from './turns.ts';
import type { Witness } from './witness.ts';
import { PEOPLE, PRIORITY_FEE_MOST, penOf, SIGNERS, SIGNERS_ALONE, venueOf } from './world.ts';

export type Job = () => Promise<void>;
export type Daemon = {
  readonly process: number;
  /** The work of a daemon that runs all the time, and the work that runs about once a minute. */
  readonly jobs: readonly Job[];
  readonly rare: readonly Job[];
  /**
   * An operator asks it to end a debt unpaid. It may refuse, or cancel the debt's payment first.
   */
  readonly void: (share: ProfitShare) => Promise<void>;
  /** What its subscriptions tell of nonces. */
  readonly nonces: Settle['nonces'];
};
/** How the operator of a simulated history voids debts. */
export const DRILL = { reason: 'drill', actor: 'command', person: null };
export type DaemonWorld = {
  readonly turns: Turns;
  readonly random: Random;
  readonly ledger: Ledger;
  /** Where the database says that it stands; null where it can't go back. */
  readonly databaseStates: DatabaseStates | null;
  /** The genesis hash that nodes of our chain give. */
  readonly genesisHash: string;
  readonly providers: { readonly first: Provider; readonly second: Provider | null };
  readonly witness: Witness;
  /** Whether agents give the sponsor USDC for the fees that it pays. */
  readonly reimbursed: boolean;
  /** The service that swaps agents' tokens for SOL; null where a sponsor pays fees. */
  readonly swaps: SwapDesk | null;
  /** The least time between two swaps of one subscriber, by the clock of the ledger. */
  readonly swapEveryMs: number;
  /** Whether account states are compared with the facts. */
  readonly checked: boolean;
  /** Whether it serves Velocity, too. */
  readonly both: boolean;
  readonly tables: Tables;
  /** What keeps payments apart in a daemon that is started now. */
  readonly guard: () => 'blockhash' | 'nonce';
  readonly chain: (own: Chain) => Chain;
  readonly pen: (own: Pen) => Pen;
};

const PAYING = {
  mode: 'settle' as const,
  retryEveryMs: 4_000,
  pollMs: 400,
  rebroadcastMs: 1_200,
  finalityMs: 2_000,
  agentReserve: rentOf(0),
  sponsorReserve: rentOf(0),
  partialLeast: 1_000n,
  marginFloorBps: 0,
  creationsMost: 3,
  reimbursement: null,
  topUp: null,
  topUpEveryMs: 1,
};

const SWAPPING = { topUp: SWAP.amount, agentReserve: SWAP.agentReserve };

const FIRST_URL = 'http://first.invalid/';
const SECOND_URL = 'http://second.invalid/';
const REIMBURSEMENT = { perSol: 150_000_000n, most: 100_000n };

/**
 * Carries requests to the provider that the URL names. They wait for their turn, and their answers
 * may have to wait for another.
 */
function carrying(process: number, { turns, random, providers }: DaemonWorld): typeof fetch {
  const carry = async (input: unknown, init?: { body?: unknown }) => {
    await turns.park(process);
    const provider = input === SECOND_URL ? providers.second : providers.first;
    const text = provider?.fetch(String(init?.body)) ?? '';
    // The answer is what was true a while ago.
    if (random.chance(0.1)) await turns.park(process);
    return { ok: true, status: 200, statusText: 'OK', text: async () => text };
  };
  return carry as unknown as typeof fetch;
}

/** A port whose every call gives the turn up first. */
function gated<T extends object>(target: T, turns: Turns, process: number): T {
  return Object.fromEntries(
    Object.entries(target).map(([name, value]) => {
      if (typeof value === 'object' && value !== null)
        return [name, gated(value as object, turns, process)];
      if (typeof value !== 'function') return [name, value];
      return [
        name,
        async (...given: unknown[]) => {
          await turns.park(process);
          return turns.during(async () => (value as (...all: unknown[]) => unknown)(...given));
        },
      ];
    }),
  ) as T;
}

export async function createDaemon(process: number, world: DaemonWorld): Promise<Daemon> {
  const { turns, random, providers } = world;
  const clock: Clock = {
    nowMs: turns.nowMs,
    elapsedMs: turns.nowMs,
    random: random.next,
    sleep: (ms) => turns.park(process, ms),
  };
  const nodes = openNodes({
    url: FIRST_URL,
    wsUrl: null,
    secondUrl: providers.second === null ? null : SECOND_URL,
    expect: async () => world.genesisHash,
    clock,
    log,
    // What `carrying` answers is read already.
    bounds: { answerMs: 10_000, read: async (answer) => answer as Response },
    elapsedMs: turns.nowMs,
    send: carrying(process, world),
  });
  const { connection, witnessed } = nodes;
  const witnesses = { first: nodes.first, second: nodes.second };
  const tip = createTip(turns.nowMs);
  const chain = world.chain(createChain({ connection, witnesses, tip, witnessed }, world.tables));
  const venues = venuesOf([venueOf('drift-v2'), ...(world.both ? [venueOf('velocity')] : [])]);
  const pen = world.pen(world.witness.watch(penOf(world.swaps !== null)));
  const fees = createFeeMarket(connection, {
    priorityFeeMost: PRIORITY_FEE_MOST,
    everyMs: 10_000,
    elapsedMs: clock.elapsedMs,
  });
  const ledger = gated(world.ledger, turns, process);
  const roster = createRoster({
    staleAfterMs: 1e12,
    failOpen: false,
    outstandingMost: null,
    owedForMsMost: null,
  });
  const watched = await loadWatched(world.ledger.watchList);
  const judgeAll = (ids: readonly string[]) => judgeSubscribers(ledger, roster, log, ids);
  const never = new AbortController().signal;
  const replayGuard = world.guard();
  let ids = 0;
  const books = createBooks({
    ledger,
    chain,
    tokens,
    venues,
    log,
    ...(world.databaseStates === null
      ? {}
      : { databaseStates: gated(world.databaseStates, turns, process) }),
  });
  const endings = createEndings({ ledger, chain, books, clock, log });
  const credit = createCredit({ ledger, books, clock, log });
  const ownSignatures = createOwnSignatures(clock);
  /** The subscribers of payments that have ended, and who were not judged since. */
  const ended = new Set<string>();
  const settle = createSettle(
    {
      chain,
      tokens,
      venues,
      signers: world.swaps === null ? SIGNERS : SIGNERS_ALONE,
      pen,
      fees,
      ledger,
      clock,
      log,
      swaps: world.swaps === null ? null : gated(world.swaps, turns, process),
      books,
      conformance: { objection: () => null },
      pace: { finalByMs: () => 800 },
      ownSignatures,
      budget,
      programsOf,
      nonces,
      newId: () => `p${process}.${++ids}`,
      onEnded: (id) => ended.add(id),
    },
    {
      ...PAYING,
      replayGuard,
      ...(world.swaps === null ? {} : { ...SWAPPING, topUpEveryMs: world.swapEveryMs }),
      reimbursement: world.reimbursed ? REIMBURSEMENT : null,
    },
  );
  const bookFinal = async (): Promise<void> => {
    await judgeAll(await accrueCloses(ledger, log));
    await judgeAll(await credit());
  };
  const aside = createAside({ ledger, clock, log });
  const scanning = { ledger, chain, aside, clock, log };
  const checking = { ...scanning, venues, rescanned: new Map() };
  /**
   * The accounts whose state is another than the one that was compared last, as a sweep finds them,
   * each with the slot of its state.
   */
  const altered = async (): Promise<Map<Address, Slot>> => {
    const known = await ledger.checks.find([...watched.map.values()].map((each) => each.address));
    const addresses = known.map((each) => each.address);
    const { slot, accounts } = await chain.witnessed(() =>
      chain.slices(addresses, null, 'finalized'),
    );
    const changed = known.filter((account, index) => {
      const { role, baseline } = account;
      const state = venueAt(venues, account).stateOf(role, slot, accounts[index] ?? null);
      return baseline !== null && isAltered(baseline, state);
    });
    return new Map(changed.map(({ address }) => [address, slot]));
  };
  const check = async (): Promise<void> => {
    const { reckoned } = await checkAccounts(checking, await altered(), never);
    await judgeAll(reckoned);
    await bookFinal();
  };
  const busy = new Set<string>();
  const job =
    (name: string, run: () => Promise<void>): Job =>
    async () => {
      if (busy.has(name)) return;
      busy.add(name);
      await turns.start(async () => {
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
            chain,
            venues,
            watched,
            clock,
            log,
            adopt: async () => false,
            onFacts: () => {},
            aside,
            onFinal: ownSignatures.read,
            // Some transactions of the simulation are final by then and some are not.
            finalByMs: () => 800,
            onRead: () => {},
          },
          // A simulated process does one thing at a time.
          { finalityMs: 800, readsAtOnce: 1 },
        );
        await judgeAll(found.changed);
        await bookFinal();
      }),
      ...PEOPLE.map(({ id }) =>
        job(`settle ${id}`, async () => {
          await settle.run(id, never);
          const judged = [...ended];
          ended.clear();
          await judgeAll(judged);
        }),
      ),
    ],
    rare: [
      job('backfill', async () => void (await backfill(scanning, never, undefined, 1))),
      job('lapse', async () => {
        await judgeAll(await endings.lapse());
        await judgeAll(await endings.voidAsked());
      }),
      ...(world.checked ? [job('check', check)] : []),
    ],
    nonces: settle.nonces,
    void: (share) =>
      job('void', async () => {
        if (await endings.void(share, DRILL)) await judgeAll([share.subscriberId]);
        else if (replayGuard === 'nonce') await endings.cancelFor(share, DRILL);
      })(),
  };
}
