// Settings and log: every problem at once, no accident on a real network, and no secret in a line.

import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { base58Text } from '../../src/core/ids.ts';
import { RPC_METHODS } from '../../src/core/rpc-price.ts';
import { openLog } from '../../src/system/log.ts';
import { loadSettings, wantsLocalWorld } from '../../src/system/settings.ts';

const problems = (env: Record<string, string>): string[] => {
  try {
    loadSettings(env);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return thrown.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
};
const real = {
  BAILIFF_NETWORK: 'mainnet',
  BAILIFF_RPC_URL: 'https://rpc.example/?api-key=secret',
  BAILIFF_WEBHOOK_SECRETS: 'w'.repeat(20),
  BAILIFF_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
};

test('without any setting the local world starts; with a setting of a real installation it never does', () => {
  expect(wantsLocalWorld(loadSettings({}))).toBe(true);
  expect(wantsLocalWorld(loadSettings(real))).toBe(false);
  for (const name of [
    'DATABASE_URL',
    'BAILIFF_RPC_URL',
    'BAILIFF_MASTER_KEY',
    'BAILIFF_HELIUS_API_KEY',
  ]) {
    expect(problems({ [name]: 'postgres://x' }).join(), name).toContain(
      'BAILIFF_NETWORK: is required',
    );
  }
});

test('every problem is reported at once, with its name and what it should be', () => {
  const found = problems({
    BAILIFF_NETWORK: 'mainnet',
    BAILIFF_MASTER_KEY: 'short',
    BAILIFF_HTTP_PORT: '99999',
    BAILIFF_LOG_LEVEL: 'loud',
    BAILIFF_RPC_URL: 'ftp://x',
    BAILIFF_HTP: '1',
  });
  for (const name of [
    'BAILIFF_MASTER_KEY',
    'BAILIFF_HTTP_PORT (http.port)',
    'BAILIFF_LOG_LEVEL (logLevel)',
    'BAILIFF_RPC_URL (rpc.url)',
    'BAILIFF_HTP',
  ])
    expect(
      found.some((each) => each.startsWith(name)),
      name,
    ).toBe(true);
  expect(found.find((each) => each.startsWith('BAILIFF_LOG_LEVEL'))).toContain(
    'debug, info, warn, error',
  );
});

test('sources that tell less often than the gate asks for are refused', () => {
  const of = (sources: string) => problems({ ...real, BAILIFF_SOURCES: sources });
  for (const sources of ['backfill', 'webhooks,backfill'])
    expect(of(sources), sources).toEqual([
      expect.stringMatching(/^gate\.lagMsMost: must be above 3600000/),
    ]);
  for (const sources of ['sweep', 'subscriptions', 'webhooks,backfill,sweep', 'webhooks'])
    expect(of(sources), sources).toEqual([]);
});

test('a URL without a host is refused by its name, whichever setting it is', () => {
  for (const name of ['BAILIFF_RPC_URL', 'BAILIFF_SECOND_RPC_URL', 'BAILIFF_MORE_RPC_URLS'])
    for (const url of ['https://', 'https://a b/', 'https://[::1'])
      expect(problems({ ...real, [name]: url }), `${name}=${url}`).toEqual([
        expect.stringContaining('cannot be read as a URL with a host'),
      ]);
  const webhook = { BAILIFF_HELIUS_API_KEY: 'k'.repeat(20), BAILIFF_WEBHOOK_URL: 'https://' };
  expect(problems({ ...real, ...webhook }).join()).toContain('helius.webhookUrl: cannot be read');
});

test('secrets that no client could send are refused', () => {
  const told = (name: string, value: string) => problems({ ...real, [name]: value }).join();
  for (const name of ['BAILIFF_API_KEYS', 'BAILIFF_WEBHOOK_SECRETS'])
    expect(told(name, 'schlüssel-mit-umlaut'), name).toContain(
      `${name}: each must be of printable`,
    );
  expect(told('BAILIFF_API_KEYS', `Bearer ${'k'.repeat(20)}`)).toContain('without Bearer');
  expect(told('BAILIFF_WEBHOOK_SECRETS', `Bearer ${'k'.repeat(20)}`)).toBe('');
});

test('devnet is refused with the reason', () => {
  const found = problems({ ...real, BAILIFF_NETWORK: 'devnet' }).join('\n');
  expect(found).toContain('must be one of mainnet, local; is "devnet"');
  expect(found).toContain('no profile');
});

test('an unknown network hides no other problem', () => {
  const names = (env: Record<string, string>) => problems(env).map((each) => each.split(/[ :]/)[0]);
  const wrong = { BAILIFF_MASTER_KEY: 'short', BAILIFF_LOG_LEVEL: 'loud', BAILIFF_HTP: '1' };
  expect(names({ ...real, ...wrong, BAILIFF_NETWORK: 'mainet' }).toSorted()).toEqual([
    'BAILIFF_HTP',
    'BAILIFF_LOG_LEVEL',
    'BAILIFF_MASTER_KEY',
    'BAILIFF_NETWORK',
  ]);
});

test('settings that a network needs are asked for', () => {
  const found = problems({ BAILIFF_NETWORK: 'mainnet' }).join('\n');
  for (const name of ['BAILIFF_RPC_URL', 'BAILIFF_WEBHOOK_SECRETS', 'BAILIFF_MASTER_KEY'])
    expect(found).toContain(name);
  expect(problems({ ...real, BAILIFF_HTTP_HOST: '0.0.0.0' }).join()).toContain('BAILIFF_API_KEYS');
});

test('no problem echoes a secret', () => {
  const text = problems({
    ...real,
    BAILIFF_MASTER_KEY: 'hunter2hunter2',
    BAILIFF_SPONSOR_KEY: 'hunter3',
    BAILIFF_API_KEYS: 'hunter4',
  }).join('\n');
  expect(text).not.toMatch(/hunter/);
});

describe('the log', () => {
  test('never carries keys, secrets or API keys inside URLs', () => {
    const lines: string[] = [];
    const log = openLog('debug', { write: (line: string) => void lines.push(line) });
    log.warn('try.leak', {
      authorization: 'Bearer abc',
      secretKey: 'abc',
      url: 'https://h/?api-key=abc&x=1',
      deep: { masterKey: 'abc' },
    });
    log.error('try.leak', {
      err: new Error('fetch https://h/v0?api-key=abc failed', {
        cause: new Error('postgres://u:abc@h/db'),
      }),
    });
    log.info('try.leak', { bytes: new Uint8Array([97, 98, 99]), amount: 12n });
    expect(lines.join('')).not.toContain('abc');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? '{}')).toMatchObject({
      event: 'try.leak',
      bytes: '3 bytes',
      amount: '12',
    });
  });

  // Secrets that a careless log line could carry: by name, inside texts, inside a thrown value, at
  // any depth.
  const key = Keypair.generate();
  const secretText = base58Text(key.secretKey);
  const secretNumbers = JSON.stringify([...key.secretKey]);
  test.each<[string, unknown, string]>([
    ['agentSecretKey', { agentSecretKey: secretText }, secretText],
    ['a body', { body: [{ deep: { agentSecretKey: secretText } }] }, secretText],
    ['secrets of the settings', { secrets: { heliusApiKey: 'hunter2hunter2' } }, 'hunter2hunter2'],
    ['nextMasterKey', { nextMasterKey: 'hunter2hunter2' }, 'hunter2hunter2'],
    ['BAILIFF_MASTER_KEY', { BAILIFF_MASTER_KEY: 'hunter2hunter2' }, 'hunter2hunter2'],
    ['databaseUrl', { databaseUrl: 'postgres://u:hunter2@h/d' }, 'hunter2'],
    ['a URL of any scheme', { url: 'redis://u:hunter2@h/1' }, 'hunter2'],
    ['a key in a WebSocket URL', { message: 'lost wss://h/?api-key=hunter2' }, 'hunter2'],
    ['a header', { headers: { Authorization: 'Bearer hunter2' } }, 'hunter2'],
    ['a header in a text', { message: 'got Authorization: Bearer hunter2.x-y' }, 'hunter2'],
    [
      'an API key in a text',
      { message: 'who is bailiff_ab12cd_hunter2hunter2hunter2?' },
      'hunter2',
    ],
    ['a signing secret', { message: 'whsec_aHVudGVyMmh1bnRlcjI=' }, 'aHVudGVy'],
    ['a keypair as numbers', { message: `key ${secretNumbers}` }, secretNumbers.slice(1, 30)],
    [
      'a keypair as an array',
      { given: [...key.secretKey] },
      `${key.secretKey[0]},${key.secretKey[1]}`,
    ],
    ['bytes', { given: key.secretKey }, secretText],
    [
      'a cause',
      { err: new Error('a', { cause: new Error('https://h/?api_key=hunter2') }) },
      'hunter2',
    ],
    [
      'something thrown that is no error',
      { err: { response: { config: { password: 'hunter2' } } } },
      'hunter2',
    ],
  ])('%s does not leak', (_, fields, secret) => {
    const lines: string[] = [];
    const log = openLog('debug', { write: (line: string) => void lines.push(line) });
    log.error('try.leak', fields as Record<string, unknown>);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(secret);
  });
});

