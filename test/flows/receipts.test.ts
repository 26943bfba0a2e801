// Receipts: a street's shares are paid, their receipts are taken, the daemon is stopped, and the
// receipts are verified against the chain's node alone; each figure changed by one unit is refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair, PublicKey, TransactionInstruction } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newSecret, sha256 } from '../../src/chain/hashing.ts';
import { MEMO_PROGRAM } from '../../src/core/programs.ts';
import { type Receipt, receiptText } from '../../src/core/receipt.ts';
import { rootMemoText } from '../../src/core/root-memo.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { compareDay, createRootPaths, sealNextDay } from '../../src/flows/daily-roots.ts';
import { createRootBook } from '../../src/ledger/daily-roots.ts';
import { silentLog } from '../../src/system/log.ts';
import { type Node, openNode, verifyReceipts } from '../../src/verify/verify.ts';
import { runCommand } from '../support/command.ts';
import { changeStanding, loseRoots } from '../support/damage.ts';
import { receiptFrom } from '../support/receipt-from.ts';
import { variantsOf } from '../support/receipt-variants.ts';
import { openStreet, type Street } from '../support/street.ts';

let street: Street;
let folder: string;
let receipts: Receipt[];
const SOL = 1_000_000_000n;
const noPause = () => Promise.resolve();

