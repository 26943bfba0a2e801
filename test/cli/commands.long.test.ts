// Commands: what an operator can do without HTTP, beside a running daemon; every change is on
// record as an act. They run in the process of the test; where the process itself is the point,
// which is its exit code, standard input and output, they run as one.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { runCommand, runProcess } from '../support/command.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

let street: Street;
let ana: Trader;
beforeAll(async () => {
  street = await openStreet();
  ana = street.driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', ana, Keypair.generate().publicKey);
});
afterAll(() => street[Symbol.asyncDispose]());

const bailiff = (...args: string[]) => runCommand(street, args);
const json = async (...args: string[]) =>
  JSON.parse((await bailiff('--json', ...args)).out) as Record<string, unknown>;

test('gate and subscribers tell what the daemon would', async () => {
  await street.verdict('ana', 'allow');
  const said = (code: number, text: string | RegExp) => ({
    code,
    out: expect.stringMatching(text),
  });
  const asked: [string[], ReturnType<typeof said>][] = [
    [['gate', 'ana'], said(0, 'allow')],
    [['gate', 'nobody'], said(3, 'not registered')],
    [['gate', 'nobody', '--action', 'close'], said(0, '')],
    [['gate', 'ana', '--action', 'steal'], said(2, '')],
    [['subscribers', 'show', 'ana'], said(0, /ana: good, owes nothing/)],
    [['subscribers', 'show', 'nobody'], said(1, '')],
  ];
  await Promise.all(
    asked.map(async ([args, wanted]) =>
      expect(await bailiff(...args), args.join(' ')).toMatchObject(wanted),
    ),
  );
  // A process ends with the exit code, and writes the same.
  const [args, wanted] = [['gate', 'nobody'], said(3, 'not registered')];
  expect(await runProcess(street, args)).toMatchObject(wanted);
  expect(await json('subscribers', 'list')).toMatchObject({
    subscribers: [{ id: 'ana', hasKey: true }],
    next: null,
    total: 1,
  });
});

test('forgiving ends what waits, on record, and opens the gate', async () => {
  profitableClose(street.driver, ana);
  const share = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  street.driver.withdrawTo(ana, Keypair.generate().publicKey, 10_000_000n);
  await street.standing('ana', 'delinquent');
  expect((await bailiff('gate', 'ana')).code).toBe(3);
  expect((await bailiff('shares', 'forgive', 'ana')).code).toBe(2);
  const drill = ['shares', 'forgive', 'ana', '--reason', 'a drill'];
  const forgiven = await bailiff('--by', 'Jane Doe', ...drill);
  expect(forgiven).toMatchObject({
    code: 0,
    out: expect.stringContaining('in 1 share is forgiven'),
  });
  // The command judged the subscriber itself, so no daemon's next round is waited for.
  expect(await json('gate', 'ana')).toMatchObject({ standing: 'good' });
  expect((await bailiff('shares', 'forgive', 'ana', '--reason', 'a drill')).code).toBe(1);
  await street.share('ana', (each) => each.id === share.id && each.status === 'voided');
  await street.standing('ana', 'good');
  const shown = await bailiff('shares', 'list', '--subscriber', 'ana', '--status', 'voided');
  expect(shown.out).toMatch(/voided +by Jane Doe on 20\S+Z: a drill/);
  const audit = await fetch(`${street.app().url}/v1/audit?actor=command&limit=2`);
  expect(await audit.json()).toMatchObject({
    acts: [
      { what: 'shares forgive', status: 1, asked: { path: { id: 'ana', reason: 'a drill' } } },
      { what: 'shares forgive', status: 0, actor: 'command', person: 'Jane Doe', keyName: null },
    ],
  });
});

test('lists are told in pages that say how to go on, and refuse what is none', async () => {
  const { sql } = street.database;
  await sql`
    insert into act (at, actor, what, asked) select now(), 'anyone', 'x', '{}' from generate_series(1, 130)`;
  const list = ['acts', 'list', '--actor', 'anyone'];
  const first = await bailiff(...list);
  const lines = first.out.trim().split('\n');
  expect(lines).toHaveLength(102);
  const more = /^100 of (\d+) are shown\. Go on with --before (\d+), or take all with --all\.$/;
  const [, total, cursor = ''] = more.exec(lines.at(-1) ?? '') ?? [];
  expect(Number(total)).toBeGreaterThan(130);
  const rest = await json(...list, '--before', cursor, '--limit', '1000');
  expect((rest.acts as unknown[]).length).toBe(Number(total) - 100);
  const all = await json(...list, '--all');
  expect(all).toMatchObject({ next: null, total: Number(total) });
  expect((all.acts as unknown[]).length).toBe(Number(total));
  const refused = [
    [['shares', 'list', '--status', 'open'], 2, 'pending, processing, paid, failed, voided'],
    [['shares', 'list', '--before', 'nowhere'], 2, 'names no row'],
    [['shares', 'list', '--subscriber', 'anna'], 1, 'anna is not registered'],
    [['--by', ' ', 'halt', 'all', '--reason', 'a test'], 2, 'name of 1 to 100'],
  ] as const;
  await Promise.all(
    refused.map(async ([wrong, code, says]) =>
      expect(await bailiff(...wrong), wrong.join(' ')).toMatchObject({
        code,
        out: expect.stringContaining(says),
      }),
    ),
  );
});

test('a command that fails is on record with its exit code', async () => {
  expect((await bailiff('halt', 'nonsense', '--reason', 'a drill')).code).toBe(2);
  expect(await json('acts', 'list', '--actor', 'command', '--limit', '1')).toMatchObject({
    acts: [{ what: 'halt', status: 2 }],
  });
});