/** The problems of a settings file, as one text. */
function foundIn(settings: object, env: Record<string, string> = {}): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-settings-'));
  const file = path.join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(settings));
  try {
    return problems({ ...real, BAILIFF_CONFIG: file, ...env }).join();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('every problem of a file is reported at once, in words, and without the value', () => {
  const found = foundIn(
    {
      venues: [],
      http: { port: '8080', connectionsMost: 0, bodyMs: 9_000 },
      rpc: { url: 'ftp://hunter2', callsPerSecond: [0] },
      payments: { pollMs: 0, marginFloorBps: 20_000, mostPerPayment: 5, reimburseMost: '-1', x: 1 },
      signers: { vault: {} },
      watch: { sources: ['sweep', 'sweep'] },
      gate: { suspicions: { leadTo: 'deny' } },
      lanes: 5,
    },
    { BAILIFF_RPC_URL: '', BAILIFF_SOURCES: '' },
  );
  for (const says of [
    'venues: must not be empty',
    'http.port: must be of type integer, and is a string',
    'http.connectionsMost: must be at least 10',
    'rpc.url: must begin with http:// or https://',
    'rpc.callsPerSecond[0]: must be at least 1',
    'payments.pollMs: must be at least 50',
    'payments.marginFloorBps: must be at most 10000',
    'payments.mostPerPayment: must be of type string or null, and is a number',
    'payments.reimburseMost: does not fit: The most an agent gives',
    'payments.x: is no setting; there are: replayGuard,',
    'signers.vault.url: is missing',
    'watch.sources: must not name the same twice',
    'gate.suspicions.leadTo: must be one of: ignore, report, unknown',
    'lanes: must be of type object, and is a number',
    // The settings that fit are compared with each other all the same.
    'http.headersMs: must not be above http.bodyMs',
  ])
    expect(found).toContain(says);
  expect(found).not.toMatch(/hunter|schema is false|anyOf|BAILIFF_RPC_URL/);
});

test('what a network needs is asked for beside settings that are wrong', () => {
  const found = problems({ BAILIFF_NETWORK: 'mainnet', BAILIFF_LOG_LEVEL: 'loud' }).join('\n');
  for (const name of ['BAILIFF_LOG_LEVEL', 'BAILIFF_RPC_URL', 'BAILIFF_WEBHOOK_SECRETS'])
    expect(found).toContain(name);
});

test.each(['weights', 'callsPerSecond'])('rpc.%s holds one number for each RPC URL', (name) => {
  const second = { BAILIFF_SECOND_RPC_URL: 'https://second.example' };
  expect(foundIn({ rpc: { [name]: [50] } })).toBe('');
  expect(foundIn({ rpc: { [name]: [50, 10] } }, second)).toBe('');
  expect(foundIn({ rpc: { [name]: [50] } }, second)).toBe(
    `rpc.${name}: must hold one number for each RPC URL, which are 2, or none; holds 1`,
  );
  expect(foundIn({ rpc: { [name]: [0] } })).toContain(`rpc.${name}`);
});

test.each([
  ['quotePerSolOf', { payments: { quotePerSolOf: { USDTT: '150000000' } } }, 'USDTT is the quote'],
  [
    'reimbursePerSolOf',
    { payments: { reimbursePerSolOf: { usdc: '150000000' }, reimburseMost: '9' } },
    'usdc is the quote token of no venue; there are USDC and USDT',
  ],
  ['reimburseMost', { payments: { reimbursePerSol: '1' } }, 'must be above 0'],
  ['methodsAtOnce', { rpc: { methodsAtOnce: { getSignatureForAddress: 4 } } }, 'calls no'],
])('a setting without effect is refused: %s', (name, given, says) => {
  expect(foundIn(given)).toContain(`${name}: `);
  expect(foundIn(given)).toContain(says);
});

test('settings for tokens and methods that exist are taken, and every method that is called exists', () => {
  const payments = { reimbursePerSolOf: { USDT: '1' }, reimburseMost: '9' };
  expect(foundIn({ payments, rpc: { methodsAtOnce: { getSlot: 4 } } })).toBe('');
  const files = globSync('src/{chain,core,flows,probes}/**/*.ts');
  const called = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/asking\('(\w+)'|method: '(\w+)'/g)].map(
      ([, asked, named]) => asked ?? named,
    ),
  );
  const ofNodes = called.filter((each) => /^(get|is|send|simulate)[A-Z]/.test(each ?? ''));
  expect(ofNodes.length).toBeGreaterThan(10);
  expect(ofNodes.filter((each) => !RPC_METHODS.includes(each ?? ''))).toEqual([]);
});

