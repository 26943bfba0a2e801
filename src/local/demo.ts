// Demo: runs the local world in this process, the real daemon in another one, and the story on
// both. The daemon may be killed at any moment: it is started again, and the story ends with the
// same balances.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { base58Text } from '../core/ids.ts';
import { formatUnits } from '../core/money.ts';
import { DEFAULT_VENUE, VENUE_NAMES, type VenueName } from '../core/venue-name.ts';
import { systemClock as clock } from '../system/clock.ts';
import { silentLog } from '../system/log.ts';
import { loadSettings, processEnvironment } from '../system/settings.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { furnish } from './furnish.ts';
import { type Ending, tellStory } from './story.ts';
import type { World } from './world.ts';

export type DemoOptions = {
  readonly keep: boolean;
  /** The only sources of news that the daemon may use; all of them when absent. */
  readonly sources?: string;
  /** The venue at which the story plays, or both; the default venue when absent. */
  readonly venue?: VenueName | 'both';
  readonly say: (text: string) => void;
  /**
   * The setting `payments.replayGuard`, which keeps two payments of one debt apart; the one of the
   * settings when absent.
   */
  readonly guard?: 'blockhash' | 'nonce';
  /** The folder of Postgres and the daemon's log; the one of the settings when absent. */
  readonly stateFolder?: string;
  /** An empty database; one in an embedded Postgres when absent. */
  readonly databaseUrl?: string;
  /** How many daemons run on the database; the story asks the first. One when absent. */
  readonly daemons?: number;
  /** Further variables of the daemons, which may name what runs beside this world. */
  readonly daemonEnv?: (world: World) => Promise<Record<string, string>>;
  /** Called with each daemon that is started, for tests that kill it. */
  readonly onDaemon?: (daemon: Daemon) => void;
};

/** The rent of a nonce account on the local chain, and the fee of its creation. */
const NONCE_LAMPORTS = 1_447_680n + 5_000n;

/** The program that executes a venue's instructions in this world, for a person. */
const describeVenue = (title: string, kind: World['velocityProgram'], file: string): string =>
  kind === 'compiled'
    ? `the real ${title} program, run by LiteSVM`
    : `a stand-in for the ${title} program (the compiled one is not at ${file})`;