/** The street's node, asked once for each transaction, and for its genesis hash on demand. */
function remembering(): Node {
  const node = openNode(street.world.chain.rpcUrl, noPause);
  const known = new Map<string, Promise<ChainTransaction | null>>();
  let genesis: Promise<string> | undefined;
  return {
    genesisHash() {
      genesis ??= node.genesisHash();
      return genesis;
    },
    transaction(signature) {
      const found = known.get(signature) ?? node.transaction(signature);
      known.set(signature, found);
      return found;
    },
  };
}
/** Writes a memo on chain, and returns the signature once it is final. */
function writeMemo(text: string): string {
  const { driver, world } = street;
  const programId = new PublicKey(MEMO_PROGRAM);
  const memo = new TransactionInstruction({ programId, keys: [], data: Buffer.from(text) });
  const { signature } = driver.send([memo], [driver.faucet]);
  world.cluster.advance(20);
  return signature;
}
const receiptOf = async (id: string): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${street.app().url}/v1/shares/${id}/receipt`);
  return { status: answer.status, body: await answer.json() };
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bailiff-receipts-'));
  street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  await street.subscribe('ana', trader, Keypair.generate().publicKey, 1_234, {
    basis: 'high_water_mark',
    splits: [{ wallet: Keypair.generate().publicKey.toBase58(), shareBps: 234 }],
  });
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 12_345_678_000n);
  driver.movePrice(0, 153_000_000n);
  driver.trade(trader, 'long', 5_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  driver.trade(trader, 'short', 7_000_000_000n, { reduceOnly: true });
  driver.trade(trader, 'short', 10_345_678_000n, { reduceOnly: true });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await street[Symbol.asyncDispose]();
});

test('the route and the command write the same receipt', async () => {
  await expect
    .poll(async () => (await street.shares('ana')).filter((each) => each.status === 'paid').length)
    .toBe(4);
  const shares = await street.shares('ana');
  const answers = await Promise.all(shares.map((each) => receiptOf(each.id)));
  receipts = answers.map(({ body }) => receiptFrom(body));
  const printed = await runCommand(street, ['receipt', shares[0]?.id ?? '']);
  expect(printed.code, printed.out).toBe(0);
  expect(JSON.parse(printed.out)).toEqual(answers[0]?.body);
  expect((await receiptOf('none')).status).toBe(404);
  await street.stop();
});

const written = (name: string, ...given: readonly Receipt[]): string => {
  const file = path.join(folder, name);
  writeFileSync(file, `[${given.map(receiptText).join(',')}]`);
  return file;
};

describe('with the daemon stopped', () => {
  test('receipts lead to the roots of their days, and a changed record shows', async () => {
    const { sql } = street.database;
    const roots = createRootBook(sql);
    const ports = { roots, hash: sha256, secret: newSecret, pause: async () => {} };
    const seal = (nowMs: number) => sealNextDay(ports, { nowMs: () => nowMs }, silentLog);
    const [began = ''] = [await roots.nextDay()];
    const endMs = Date.parse(began ?? '') + 24 * 3_600_000;
    // Records of a day may be written for a while after its end.
    expect(await seal(endMs + 29 * 60_000)).toBeNull();
    while ((await seal(endMs + 2 * 24 * 3_600_000)) !== null);
    const [first, second] = await roots.list({ after: null, limit: 10 });
    expect(first).toMatchObject({ day: began, previous: null });
    expect(second?.previous).toBe(first?.commitment);
    expect(await roots.list({ after: first?.day ?? null, limit: 1 })).toEqual([second]);
    const pathsOf = createRootPaths(ports);
    const rooted = await Promise.all(
      receipts.map(async (each) => ({ ...each, roots: await pathsOf(each) })),
    );
    const kept = (await roots.list({ after: null, limit: 10 })).map((each) => each.commitment);
    const verify = async (given: readonly Receipt[], commitments: readonly string[]) =>
      verifyReceipts(given, remembering(), undefined, commitments);
    const found = await verify(rooted, kept);
    expect(found.verdict).toBe('ok');
    const shown = found.checks.filter((each) => each.what === 'root');
    // Each receipt has its own close and the payment of it.
    expect(shown).toHaveLength(2 * receipts.length);
    expect((await verify(rooted, [kept.at(-1) ?? ''])).verdict).toBe('differs');
    // The signature of a memo on chain stands for the commitment that it names.
    const days = await roots.list({ after: null, limit: 10 });
    const memos = days.map((each) => writeMemo(rootMemoText(each)));
    const byMemo = await verify(rooted, memos);
    expect(byMemo.checks.filter((each) => each.verdict !== 'ok')).toEqual([]);
    const [other] = [writeMemo(rootMemoText({ day: began ?? '', commitment: 'ef'.repeat(32) }))];
    const against = await verify(rooted, [other]);
    expect(against.checks.find((each) => each.what === 'root memo')).toMatchObject({
      share: null,
      verdict: 'ok',
    });
    expect(against.verdict).toBe('differs');
    expect((await verify(receipts, kept)).verdict).toBe('unknown');
    const [one] = rooted as [Receipt, ...Receipt[]];
    const changed = [...variantsOf(one)].filter(([name]) => /^roots.*→/.test(name));
    expect(changed.length).toBeGreaterThan(5);
    for (const [name, variant] of changed)
      expect((await verify([variant], kept)).verdict, name).not.toBe('ok');
    expect(await compareDay(ports, began ?? '')).toMatchObject({ added: 0, gone: 0 });
    await changeStanding(street.database);
    expect(await compareDay(ports, began ?? '')).toMatchObject({ added: 1, gone: 1 });
    expect(await compareDay(ports, '2000-01-01')).toBeNull();
  });

  test('receipts lead to a root that was sealed anew after the database lost the first', async () => {
    const roots = createRootBook(street.database.sql);
    const ports = { roots, hash: sha256, secret: newSecret, pause: async () => {} };
    const pathsOf = createRootPaths(ports);
    const [receipt] = receipts as [Receipt];
    const before = await pathsOf(receipt);
    await loseRoots(street.database);
    expect(await pathsOf(receipt)).toEqual([]);
    const nowMs = Date.parse((await roots.nextDay()) ?? '') + 3 * 24 * 3_600_000;
    while ((await sealNextDay(ports, { nowMs: () => nowMs }, silentLog)) !== null);
    const after = await pathsOf(receipt);
    expect(after.map((each) => each.day)).toEqual(before.map((each) => each.day));
    const kept = await roots.list({ after: null, limit: 10 });
    for (const { day, commitment } of after)
      expect(commitment).toBe(kept.find((each) => each.day === day)?.commitment);
    expect(after.map((each) => each.commitment)).not.toEqual(before.map((each) => each.commitment));
    const all = kept.map((each) => each.commitment);
    const found = await verifyReceipts(
      [{ ...receipt, roots: after }],
      remembering(),
      undefined,
      all,
    );
    expect(found.verdict).toBe('ok');
  });

  test('receipts verify against the node alone, and tell what they only state', async () => {
    const found = await verifyReceipts(receipts, remembering());
    expect(found.checks.filter((each) => each.verdict !== 'ok')).toEqual([]);
    expect(found.verdict).toBe('ok');
    expect(new Set(found.checks.map((each) => each.what))).toEqual(
      new Set([
        'chain',
        'venue',
        'accounts',
        'id',
        'close',
        'openings',
        'history',
        'computation',
        'share',
        'payment',
        'paid',
        'together',
      ]),
    );
    const [first] = receipts;
    expect(found.stated[first?.share.id ?? '']).toEqual([
      expect.stringMatching(/^Terms: 12\.34 % above the high-water mark from slot \d+ on\.$/),
      expect.stringMatching(/^Of it 2\.34 % to \w+; the creator gets the rest\.$/),
      expect.stringContaining('Carried over'),
      'Earlier losses to be made good first: 0.000000 USDC.',
    ]);
    // A node that is not there is named by its host; the path of a URL may be a key.
    const gone = openNode('http://127.0.0.1:1/a-secret-path', noPause);
    await expect(verifyReceipts(receipts, gone)).rejects.toThrow(
      /^The node at 127\.0\.0\.1:1 does not answer: (?!.*secret)./,
    );
  });

  test('the command needs no database, and its exit code tells ok, differs and cannot be told', async () => {
    const env = { DATABASE_URL: '', BAILIFF_MASTER_KEY: '' };
    const rpc = ['--rpc', street.world.chain.rpcUrl];
    const verify = (...args: string[]) => runCommand(street, ['verify', ...args], { env });
    const [first, second] = receipts as [Receipt, Receipt];
    const good = await verify(written('good.json', first), written('other.json', second), ...rpc);
    expect(good, good.out).toMatchObject({ code: 0, out: expect.stringContaining('together') });
    const forged = { ...first, share: { ...first.share, amount: first.share.amount + 1n } };
    expect(await verify(written('forged.json', forged), ...rpc)).toMatchObject({
      code: 3,
      out: expect.stringContaining('DIFFERS'),
    });
    const [payment] = first.payments;
    const gone = '5'.repeat(87) as Receipt['close']['signature'];
    const pruned = { ...first, payments: [{ ...payment, signature: gone }] } as Receipt;
    expect(await verify(written('pruned.json', pruned), ...rpc)).toMatchObject({
      code: 1,
      out: expect.stringContaining('cannot be told'),
    });
    writeFileSync(path.join(folder, 'none.json'), '{"kind":"bailiff.receipt"}');
    expect((await verify(path.join(folder, 'none.json'), ...rpc)).code).toBe(2);
    expect(await verify(path.join(folder, 'absent.json'), ...rpc)).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^\S+absent\.json cannot be read: [^\n]+\n$/),
    });
  });

  test('every figure, changed by one unit, is refused', async () => {
    const node = remembering();
    let tried = 0;
    for (const receipt of receipts.slice(0, 2))
      for (const [name, variant] of variantsOf(receipt)) {
        // The wallets of other recipients are stated, and so is a free period that is over.
        const others = receipt.share.recipient === 0 ? 'splits[0].wallet' : '[0].creatorWallet';
        if (name.includes(others) || name.includes('freeBeforeSlot')) continue;
        const { verdict } = await verifyReceipts([variant], node);
        expect(verdict, name).not.toBe('ok');
        tried++;
      }
    expect(tried).toBeGreaterThan(100);
  });

  test('one payment is never counted twice, nor one close for two shares', async () => {
    const node = remembering();
    const [first] = receipts as [Receipt];
    // Two shares of one recipient: one payment may pay both recipients, each its own amount.
    const second = receipts.find(
      ({ share, creator }) =>
        share.id !== first.share.id && creator.wallet === first.creator.wallet,
    ) as Receipt;
    const [payment] = first.payments as [Receipt['payments'][number]];
    const other = second.share.id;
    const more = {
      ...second,
      payments: [{ ...payment, covers: [{ share: other, amount: second.share.amount }] }],
    };
    const stolen = await verifyReceipts([first, more], node);
    expect(stolen.checks.filter((each) => each.what === 'together')).toMatchObject([
      { verdict: 'differs', detail: expect.stringContaining('allotted otherwise') },
    ]);
    const twice = { ...first, share: { ...first.share, id: 'ps_another' } };
    const doubled = await verifyReceipts([first, twice], node);
    expect(doubled.checks.filter((each) => each.what === 'together')).toMatchObject([
      { verdict: 'differs', detail: expect.stringContaining('two shares') },
    ]);
    // The same receipt given twice proves no more and no less.
    expect((await verifyReceipts([first, first], node)).verdict).toBe('ok');
  });

  test('a node of another chain is told at once', async () => {
    const elsewhere: Node = { ...remembering(), genesisHash: async () => 'another' };
    const { verdict, checks } = await verifyReceipts(receipts.slice(0, 1), elsewhere);
    expect([verdict, checks.map((each) => each.what)]).toEqual(['differs', ['chain']]);
  });
});
