// Secrets: reads from the environment what must stand in no file: URLs with passwords, keys and
// tokens.
import { base58Bytes } from '../core/ids.ts';

export type Secrets = {
  readonly databaseUrl: string | null;
  /** Set where DATABASE_URL leads through a pooler in transaction mode. */
  readonly directDatabaseUrl: string | null;
  readonly heliusApiKey: string | null;
  readonly webhookSecrets: readonly string[];
  readonly apiKeys: readonly string[];
  readonly masterKey: Uint8Array | null;
  /** The master key that is taking over: new secrets are sealed with it, both keys open. */
  readonly nextMasterKey: Uint8Array | null;
  readonly sponsorKey: Uint8Array | null;
  /** The key of the gRPC stream; sent as `x-token`. */
  readonly streamToken: string | null;
  /** The credentials of the signing services (schema-signers.ts). */
  readonly vaultToken: string | null;
  readonly turnkeyKey: { readonly publicKey: string; readonly privateKey: string } | null;
  readonly fireblocksKey: { readonly apiKey: string; readonly privateKeyPem: string } | null;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** The names in a list with commas. */
export const namesIn = (text: string): string[] => text.split(',').map((each) => each.trim());

function bytes(text: string, length: number): Uint8Array | null {
  const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text)
    ? new Uint8Array(Buffer.from(text, 'base64'))
    : null;
  if (base64?.length === length) return base64;
  const base58 = base58Bytes(text);
  if (base58?.length === length) return base58;
  if (!text.startsWith('[')) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    const valid =
      Array.isArray(parsed) &&
      parsed.length === length &&
      parsed.every((each) => Number.isInteger(each) && each >= 0 && each < 256);
    return valid ? Uint8Array.from(parsed as number[]) : null;
  } catch {
    return null;
  }
}

function secretBytes(
  env: Environment,
  name: string,
  length: number,
  what: string,
  problems: string[],
): Uint8Array | null {
  const text = env[name];
  if (!text) return null;
  const found = bytes(text, length);
  if (found === null) problems.push(`${name}: must be ${what}`);
  return found;
}

function list(env: Environment, name: string, lengthLeast: number, problems: string[]): string[] {
  const items = namesIn(env[name] ?? '').filter((each) => each !== '');
  if (items.some((each) => each.length < lengthLeast))
    problems.push(
      `${name}: each must have at least ${lengthLeast} characters; make one with: openssl rand -base64 32`,
    );
  // Node reads header values as Latin-1, and takes no control characters in them.
  if (items.some((each) => !/^[\x20-\x7e]*$/.test(each)))
    problems.push(`${name}: each must be of printable ASCII characters, as a header carries them`);
  return items;
}

/** The API keys, which clients send behind `Bearer`. */
function apiKeysIn(env: Environment, problems: string[]): string[] {
  const keys = list(env, 'BAILIFF_API_KEYS', 16, problems);
  if (keys.some((each) => /^Bearer /i.test(each)))
    problems.push(
      'BAILIFF_API_KEYS: each is given without Bearer, which clients put in front of it',
    );
  return keys;
}

/**
 * Whether a URL has a host and a database. A raw # or / in the password would cut the URL at the
 * wrong place.
 */
function isDatabaseUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.hash === '' && !url.pathname.slice(1).includes('@');
}

/** The URL of a variable; null when it is not set. */
function databaseUrlOf(env: Environment, name: string, problems: string[]): string | null {
  const url = env[name] || null;
  if (url !== null && !/^postgres(ql)?:\/\//.test(url))
    problems.push(`${name}: must begin with postgres://`);
  else if (url !== null && !isDatabaseUrl(url))
    problems.push(
      `${name}: cannot be read as a URL with host and database; percent-encode / # ? @ : in the password (node -p "encodeURIComponent('...')")`,
    );
  return url;
}

/** The variables of services that make one key together. */
const PAIRS = [
  ['BAILIFF_TURNKEY_PUBLIC_KEY', 'BAILIFF_TURNKEY_PRIVATE_KEY'],
  ['BAILIFF_FIREBLOCKS_API_KEY', 'BAILIFF_FIREBLOCKS_PRIVATE_KEY'],
] as const;

/** Adds a problem for each key of a service of which one variable is set and the other is not. */
function wholePairs(env: Environment, problems: string[]): void {
  for (const [first, second] of PAIRS)
    for (const [given, other] of [
      [first, second],
      [second, first],
    ] as const)
      if (env[given] && !env[other])
        problems.push(`${other}: must be set beside ${given}, or neither`);
}

/** The secrets of an environment. Adds a problem for each that cannot be read. */
export function secretsOf(env: Environment, problems: string[]): Secrets {
  wholePairs(env, problems);
  return {
    databaseUrl: databaseUrlOf(env, 'DATABASE_URL', problems),
    directDatabaseUrl: databaseUrlOf(env, 'BAILIFF_DIRECT_DATABASE_URL', problems),
    heliusApiKey: env.BAILIFF_HELIUS_API_KEY || null,
    webhookSecrets: list(env, 'BAILIFF_WEBHOOK_SECRETS', 16, problems),
    apiKeys: apiKeysIn(env, problems),
    masterKey: secretBytes(
      env,
      'BAILIFF_MASTER_KEY',
      32,
      '32 bytes in base64; make one with: openssl rand -base64 32',
      problems,
    ),
    nextMasterKey: secretBytes(
      env,
      'BAILIFF_NEXT_MASTER_KEY',
      32,
      '32 bytes in base64; make one with: openssl rand -base64 32',
      problems,
    ),
    sponsorKey: secretBytes(
      env,
      'BAILIFF_SPONSOR_KEY',
      64,
      'a 64-byte secret key in base58, base64 or as a JSON array',
      problems,
    ),
    streamToken: env.BAILIFF_STREAM_TOKEN || null,
    vaultToken: env.BAILIFF_VAULT_TOKEN || null,
    turnkeyKey:
      env.BAILIFF_TURNKEY_PUBLIC_KEY && env.BAILIFF_TURNKEY_PRIVATE_KEY
        ? {
            publicKey: env.BAILIFF_TURNKEY_PUBLIC_KEY,
            privateKey: env.BAILIFF_TURNKEY_PRIVATE_KEY,
          }
        : null,
    fireblocksKey:
      env.BAILIFF_FIREBLOCKS_API_KEY && env.BAILIFF_FIREBLOCKS_PRIVATE_KEY
        ? {
            apiKey: env.BAILIFF_FIREBLOCKS_API_KEY,
            // A variable of a container often holds the PEM in one line.
            privateKeyPem: env.BAILIFF_FIREBLOCKS_PRIVATE_KEY.replaceAll('\\n', '\n'),
          }
        : null,
  };
}