describe('the sender endpoint', () => {
  const sender = {
    tip: '5000',
    tipLeast: '5000',
    tipMost: '1000000',
    accounts: ['4ACfpUFoaSD9bfPdeu6DBt89gB6ENTeHBXCAi87NhDEE'],
  };
  const found = (given: object | null, url = 'https://sender.example/fast?api-key=hunter5') =>
    foundIn({ payments: { sender: given } }, url === '' ? {} : { BAILIFF_SENDER_URL: url });
  test('is off unless it is configured, and needs its URL and its tip together', () => {
    const plain = loadSettings(real);
    expect([plain.rpc.senderUrl, plain.payments.sender]).toEqual([null, null]);
    expect(found(sender)).toBe('');
    expect(found(null)).toContain('BAILIFF_SENDER_URL: has no effect without payments.sender');
    expect(found(sender, '')).toContain('payments.sender: BAILIFF_SENDER_URL must be set');
    expect(found(null)).not.toContain('hunter5');
  });
  test.each([
    [{ tip: '0', tipLeast: '0' }, 'payments.sender.tip: must be above 0'],
    [{ tip: '4999' }, 'payments.sender.tip: must be at least tipLeast, 5000'],
    [{ tip: '1000001' }, 'payments.sender.tip: must not be above tipMost, 1000000'],
    [{ tipMost: '10000001' }, 'payments.sender.tipMost: must not be above 10000000'],
    [{ accounts: ['1'.repeat(44)] }, 'is no address'],
    [{ accounts: [] }, 'payments.sender'],
  ])('%o is a problem', (change, says) => expect(found({ ...sender, ...change })).toContain(says));
});