/** Runs the story. Returns the balances on chain at its end. */
export async function runStory(options: DemoOptions): Promise<Ending> {
  const { keep, sources, guard, say, onDaemon, venue = DEFAULT_VENUE } = options;
  const venues = venue === 'both' ? VENUE_NAMES.join(',') : venue;
  const env = processEnvironment();
  const stateFolder = options.stateFolder ?? env.BAILIFF_STATE_FOLDER;
  const settings = loadSettings({
    ...(env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {}),
    ...(env.BAILIFF_VELOCITY_PROGRAM
      ? { BAILIFF_VELOCITY_PROGRAM: env.BAILIFF_VELOCITY_PROGRAM }
      : {}),
    BAILIFF_VENUES: venues,
    ...(stateFolder ? { BAILIFF_STATE_FOLDER: stateFolder } : {}),
    ...(options.databaseUrl ? { BAILIFF_NETWORK: 'local', DATABASE_URL: options.databaseUrl } : {}),
    ...(env.XDG_CACHE_HOME ? { XDG_CACHE_HOME: env.XDG_CACHE_HOME } : {}),
  });
  await using stack = new AsyncDisposableStack();
  const furnished = stack.adopt(await furnish(settings, clock, silentLog), (open) => open.close());
  const { world } = furnished;
  if (world === null) throw new Error('the demo needs the local world');
  const driver = venue === 'velocity' ? world.velocity : world.driver;
  const second = venue === 'both' ? world.velocity : null;
  if (driver === null) throw new Error('the demo needs a world with Velocity');
  const { secrets, rpc, helius } = furnished.settings;
  const sponsor = Keypair.generate();
  const daemonEnv: Record<string, string> = {
    BAILIFF_NETWORK: 'local',
    BAILIFF_VENUES: venues,
    BAILIFF_RPC_URL: rpc.url ?? '',
    BAILIFF_RPC_WS_URL: rpc.wsUrl ?? '',
    BAILIFF_HELIUS_API_URL: helius.apiUrl ?? '',
    BAILIFF_HELIUS_API_KEY: secrets.heliusApiKey ?? '',
    BAILIFF_WEBHOOK_SECRETS: secrets.webhookSecrets.join(','),
    BAILIFF_MASTER_KEY: randomBytes(32).toString('base64'),
    BAILIFF_SPONSOR_KEY: base58Text(sponsor.secretKey),
    DATABASE_URL: secrets.databaseUrl ?? '',
    ...(sources === undefined ? {} : { BAILIFF_SOURCES: sources }),
    ...(guard === undefined ? {} : { BAILIFF_REPLAY_GUARD: guard }),
    ...(await options.daemonEnv?.(world)),
  };
  const begin = async (name: string, more: Record<string, string> = {}): Promise<Daemon> =>
    stack.adopt(
      await startDaemon({
        clock,
        logFile: path.join(settings.stateFolder, `${name}.log`),
        onDeath: (how) => say(`\n   (the daemon died: ${how}; starting it again)`),
        env: { ...daemonEnv, ...more },
      }),
      async (running) => void (await running.stop()),
    );
  const daemon = await begin('demo-daemon');
  // The others register no webhook, because each would have it post to itself.
  for (let number = 2; number <= (options.daemons ?? 1); number++)
    await begin(`demo-daemon-${number}`, { BAILIFF_SOURCES: 'subscriptions,backfill,sweep' });
  if (guard === 'nonce') {
    // Enough for the nonce account of ana, and too little to pay the fees of bo.
    const { sponsorReserveLamports, priorityFeeLamportsMost } = settings.payments;
    const kept = BigInt(sponsorReserveLamports) + BigInt(priorityFeeLamportsMost);
    driver.giveSol(sponsor.publicKey, kept + NONCE_LAMPORTS);
  }
  onDaemon?.(daemon);
  say('Bailiff: chain-verified profit-share settlement, shown on a local chain.');
  const told = {
    'drift-v2': describeVenue('Drift v2', world.venueProgram, settings.programFile),
    velocity: describeVenue('Velocity', world.velocityProgram, settings.velocityProgramFile),
  };
  say(`Venue: ${told[driver.venue]}.`);
  if (second !== null) say(`A second venue: ${told.velocity}.`);
  say(
    'Postgres, Solana RPC, Helius webhooks and the daemon are real processes and real sockets; the money is not.',
  );
  const ending = await tellStory({ world, driver, second, daemon, sponsor, clock, say });
  say(
    `\nDone: the creator was owed ${formatUnits(ending.anaOwed + ending.boOwed)} ${driver.quote.symbol} and holds ${formatUnits(ending.creator)} ${driver.quote.symbol}.`,
  );
  if (ending.second !== null && second !== null)
    say(
      `      At ${second.title} it was owed ${formatUnits(ending.second.boOwed)} ${second.quote.symbol} and holds ${formatUnits(ending.second.creator)} ${second.quote.symbol}.`,
    );
  if (keep) {
    say(
      `\nStill running. API ${daemon.url}  RPC ${world.chain.rpcUrl}  daemon log ${daemon.logFile}`,
    );
    say(
      `  curl '${daemon.url}/v1/gate/bo?action=open'\n  curl '${daemon.url}/v1/shares'\n  kill -9 ${daemon.pid()}     (it comes back)\nCtrl-C ends it.`,
    );
    await new Promise<void>((resolve) =>
      process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve()),
    );
  } else {
    say(
      '\nTry next:\n  npm run demo -- --keep    stay, with URLs to ask\n  npm start                 the daemon in a local world of its own\n  npm test                  everything this rests on',
    );
  }
  return ending;
}

/** Runs the command. Returns 0 when the creator holds exactly what was owed, else 1. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const ending = await runStory(options);
  const { creator, anaOwed, boOwed, second } = ending;
  return creator === anaOwed + boOwed && second?.creator === second?.boOwed ? 0 : 1;
}
