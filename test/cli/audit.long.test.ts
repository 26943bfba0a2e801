// Audit: an old system pays beside an observing daemon, once right, twice, and once not at all; the
// command names each double payment, and the receipt of what the old system paid verifies.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { openNode, verifyReceipts } from '../../src/verify/verify.ts';
import { asking } from '../support/ask.ts';
import { runCommand } from '../support/command.ts';
import { receiptFrom } from '../support/receipt-from.ts';
import { openStreet, type ShareView } from '../support/street.ts';

test('a history with double payments is audited to the unit', async () => {
  await using street = await openStreet({
    settings: (settings) => ({ ...settings, mode: 'observe' }),
  });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  const audit = async (...args: string[]) => {
    const { code, out } = await runCommand(street, ['audit', ...args]);
    return { code, lines: out.trimEnd().split('\n') };
  };
  expect(await audit()).toMatchObject({ code: 0 });

  const shares: ShareView[] = [];
  for (const base of [2_000_000_000n, 3_000_000_000n, 1_000_000_000n]) {
    driver.movePrice(0, 150_000_000n);
    driver.trade(trader, 'long', base);
    driver.movePrice(0, 165_000_000n);
    driver.trade(trader, 'short', base, { reduceOnly: true });
    shares.push(await street.share('ana', (each) => shares.every((known) => known.id !== each.id)));
    driver.send([driver.instructions.settlePnl(trader, 0)], [driver.faucet, trader.agent]);
  }
  const [first, second, third] = shares as [ShareView, ShareView, ShareView];
  const pay = ({ amount }: ShareView): string =>
    driver.withdrawTo(trader, creator, BigInt(amount)).signature;
  const [one, again, two, oneMore, twice] = [
    pay(first),
    pay(first),
    pay(second),
    pay(first),
    pay(second),
  ];
  const ask = asking(() => street.app().url);
  await expect
    .poll(async () => (await ask('GET', '/v1/subscribers/ana/credits')).body.total)
    .toBe(5);

  const { code, lines } = await audit('--csv');
  expect(code).toBe(3);
  const rows = lines.slice(1).map((line) => line.split(','));
  const told = rows.map(([kind, , , of, , , , , difference, , by]) => [kind, of, difference, by]);
  const usdc = ({ amount }: ShareView): string => (Number(amount) / 1e6).toFixed(6);
  expect(told).toHaveLength(6);
  expect(told).toEqual(
    expect.arrayContaining([
      ['right', first.id, '0.000000', one],
      ['right', second.id, '0.000000', two],
      ['never', third.id, `-${usdc(third)}`, ''],
      ['twice', first.id, usdc(first), again],
      ['twice', first.id, usdc(first), oneMore],
      ['twice', second.id, usdc(second), twice],
    ]),
  );
  const named = await audit('--subscriber', 'ana', '--kind', 'twice');
  expect(named.lines.join('\n')).toContain(`twice: 3, `);
  expect((await audit('--subscriber', 'nobody')).code).toBe(1);

  const receipt = receiptFrom((await ask('GET', `/v1/shares/${first.id}/receipt`)).body);
  expect(receipt.credits.length).toBeGreaterThan(0);
  const node = openNode(street.world.chain.rpcUrl, () => Promise.resolve());
  const found = await verifyReceipts([receipt], node);
  expect(found.checks.filter((each) => each.verdict !== 'ok')).toEqual([]);

  // An audit may be taken in parts, by subscribers.
  await street.subscribe('bo', driver.createTrader({ deposit: 1_000_000n }), creator);
  const part = await audit('--limit', '1');
  expect(part.lines.at(-1)).toBe('1 subscriber was audited. Go on with --after ana.');
  expect(await audit('--after', 'ana')).toMatchObject({ code: 0 });
});
