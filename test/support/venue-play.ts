// Venue play: plays a scenario on the stand-in or on the compiled program, and keeps the observable
// results.
import { PublicKey } from '@solana/web3.js';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { eventsIn } from '../../src/local/drift/log.ts';
import type { Driver } from '../../src/local/driver.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import type { Build } from '../../src/venue/drift-v2/builds.ts';
import { createManualClock } from './clock.ts';

const ADDRESS = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;

/** Everything observable of one step, with what differs from run to run taken out. */
type Step = { error: unknown; events: unknown[] };
/** `build`: the name of the build that was played on. */
export type Outcome = { build: string; steps: Step[]; user: unknown; agentUsdc: bigint | null };

/**
 * The records of a transaction, with addresses by their name in the scenario. The stand-in writes
 * no OrderRecord, which repeats what the account's order slot says.
 */
const eventsOf = ({ execution }: Landed, names: Map<string, string>): unknown[] =>
  eventsIn(execution.logs)
    .filter(({ name }) => name !== 'OrderRecord')
    .map(
      ({ name, fields }) =>
        JSON.parse(
          JSON.stringify({ event: name, ...fields }, (key, value: unknown) => {
            if (key === 'ts' || key === 'name') return undefined;
            if (typeof value === 'bigint') return value.toString();
            if (typeof value !== 'string' || !ADDRESS.test(value)) return value;
            return names.get(value) ?? 'another';
          }),
        ) as unknown,
    );

function observeUser(driver: Driver, trader: Trader): unknown {
  const user = driver.userOf(trader);
  const wanted = [
    'totalDeposits',
    'totalWithdraws',
    'settledPerpPnl',
    'nextOrderId',
    'status',
    'subAccountId',
  ];
  const slots = (
    list: Record<string, unknown>[],
    used: (each: Record<string, unknown>) => boolean,
  ) => list.filter(used);
  return {
    ...Object.fromEntries(wanted.map((name) => [name, user[name]])),
    spots: slots(user.spotPositions, (each) => each.scaledBalance !== 0n),
    perps: slots(
      user.perpPositions,
      (each) => each.baseAssetAmount !== 0n || each.quoteAssetAmount !== 0n,
    ),
  };
}

export type Scenario = (
  step: (run: () => Landed | string) => void,
  world: World,
  trader: Trader,
) => void;

/** `errorsOf`: the errors of a build, when they depend on it. */
export type Played = { run: Scenario; errors: unknown[]; errorsOf?: (build: Build) => unknown[] };

/** Plays a scenario on the compiled program, or with null on the stand-in. */
export function play(program: string | null, scenario: Scenario): Outcome {
  const world = createWorld({ programFile: program, clock: createManualClock() });
  const { driver } = world;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  const names = new Map([
    [trader.agent.publicKey.toBase58(), 'agent'],
    [userAddress(trader.agent.publicKey, 0).toBase58(), 'user 0'],
    [userAddress(trader.agent.publicKey, 1).toBase58(), 'user 1'],
    [PublicKey.default.toBase58(), 'nobody'],
  ]);
  const steps: Step[] = [];
  scenario(
    (run) => {
      const landed = run();
      if (typeof landed === 'string') steps.push({ error: landed, events: [] });
      else
        steps.push({
          error: landed.execution.error,
          events: landed.execution.error === null ? eventsOf(landed, names) : [],
        });
    },
    world,
    trader,
  );
  const outcome = {
    build: world.build.name,
    steps,
    user: observeUser(driver, trader),
    agentUsdc: driver.usdcOf(trader.agent.publicKey),
  };
  world.release();
  return outcome;
}

/**
 * An outcome without the fields that the records of an older build lack, so that the rest can be
 * compared with it.
 */
export function within(outcome: Outcome, older: Outcome): Outcome {
  const steps = outcome.steps.map((step, at) => ({
    ...step,
    events: step.events.map((event, nth) => {
      const known = older.steps[at]?.events[nth];
      if (typeof known !== 'object' || known === null) return event;
      return Object.fromEntries(Object.entries(event as object).filter(([name]) => name in known));
    }),
  }));
  return { ...outcome, build: older.build, steps };
}

/** An outcome as JSON, with bigint as text, for a recording. */
export const recordable = (outcome: Outcome): unknown =>
  JSON.parse(
    JSON.stringify(outcome, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  );
