// Doctor: each part that a daemon depends on is broken in turn; the doctor names the part and the
// remedy.

import { randomBytes } from 'node:crypto';
import { MintLayout } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import { report } from '../../src/cli/doctor.ts';
import { createOutput } from '../../src/cli/output.ts';
import type { Finding } from '../../src/core/doctor-finding.ts';
import { KNOWN_GENESIS } from '../../src/core/genesis.ts';
import { base58Text } from '../../src/core/ids.ts';
import { createVenuePrograms } from '../../src/ledger/venue-programs.ts';
import { programAccounts } from '../../src/local/chain/loader.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { ofSocket } from '../../src/probes/node.ts';
import { probeAll } from '../../src/probes/probes.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import type { Settings } from '../../src/system/settings.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { openStreet, type Street } from '../support/street.ts';
import { setExchangeStatus } from '../support/venue-world.ts';

let street: Street;
beforeAll(async () => {
  street = await openStreet({
    genesisHash: KNOWN_GENESIS.mainnet ?? '',
    settings: (given) => ({ ...given, network: 'mainnet' }),
  });
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
});
afterAll(() => street[Symbol.asyncDispose]());

const settings = (over: Partial<Settings> = {}): Settings => ({
  ...street.settings,
  helius: { ...street.settings.helius, webhookUrl: `${street.app().url}/webhooks/helius` },
  ...over,
});
const probe = (over: Partial<Settings> = {}, sponsor: string | null = null) =>
  probeAll(settings(over), sponsor as never, systemClock, silentLog);
const wrongs = (findings: readonly Finding[]) =>
  findings.filter((each) => each.state === 'wrong').map((each) => [each.what, each.says]);

test('of a whole system nothing is wrong, and every thing is named', async () => {
  const findings = await probe();
  expect(wrongs(findings)).toEqual([]);
  const named = new Set(findings.map((each) => each.what));
  for (const what of [
    'settings',
    'postgres',
    'migrations',
    'keys',
    'rpc',
    'websocket',
    'venue',
    'program',
    'mint',
    'helius',
  ])
    expect(named.has(what), what).toBe(true);
  const lines: string[] = [];
  const say = (text: string) => lines.push(text);
  expect(report(findings, createOutput({ json: false, say, terminal: null }))).toBe(0);
  const warnings = findings.filter((each) => each.state === 'warning').length;
  expect(warnings).toBeGreaterThan(1);
  expect(lines.at(-1)).toBe(`Nothing is wrong, with ${warnings} warnings.`);
  // A finding that is only odd also names its remedy.
  expect(lines.join('\n')).toContain('BAILIFF_SECOND_RPC_URL');
});

test('Postgres that cannot be reached, and another release’s database', async () => {
  const secrets = { ...street.settings.secrets, databaseUrl: 'postgres://x:y@127.0.0.1:1/none' };
  const findings = await probe({ secrets });
  expect(wrongs(findings)).toEqual([
    ['postgres', expect.stringContaining('Nothing listens at the address of DATABASE_URL')],
  ]);
  // The doctor goes on with the other parts.
  expect(findings.some((each) => each.what === 'websocket' && each.state === 'ok')).toBe(true);
  const { sql } = street.database;
  await sql`update migration set hash = 'another' where version = 1`;
  expect(wrongs(await probe())).toEqual([['migrations', expect.stringContaining('another form')]]);
  const [original] = await sql<{ hash: string }[]>`select hash from migration where version = 2`;
  await sql`delete from migration where version = 2`;
  const { readMigrations } = await import('../../src/ledger/migrate.ts');
  await sql`update migration set hash = ${(await readMigrations())[0]?.hash ?? ''} where version = 1`;
  expect((await probe()).find((each) => each.what === 'migrations')).toMatchObject({
    state: 'warning',
    says: '0002_clearance.sql not applied yet',
  });
  await sql`insert into migration (version, name, hash) values (2, '0002_clearance.sql', ${original?.hash ?? ''})`;
});

