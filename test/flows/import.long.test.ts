// Import: a platform moves in with people who hold positions, owe debts and have losses to make
// good. What they owe afterwards is paid to the unit, and the same file again changes nothing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import type { Receipt } from '../../src/core/receipt.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { openNode, verifyReceipts } from '../../src/verify/verify.ts';
import { asking } from '../support/ask.ts';
import { runCommand } from '../support/command.ts';
import { receiptFrom } from '../support/receipt-from.ts';
import { everythingIn } from '../support/rows.ts';
import { openStreet, type ShareView } from '../support/street.ts';

const SOL = 1_000_000_000n;
type Report = {
  refused: { line: number; problem: string }[];
  open: { entry: string }[];
};
type Close = {
  slot: number;
  reason: string | null;
  amount: string;
  netPnl: string;
  parts: { netPnl: string; base: string | null }[];
};

test('open positions, debts and losses are brought and paid to the unit', async () => {
  await using street = await openStreet();
  const { driver, world } = street;
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-import-'));
  using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const creator = Keypair.generate().publicKey;
  const [ana, bo, cy, dee] = Array.from({ length: 4 }, () =>
    driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n }),
  ) as [Trader, Trader, Trader, Trader];
  driver.movePrice(0, 150_000_000n);
  for (const each of [ana, bo, cy]) driver.trade(each, 'long', SOL);
  world.cluster.advance(2);
  const cutOver = world.cluster.slot('processed');
  world.cluster.advance(2);
  driver.movePrice(0, 160_000_000n);
  driver.trade(cy, 'long', SOL);

  const subscriber = (id: string, { agent }: Trader) => ({
    kind: 'subscriber',
    id,
    agentWallet: agent.publicKey.toBase58(),
    agentSecretKey: base58Text(agent.secretKey),
    subAccountIds: [0],
  });
  const subscription = (id: string, more: Record<string, unknown>) => ({
    kind: 'subscription',
    id: `${id}-1`,
    subscriber: id,
    subAccountId: 0,
    creatorWallet: creator.toBase58(),
    shareBps: 1_000,
    ...more,
  });
  const owed = { kind: 'debt', subscriber: 'ana', subscription: 'ana-1', origin: 'trade 9' };
  const rows = [
    { ...owed, id: 'iou-1', amount: '1250000', netPnl: '12500000', shareBps: 1_000 },
    subscriber('ana', ana),
    subscription('ana', { open: 'charged' }),
    subscriber('bo', bo),
    subscription('bo', {}),
    subscriber('cy', cy),
    subscription('cy', { open: 'from_slot', fromSlot: cutOver }),
    subscriber('dee', dee),
    subscription('dee', {
      basis: 'high_water_mark',
      highWaterMark: '900000',
      realised: '-5100000',
    }),
    { ...subscriber('eve', dee), id: 'eve' },
    { ...owed, id: 'iou-2', subscriber: 'eve', subscription: 'eve-1', amount: '5' },
    { kind: 'subscriber', id: 'fay', agentWallet: 'short', subAccountIds: [0] },
  ];
  const file = path.join(folder, 'rows.jsonl');
  const last = '{"kind": "debt", "id": ';
  writeFileSync(file, `${rows.map((each) => JSON.stringify(each)).join('\n')}\n${last}\n`);
  const run = async (...args: string[]) => {
    const { code, out } = await runCommand(street, ['--json', 'import', file, ...args]);
    return { code, report: JSON.parse(out) as Report };
  };
  const ask = asking(() => street.app().url);
  const counts = (added: number, known: number, refused: number) => ({ added, known, refused });

  // A JSON array is neither JSON lines nor CSV: it must not pass as a file with nothing to bring.
  const array = path.join(folder, 'rows.json');
  writeFileSync(array, JSON.stringify(rows));
  expect(await runCommand(street, ['import', array])).toMatchObject({ code: 2 });

  const tried = await run();
  expect(tried.code).toBe(3);
  expect(tried.report).toMatchObject({
    dryRun: true,
    subscribers: counts(4, 0, 2),
    subscriptions: counts(4, 0, 0),
    debts: counts(1, 0, 1),
    owed: [{ creatorWallet: creator.toBase58(), amount: '1250000' }],
  });
  expect((await ask('GET', '/v1/subscribers')).body.total).toBe(0);

  const { code, report } = await run('--apply');
  expect(code).toBe(3);
  expect(report).toMatchObject({
    dryRun: false,
    subscribers: counts(4, 0, 2),
    debts: counts(1, 0, 1),
  });
  const told = report.refused.map((each) => [each.line, each.problem]);
  expect(told).toEqual([
    [10, 'Line 8 has the same subscriber. Leave one of them out.'],
    [11, expect.stringContaining('has no subscription eve-1')],
    [12, 'agentWallet must be a Solana address.'],
    [13, expect.stringContaining('not one JSON object')],
  ]);
  expect(report.open).toEqual([
    expect.objectContaining({ subscription: 'ana-1', base: '1000000000', charged: true }),
    expect.objectContaining({ subscription: 'bo-1', charged: false }),
  ]);
  const entry = BigInt(report.open[0]?.entry ?? 0);
  expect((await run('--apply')).report).toMatchObject({
    subscribers: counts(0, 4, 2),
    subscriptions: counts(0, 4, 0),
    debts: counts(0, 1, 1),
    open: [],
  });
  const secrets = [ana, bo, cy, dee].map(({ agent }) => base58Text(agent.secretKey));
  const kept = await everythingIn(street.database);
  expect(kept).toContain('rows.jsonl');
  for (const each of secrets) expect(kept).not.toContain(each);

  const brought = await street.share('ana', (each) => each.status === 'paid');
  expect(brought).toMatchObject({ amount: '1250000', paid: '1250000' });
  expect((await ask('GET', `/v1/shares/${brought.id}`)).body.brought).toEqual({
    id: 'iou-1',
    origin: 'trade 9',
  });
  const explained = await ask('GET', `/v1/shares/${brought.id}/explanation`);
  expect(explained.body.sentence).toContain('as its debt iou-1, from trade 9');
  expect((await ask('GET', `/v1/shares/${brought.id}/receipt`)).status).toBe(404);
  const { out } = await runCommand(street, ['shares', 'explain', brought.id]);
  expect(out).toMatch(/\n {2}amount +1250000 +as the other system gave it/);
  expect(out).not.toContain('funding');

  driver.movePrice(0, 170_000_000n);
  driver.trade(ana, 'short', SOL, { reduceOnly: true });
  driver.trade(bo, 'short', SOL, { reduceOnly: true });
  driver.trade(cy, 'short', SOL, { reduceOnly: true });
  const closesOf = async (id: string): Promise<Close[]> =>
    (await ask('GET', `/v1/subscribers/${id}/closes`)).body.closes as Close[];
  const close = async (id: string, booked: (close: Close) => boolean) => {
    await expect.poll(async () => (await closesOf(id)).some(booked), { interval: 25 }).toBe(true);
    return (await closesOf(id)).find(booked) as Close;
  };
  const charged = await close('ana', (each) => each.parts.length > 0);
  const [whole] = charged.parts;
  expect(BigInt(charged.amount)).toBe(BigInt(whole?.netPnl ?? 0) / 10n);
  expect(BigInt(charged.netPnl)).toBeGreaterThan(19_000_000n);
  expect(entry).toBeGreaterThan(149_000_000n);
  expect(await close('bo', (each) => each.parts.length > 0)).toMatchObject({
    reason: 'before_terms',
    amount: '0',
  });
  // The later of cy's two openings, at 160, is closed first and is under the terms.
  const later = await close('cy', (each) => each.parts.length > 0);
  const parts = later.parts.filter(({ base }) => base === '1000000000');
  expect(parts).toHaveLength(1);
  expect(Number(later.amount)).toBeLessThan(1_000_000);
  expect(Number(later.amount)).toBeGreaterThan(950_000);
  driver.trade(cy, 'short', SOL, { reduceOnly: true });
  const earlier = await close('cy', ({ slot, parts: of }) => slot > later.slot && of.length > 0);
  expect(earlier).toMatchObject({ reason: 'before_terms', amount: '0' });

  // dee has 6 USDC to make good: of some 10 of profit some 4 are charged.
  driver.movePrice(0, 160_000_000n);
  driver.trade(dee, 'long', SOL);
  driver.movePrice(0, 170_000_000n);
  driver.trade(dee, 'short', SOL, { reduceOnly: true });
  const made = await close('dee', (each) => each.parts.length > 0);
  const profit = BigInt(made.parts[0]?.netPnl ?? 0);
  expect(BigInt(made.amount)).toBe((profit - 6_000_000n) / 10n);

  const paid = async (id: string): Promise<ShareView> =>
    street.share(id, (each) => each.status === 'paid' && each.amount !== '1250000');
  const shares = [await paid('ana'), await paid('cy'), await paid('dee')];
  const due = shares.reduce((sum, each) => sum + BigInt(each.amount), 1_250_000n);
  expect(driver.usdcOf(creator)).toBe(due);
  // The record of a close shows the entry of what was charged from its opening on. Beside openings
  // that owe nothing, which a receipt does not list, no average entry can be told.
  const receipts = await Promise.all(
    shares.map(async ({ id }) => receiptFrom((await ask('GET', `/v1/shares/${id}/receipt`)).body)),
  );
  const node = openNode(world.chain.rpcUrl, async () => {});
  const notOk = async (receipt: Receipt) =>
    (await verifyReceipts([receipt], node)).checks.filter(({ verdict }) => verdict !== 'ok');
  expect(await Promise.all(receipts.map(notOk))).toEqual([
    [],
    [expect.objectContaining({ what: 'history', verdict: 'unknown' })],
    [],
  ]);
});

