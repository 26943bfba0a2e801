// Furnish: starts what a daemon with incomplete settings needs to run here: an embedded Postgres
// when no database is named, and the local world when no network is named.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import postgres from 'postgres';
import type { Clock, Log } from '../core/ports.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import { type Settings, wantsLocalWorld } from '../system/settings.ts';
import { openPostgres } from './postgres.ts';
import { createSandbox } from './sandbox.ts';
import { type SandboxServer, serveSandbox } from './sandbox-server.ts';
import { type ServedWorld, serveWorld } from './world.ts';

export type Furnished = {
  readonly settings: Settings;
  readonly world: ServedWorld | null;
  close(): Promise<void>;
};

/** Creates a database for a new world, and removes those of worlds that have ended. */
async function freshDatabase(adminUrl: string): Promise<string> {
  const sql = postgres(adminUrl, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    const name = `world_${randomBytes(6).toString('hex')}`;
    const gone = await sql<{ datname: string }[]>`
      select datname from pg_database d where datname like 'world_%'
        and not exists (select 1 from pg_stat_activity a where a.datname = d.datname)`;
    for (const { datname } of gone)
      await sql.unsafe(`drop database if exists ${datname}`).catch(() => {});
    await sql.unsafe(`create database ${name}`);
    return name;
  } finally {
    await sql.end();
  }
}

/** Fills in the missing settings. `close` stops everything that was started. */
export async function furnish(settings: Settings, clock: Clock, log: Log): Promise<Furnished> {
  await using stack = new AsyncDisposableStack();
  const local = wantsLocalWorld(settings);
  let { databaseUrl } = settings.secrets;
  if (databaseUrl === null) {
    const folder = path.join(settings.stateFolder, 'postgres');
    const server = stack.adopt(await openPostgres({ folder, clock, log }), (open) => open.close());
    databaseUrl = local ? server.urlOf(await freshDatabase(server.url)) : server.url;
  }
  if (!local) {
    const secrets = { ...settings.secrets, databaseUrl };
    const resources = stack.move();
    return {
      settings: { ...settings, secrets },
      world: null,
      close: () => resources.disposeAsync(),
    };
  }
  const heliusApiKey = randomBytes(12).toString('hex');
  const world = stack.adopt(
    await serveWorld({
      programFile: settings.programFile,
      velocityProgramFile: settings.venues.includes('velocity')
        ? settings.velocityProgramFile
        : null,
      clock,
      heliusApiKey,
    }),
    (open) => open.close(),
  );
  const furnished: Settings = {
    ...settings,
    rpc: { ...settings.rpc, url: world.chain.rpcUrl, wsUrl: world.chain.wsUrl },
    helius: { ...settings.helius, apiUrl: world.helius.apiUrl },
    secrets: {
      ...settings.secrets,
      databaseUrl,
      heliusApiKey,
      webhookSecrets: [randomBytes(24).toString('base64url')],
      masterKey: new Uint8Array(randomBytes(32)),
      sponsorKey: settings.secrets.sponsorKey,
    },
  };
  const resources = stack.move();
  return { settings: furnished, world, close: () => resources.disposeAsync() };
}

/** Serves the sandbox of a world, for a daemon that answers at `apiUrl`. */
export const openSandbox = (
  world: ServedWorld,
  settings: Settings,
  apiUrl: string,
): Promise<SandboxServer> =>
  serveSandbox(createSandbox(world, settings.venues[0] ?? DEFAULT_VENUE), settings, apiUrl);