test('a mint that is not the one the venue profile is made for', async () => {
  const { cluster } = street.world;
  const known = cluster.bank.get(USDC.toBase58());
  if (known === null) throw new Error('no mint');
  const data = Uint8Array.from(known.data);
  data[44] = 9;
  cluster.put(USDC.toBase58(), { ...known, data });
  expect(MintLayout.decode(data).decimals).toBe(9);
  await expect
    .poll(async () => wrongs(await probe()))
    .toEqual([['mint', expect.stringContaining('has 9 decimals')]]);
  cluster.put(USDC.toBase58(), known);
});

test('a WebSocket of another chain, by its slots', () => {
  expect(ofSocket(300_000_020, 300_000_000)).toMatchObject({ state: 'ok' });
  // The node tells its finalized slot, which is behind.
  expect(ofSocket(300_000_040, 300_000_000)).toMatchObject({ state: 'ok' });
  expect(ofSocket(430_000_000, null)).toMatchObject({ state: 'ok' });
  for (const slot of [430_000_000, 1_000])
    expect(ofSocket(slot, 300_000_000)).toMatchObject({
      what: 'websocket',
      state: 'wrong',
      says: expect.stringContaining('another chain'),
    });
});

test('a WebSocket that is open and says nothing', async () => {
  street.world.mischief.muteSockets = true;
  expect(wrongs(await probe())).toEqual([['websocket', expect.stringContaining('no slot came')]]);
  street.world.mischief.muteSockets = false;
});

test('webhooks: disabled, incomplete, with another secret, without credits, with a rejected key', async () => {
  const { webhooks, mischief } = street.world.helius;
  const [webhook] = [...webhooks.values()];
  if (webhook === undefined) throw new Error('no webhook');
  webhook.active = false;
  expect(wrongs(await probe())).toEqual([['helius', 'disabled webhooks: 1 of 1']]);
  webhook.active = true;
  const { accountAddresses } = webhook;
  webhook.accountAddresses = [...accountAddresses.slice(1), base58Text(new Uint8Array(32).fill(3))];
  const findings = await probe();
  expect(wrongs(findings)).toEqual([['helius', 'addresses that are not registered: 1 of 3']]);
  expect(findings.filter((each) => each.state === 'warning').map((each) => each.says)).toContain(
    'addresses that are registered and not watched, which cost credits: 1',
  );
  webhook.accountAddresses = accountAddresses;
  const { authHeader } = webhook;
  webhook.authHeader = 'another';
  expect(wrongs(await probe())).toEqual([['helius', 'webhooks that send another secret: 1 of 1']]);
  webhook.authHeader = authHeader;
  mischief.exhausted = true;
  const exhausted = await probe();
  expect(wrongs(exhausted)).toEqual([['helius', expect.stringContaining('no credits left')]]);
  expect(exhausted.find((each) => each.state === 'wrong')?.mend).toContain('Add credits');
  mischief.exhausted = false;
  const secrets = { ...street.settings.secrets, heliusApiKey: 'nobody' };
  expect(wrongs(await probe({ secrets }))).toEqual([
    ['helius', expect.stringContaining('does not accept the API key')],
  ]);
});

test('another master key, a sponsor without SOL, a venue that has paused', async () => {
  const secrets = { ...street.settings.secrets, masterKey: new Uint8Array(32).fill(9) };
  expect(wrongs(await probe({ secrets }))).toEqual([
    ['master key', expect.stringContaining('is not the key under which the secrets')],
  ]);
  const sponsor = Keypair.generate().publicKey.toBase58();
  expect(wrongs(await probe({}, sponsor))).toEqual([
    ['sponsor', expect.stringContaining('0.000000000 SOL')],
  ]);
  setExchangeStatus(street.world, 2);
  await expect
    .poll(async () => (await probe()).find((each) => each.what === 'venue'))
    .toMatchObject({ state: 'warning', says: 'drift-v2 has paused withdrawals' });
  setExchangeStatus(street.world, 0);
});

