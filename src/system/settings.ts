// Settings: reads the settings from config/<network>.json, then from the file that BAILIFF_CONFIG
// names, then from the environment, each overriding the one before. Secrets come from the
// environment alone. All problems are reported at once.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { Fault } from '../core/fault.ts';
import { NETWORKS } from '../core/genesis.ts';
import { placeOf } from '../core/schema-words.ts';
import type { FileSettings } from './schema.ts';
import { isObject, type Json, schemaProblems } from './schema-problems.ts';
import { type Environment, namesIn, type Secrets, secretsOf } from './secrets.ts';
import { togetherness } from './settings-problems.ts';
import { KNOWN, nearest, REAL, VARIABLES } from './variables.ts';

export type Settings = FileSettings & {
  readonly secrets: Secrets;
  /** The folder of local state, such as the embedded Postgres. */
  readonly stateFolder: string;
  /** The files with the compiled programs of Drift and of Velocity, for the local world. */
  readonly programFile: string;
  readonly velocityProgramFile: string;
  /**
   * Whether no variable is set, neither the network nor one of `REAL`. The local world then starts
   * with a warning.
   */
  readonly nothingSet: boolean;
};

const CONFIG_FOLDER = path.join(import.meta.dirname, '../../config');
function merge(base: Json, over: Json): Json {
  const merged: Json = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const known = merged[name];
    merged[name] = isObject(known) && isObject(value) ? merge(known, value) : value;
  }
  return merged;
}

function readJson(file: string, problems: string[]): Json {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isObject(parsed)) return parsed;
    problems.push(`${file}: must be a JSON object`);
  } catch (thrown) {
    problems.push(
      `${file}: cannot be read as JSON (${thrown instanceof Error ? thrown.message : 'unknown'})`,
    );
  }
  return {};
}

function overrides(env: Environment, problems: string[]): Json {
  const given: Json = {};
  const put = (section: string, name: string, value: unknown) => {
    given[section] = { ...(given[section] as Json | undefined), [name]: value };
  };
  if (env.BAILIFF_RPC_URL) put('rpc', 'url', env.BAILIFF_RPC_URL);
  if (env.BAILIFF_RPC_WS_URL) put('rpc', 'wsUrl', env.BAILIFF_RPC_WS_URL);
  if (env.BAILIFF_SECOND_RPC_URL) put('rpc', 'secondUrl', env.BAILIFF_SECOND_RPC_URL);
  if (env.BAILIFF_MORE_RPC_URLS) put('rpc', 'moreUrls', namesIn(env.BAILIFF_MORE_RPC_URLS));
  if (env.BAILIFF_STREAM_URL) put('rpc', 'streamUrl', env.BAILIFF_STREAM_URL);
  if (env.BAILIFF_SENDER_URL) put('rpc', 'senderUrl', env.BAILIFF_SENDER_URL);
  if (env.BAILIFF_WEBHOOK_URL) put('helius', 'webhookUrl', env.BAILIFF_WEBHOOK_URL);
  if (env.BAILIFF_HELIUS_API_URL) put('helius', 'apiUrl', env.BAILIFF_HELIUS_API_URL);
  if (env.BAILIFF_HTTP_HOST) put('http', 'host', env.BAILIFF_HTTP_HOST);
  if (env.BAILIFF_HTTP_PORT) {
    if (/^\d+$/.test(env.BAILIFF_HTTP_PORT)) put('http', 'port', Number(env.BAILIFF_HTTP_PORT));
    else problems.push('BAILIFF_HTTP_PORT: must be a port number');
  }
  if (env.BAILIFF_SOURCES) put('watch', 'sources', namesIn(env.BAILIFF_SOURCES));
  if (env.BAILIFF_REPLAY_GUARD) put('payments', 'replayGuard', env.BAILIFF_REPLAY_GUARD);
  if (env.BAILIFF_VENUES) given.venues = namesIn(env.BAILIFF_VENUES);
  if (env.BAILIFF_MODE) given.mode = env.BAILIFF_MODE;
  if (env.BAILIFF_LOG_LEVEL) given.logLevel = env.BAILIFF_LOG_LEVEL;
  return given;
}

/** The name of a setting in a problem: its variable when that is set, else its path in the file. */
function nameOf(path: string, env: Environment): string {
  const found = Object.entries(VARIABLES).find(
    ([setting, variable]) => env[variable] && (path === setting || path.startsWith(`${setting}[`)),
  );
  return found === undefined ? path : `${found[1]} (${path})`;
}

/**
 * Reads the settings. Throws `settings_invalid` with every problem; each names the setting and the
 * value that it should have.
 */
export function loadSettings(env: Environment): Settings {
  const problems: string[] = [];
  const real = REAL.filter((name) => env[name]);
  const network = env.BAILIFF_NETWORK ?? 'local';
  if (env.BAILIFF_NETWORK === undefined && real.length > 0)
    problems.push(
      `BAILIFF_NETWORK: is required because ${real.join(', ')} is set; one of ${NETWORKS.join(', ')}`,
    );
  for (const name of Object.keys(env)) {
    if (name.startsWith('BAILIFF_') && !KNOWN.includes(name))
      problems.push(`${name}: is no setting; did you mean ${nearest(name)}?`);
  }
  const known = NETWORKS.some((each) => each === network);
  if (!known)
    problems.push(
      `BAILIFF_NETWORK: must be one of ${NETWORKS.join(', ')}; is "${network}"${network === 'devnet' ? '. The venue on devnet has another USDC and other markets, which this release has no profile for; a local world takes its place' : ''}`,
    );
  // Under an unknown name the other settings are judged as those of mainnet, the one real network.
  const defaults = readJson(
    path.join(CONFIG_FOLDER, `${known ? network : 'mainnet'}.json`),
    problems,
  );
  let values = defaults;
  if (env.BAILIFF_CONFIG) values = merge(values, readJson(env.BAILIFF_CONFIG, problems));
  values = merge(values, overrides(env, problems));
  const { problems: misfits, fit } = schemaProblems(values, defaults);
  problems.push(...misfits.map(({ pointer, says }) => `${nameOf(placeOf(pointer), env)}: ${says}`));
  const secrets = secretsOf(env, problems);
  const told = [
    ...problems.map((each) => each.split(/[ :]/)[0] ?? ''),
    ...misfits.map(({ pointer }) => VARIABLES[placeOf(pointer)] ?? ''),
  ].filter((name) => /[._]/.test(name));
  const following: string[] = [];
  togetherness(fit, secrets, following);
  // A problem that names a setting which is wrong by itself may follow from that.
  problems.push(...following.filter((each) => !told.some((name) => each.includes(name))));
  if (problems.length > 0)
    throw new Fault(
      'settings_invalid',
      `Settings are wrong:\n${problems.map((each) => `  ${each}`).join('\n')}`,
      { context: { problems } },
    );
  const cache = env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const programFile = env.BAILIFF_DRIFT_PROGRAM || path.join(cache, 'bailiff/drift.so');
  return {
    ...(values as FileSettings),
    secrets,
    stateFolder: env.BAILIFF_STATE_FOLDER || path.join(CONFIG_FOLDER, '../.bailiff'),
    programFile,
    velocityProgramFile: env.BAILIFF_VELOCITY_PROGRAM || path.join(programFile, '../velocity.so'),
    nothingSet: real.length === 0 && env.BAILIFF_NETWORK === undefined,
  };
}

/** The environment of this process. No other function reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/** Whether the settings ask for a local world to be started beside the daemon. */
export function wantsLocalWorld(settings: Settings): boolean {
  return settings.network === 'local' && settings.rpc.url === null;
}
