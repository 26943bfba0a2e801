// Cut-over: the commands of docs/cut-over.md, one after the other: an old system pays beside an
// observing daemon, the rest is adopted and paid once, and going back stops everything.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { base58Text } from '../../src/core/ids.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { asking } from '../support/ask.ts';
import { runCommand } from '../support/command.ts';
import { openStreet, profitableClose, type ShareView } from '../support/street.ts';

const PAGE = path.join(import.meta.dirname, '../../docs/cut-over.md');
/** The command lines of the page. */
const documented = (): string[] =>
  [...readFileSync(PAGE, 'utf8').matchAll(/^ *bailiff (.+)$/gm)].map(([, line = '']) =>
    line.trim(),
  );
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

test('a platform moves over, and could go back', async () => {
  await using street = await openStreet({
    settings: (settings) => ({ ...settings, mode: 'observe' }),
  });
  const { driver } = street;
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-cut-over-'));
  using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const file = path.join(folder, 'rows.jsonl');
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  const rows = [
    {
      kind: 'subscriber',
      id: 'ana',
      agentWallet: trader.agent.publicKey.toBase58(),
      agentSecretKey: base58Text(trader.agent.secretKey),
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
  ];
  const write = (values: readonly object[]): void =>
    writeFileSync(file, values.map((each) => JSON.stringify(each)).join('\n'));
  write(rows);
  const ran = new Set<string>();
  const vars: Record<string, string> = { $SHARE: '', $SLOT: '' };
  const run = async (line: string, mode = 'observe') => {
    expect(documented()).toContain(line);
    ran.add(line);
    const args = wordsOf(line).map((word) => vars[word] ?? word);
    const named = args.map((word) => (word === 'rows.jsonl' ? file : word));
    return runCommand(street, named, { env: { BAILIFF_MODE: mode } });
  };

  expect(await run('import rows.jsonl')).toMatchObject({ code: 0 });
  expect((await run('import rows.jsonl --apply')).out).toContain('Written.');
  const shares: ShareView[] = [];
  const trade = async (): Promise<ShareView> => {
    profitableClose(driver, trader);
    driver.send([driver.instructions.settlePnl(trader, 0)], [driver.faucet, trader.agent]);
    const share = await street.share('ana', (each) => shares.every(({ id }) => id !== each.id));
    shares.push(share);
    return share;
  };
  const first = await trade();
  driver.withdrawTo(trader, creator, BigInt(first.amount));
  await street.share('ana', (each) => each.id === first.id && each.status === 'paid');
  expect(await run('audit')).toMatchObject({ code: 0 });
  const elsewhere = await trade();
  const audit = await run('audit --csv');
  expect(audit).toMatchObject({ code: 3, out: expect.stringContaining(`never,ana`) });

  vars.$SHARE = elsewhere.id;
  await run("shares void $SHARE --reason 'paid by the old system outside of the chain'");
  await street.share('ana', (each) => each.id === elsewhere.id && each.status === 'voided');
  const third = await trade();
  expect(third.observed).toBe(true);
  const iou = { kind: 'debt', id: 'iou-1', subscriber: 'ana', subscription: 'ana-1' };
  write([...rows, { ...iou, amount: '400000' }]);
  expect((await run('import rows.jsonl --apply')).out).toMatch(/debts +1 +0 +0/);
  vars.$SLOT = String(third.close.slot);
  const adopted = await run("adopt --from-slot $SLOT --reason 'cut-over'", 'settle');
  expect(adopted.out).toContain('2 debts');

  await street.stop();
  const settled: App = await startApp(
    { ...street.settings, mode: 'settle' },
    systemClock,
    silentLog,
  );
  try {
    const ask = asking(() => settled.url);
    const paid = async () => {
      const { body } = await ask('GET', '/v1/shares?subscriber=ana&status=paid');
      return (body.shares as ShareView[]).map(({ id }) => id).includes(third.id) ? body.total : 0;
    };
    await expect.poll(paid, { interval: 25 }).toBe(3);
    // Each debt is paid once: the first by the old system, the adopted one and the brought one by
    // Bailiff.
    const due = BigInt(first.amount) + BigInt(third.amount) + 400_000n;
    expect(driver.usdcOf(creator)).toBe(due);
    const registered = async (query: string) =>
      (await ask('GET', `/v1/subscribers?${query}`)).body.total;
    expect(await registered('until=2999-01-01')).toBe(1);
    expect(await registered('since=2999-01-01')).toBe(0);

    await run("halt all --reason 'back to the old system'", 'settle');
    profitableClose(driver, trader);
    const waits = async () => {
      const { body } = await ask('GET', '/v1/shares?subscriber=ana&status=pending');
      return body.total;
    };
    await expect.poll(waits, { interval: 25 }).toBe(1);
    const payments = await run('payments list --csv', 'settle');
    expect(
      payments.out.split('\n').filter((line) => line.includes('landed')).length,
    ).toBeGreaterThan(0);
    const listed = await run('shares list --status paid --csv', 'settle');
    expect(listed.out).toContain(third.id);
    expect(driver.usdcOf(creator)).toBe(due);
  } finally {
    await settled.close();
  }
  expect(new Set(documented())).toEqual(ran);
});