test('rows come in by the API, and their subscribers are watched at once', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 100_000_000n, lamports: 50_000_000n });
  const creator = Keypair.generate().publicKey;
  const agentWallet = trader.agent.publicKey.toBase58();
  const about = { subscriber: 'ana', subscription: 'ana-1' };
  const rows = [
    {
      kind: 'subscriber',
      id: 'ana',
      agentWallet,
      agentSecretKey: JSON.stringify([...trader.agent.secretKey]),
      subAccountIds: [0],
    },
    {
      kind: 'subscription',
      id: 'ana-1',
      subscriber: 'ana',
      subAccountId: 0,
      creatorWallet: creator.toBase58(),
      shareBps: 1_000,
    },
    { kind: 'debt', id: 'iou-1', ...about, amount: '700000' },
    { kind: 'debt', id: 'iou-2', ...about, amount: '0' },
  ];
  const answer = await street.post('/v1/imports', { dryRun: false, rows });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  expect(answer.body).toMatchObject({
    debts: { added: 1, known: 0, refused: 1 },
    refused: [
      { row: 4, id: 'iou-2', problem: 'amount must be above 0: a debt of nothing is no debt.' },
    ],
  });
  expect(await everythingIn(street.database)).not.toContain(String([...trader.agent.secretKey]));
  await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(700_000n);
  await street.verdict('ana', 'allow');
  expect((await street.post('/v1/imports', { dryRun: true, rows: [{}] })).status).toBe(400);
});