test('a venue program that this release was not proven on: odd, and wrong where it halts signing', async () => {
  const [data] = programAccounts(PROGRAM_ID, Buffer.from('upgraded'), 9n);
  if (data === undefined) throw new Error('no program data');
  const { cluster } = street.world;
  const known = cluster.bank.get(data.address);
  expect((await probe()).find((each) => each.what === 'program')).toMatchObject({ state: 'ok' });
  // The data account alone: the runtime goes on with the program that it loaded.
  cluster.put(data.address, data.account);
  const program = async (onUnknownProgram: 'tell' | 'halt') =>
    (await probe({ venue: { onUnknownProgram } })).find((each) => each.what === 'program');
  await expect
    .poll(() => program('tell'))
    .toMatchObject({ state: 'warning', says: expect.stringContaining('deployed in slot 9') });
  const wrong = await program('halt');
  expect(wrong).toMatchObject({ state: 'wrong', mend: expect.stringContaining('bailiff venue') });
  const hash = /hash ([0-9a-f]{64})/.exec(wrong?.says ?? '')?.[1] ?? '';
  await createVenuePrograms(street.database.sql).vouch(hash, 'accepted', 'a drill');
  expect(await program('halt')).toMatchObject({
    state: 'ok',
    says: expect.stringContaining('accepted: a drill'),
  });
  cluster.put(data.address, null);
  await expect
    .poll(() => program('halt'))
    .toMatchObject({ state: 'wrong', says: expect.stringContaining('holds no program data') });
  cluster.put(data.address, known);
});

test('a second RPC URL that names the first node, or another key of its provider', async () => {
  const { rpc } = street.settings;
  const second = async (secondUrl: string) =>
    (await probe({ rpc: { ...rpc, secondUrl } })).filter((each) => each.what === 'second rpc');
  expect(await second(`${rpc.url}/`)).toMatchObject([
    { state: 'wrong', says: expect.stringContaining('the same node'), mend: expect.any(String) },
  ]);
  expect(await second(`${rpc.url}/?api-key=other`)).toMatchObject([
    { state: 'ok' },
    { state: 'warning', says: expect.stringContaining('name one host') },
  ]);
});

test('a clock that is off, and a node that is behind', async () => {
  const late = { ...systemClock, nowMs: () => systemClock.nowMs() + 3_600_000 };
  const found = wrongs(await probeAll(settings(), null, late, silentLog));
  expect(found.map(([what]) => what)).toEqual(['clock', 'rpc']);
});

test('a role that lacks rights on single tables: each right is named, and everything else is looked at', async () => {
  const { sql, url } = street.database;
  const role = `half_${randomBytes(4).toString('hex')}`;
  await sql.unsafe(`create role ${role} login password 'half';
    grant select, insert, update, delete on all tables in schema public to ${role};
    revoke insert on payment, subscriber from ${role};
    revoke select, update on chain_identity from ${role};
    revoke all on helius_webhook from ${role}`);
  const given = new URL(url);
  given.username = role;
  given.password = 'half';
  const findings = await probe({
    secrets: { ...street.settings.secrets, databaseUrl: given.href },
  });
  expect(wrongs(findings)).toEqual(
    expect.arrayContaining([
      [
        'rights',
        expect.stringMatching(
          /select and update on chain_identity, select and insert and update and delete on helius_webhook, insert on payment, insert on subscriber/,
        ),
      ],
      ['genesis', expect.stringContaining('permission denied for table chain_identity')],
      ['webhooks', expect.stringContaining('permission denied for table helius_webhook')],
    ]),
  );
  const looked = findings.filter((each) => each.state !== 'wrong').map((each) => each.what);
  expect(looked).toEqual(expect.arrayContaining(['postgres', 'halts', 'rpc', 'venue', 'helius']));
  // The doctor closes its connections, also when a part is broken.
  await expect
    .poll(() => sql`select 1 from pg_stat_activity where usename = ${role}`)
    .toHaveLength(0);
  const started = startApp(
    { ...street.settings, secrets: { ...street.settings.secrets, databaseUrl: given.href } },
    systemClock,
    silentLog,
  );
  await expect(started).rejects.toThrow(
    /lacks rights on the tables: select and update on chain_identity, .*insert on payment/,
  );
  await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
});