test('a transaction is shown and read again; histories are walked', async () => {
  const signature = profitableClose(street.driver, ana);
  await street.share('ana', (each) => each.close.signature === signature);
  const told = await json('replay', signature, '--dry-run');
  expect(told).toMatchObject({ noted: false, failed: false });
  expect((told.facts as { body: { kind: string } }[]).map((each) => each.body.kind)).toContain(
    'close',
  );
  const { sql } = street.database;
  const settled = async () =>
    (
      await sql<
        { at: Date | null }[]
      >`select read_at as at from sighting where signature = ${signature} and status = 'finalized'`
    )[0]?.at;
  await expect.poll(settled).toBeInstanceOf(Date);
  const before = await settled();
  expect((await bailiff('replay', signature)).code).toBe(0);
  await expect.poll(async () => Number(await settled()) > Number(before)).toBe(true);
  expect((await bailiff('replay', base58Text(new Uint8Array(64).fill(7)))).code).toBe(1);
  expect((await bailiff('replay', 'nonsense')).out).toContain(
    'nonsense is no transaction signature',
  );
  expect(await json('backfill', '--subscriber', 'ana', '--from-slot', '0')).toMatchObject({
    accounts: 3,
  });
  expect((await bailiff('backfill', '--subscriber', 'nobody')).code).toBe(1);
});

test('a key comes in by standard input, and only the right one; a new master key seals everything anew', async () => {
  const secret = base58Text(ana.agent.secretKey);
  const wrong = await runProcess(street, ['keys', 'import', 'ana', '-'], {
    input: base58Text(Keypair.generate().secretKey),
  });
  expect(wrong).toMatchObject({ code: 1, out: expect.stringContaining('not to') });
  const right = await runProcess(street, ['keys', 'import', 'ana', '-'], { input: `${secret}\n` });
  expect(right.code).toBe(0);
  expect(right.out).not.toContain(secret);
  const next = Buffer.alloc(32, 5).toString('base64');
  expect((await bailiff('keys', 'rotate-master')).out).toContain('BAILIFF_NEXT_MASTER_KEY');
  const env = { BAILIFF_NEXT_MASTER_KEY: next };
  await street.post('/v1/endpoints', { url: 'http://127.0.0.1:9/x' });
  const rotated = await runCommand(street, ['--json', 'keys', 'rotate-master'], { env });
  expect(JSON.parse(rotated.out)).toEqual({ keys: 1, secrets: 1 });
  // The command may run again; rows under the next key stay as they are.
  expect((await runCommand(street, ['keys', 'rotate-master'], { env })).code).toBe(0);
  // A daemon with both keys goes on during the change, and a daemon with only the next key goes on
  // after it.
  for (const given of [env, { BAILIFF_MASTER_KEY: next }]) {
    const doctor = await runCommand(street, ['--json', 'doctor'], { env: given });
    const { findings } = JSON.parse(doctor.out) as { findings: { what: string; says: string }[] };
    expect(findings.find((each) => each.what === 'keys')?.says).toBe('1 agent keys open');
  }
  const old = await runCommand(street, ['doctor']);
  expect(old).toMatchObject({ code: 3, out: expect.stringMatching(/WRONG +master key/) });
});

test('the watch-list at Helius is compared and mended', async () => {
  const env = {
    BAILIFF_HELIUS_API_KEY: street.settings.secrets.heliusApiKey ?? '',
    BAILIFF_HELIUS_API_URL: street.world.helius.apiUrl,
    BAILIFF_WEBHOOK_URL: `${street.app().url}/webhooks/helius`,
    BAILIFF_WEBHOOK_SECRETS: street.secret,
  };
  const run = (...args: string[]) => runCommand(street, ['watch-list', ...args], { env });
  expect(await run('diff')).toMatchObject({
    code: 0,
    out: expect.stringContaining('Nothing differs'),
  });
  const [webhook] = [...street.world.helius.webhooks.values()];
  if (webhook === undefined) throw new Error('no webhook');
  const stranger = base58Text(new Uint8Array(32).fill(3));
  const [first, ...rest] = webhook.accountAddresses;
  webhook.accountAddresses = [...rest, stranger];
  const differs = await run('diff');
  expect(differs.code).toBe(3);
  expect(differs.out).toContain(`missing  ${first}`);
  expect(differs.out).toContain(`extra    ${stranger}`);
  expect((await run('repair')).code).toBe(0);
  expect([...webhook.accountAddresses].sort()).toEqual([first, ...rest].sort());
  expect((await bailiff('watch-list', 'diff')).out).toContain('BAILIFF_HELIUS_API_KEY');
});

test('help teaches, and settings that are wrong are a finding', async () => {
  const { code, out: help } = await runProcess(street, ['--help']);
  expect(code).toBe(0);
  for (const command of [
    'doctor',
    'gate',
    'subscribers',
    'shares',
    'payments',
    'replay',
    'backfill',
    'keys',
    'api-keys',
    'watch-list',
    'halt',
    'halts',
    'resume',
    'acts',
  ])
    expect(help).toContain(`  ${command}`);
  expect(help).toContain('Exit codes');
  // Help goes to standard output also in this process, and wrong arguments end a process with 2.
  expect(await bailiff('--help')).toEqual({ code: 0, out: help });
  const unknown = await runProcess(street, ['gates']);
  expect(unknown).toMatchObject({
    code: 2,
    out: expect.stringContaining("unknown command 'gates'"),
  });
  const wrong = await runCommand(street, ['doctor'], { env: { BAILIFF_LOG_LEVEL: 'loud' } });
  expect(wrong).toMatchObject({ code: 3, out: expect.stringContaining('logLevel') });
});
