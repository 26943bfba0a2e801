// Statements: what daily work needs of shares, payments and earnings: times, markets, prices, fees,
// funding, periods, and CSV, over real HTTP and as commands.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mulDivFloor } from '../../src/core/money.ts';
import { createStatements } from '../../src/ledger/statements.ts';
import { perpMarketAddress, userAddress } from '../../src/local/drift/addresses.ts';
import { asking } from '../support/ask.ts';
import { runCommand } from '../support/command.ts';
import { forgetFundings, rewindCheck } from '../support/damage.ts';
import { factsOf } from '../support/heard-rows.ts';
import { debtsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';
import { bendAccount } from '../support/venue-world.ts';

let street: Street;
const ask = asking(() => street.app().url);
const creator = Keypair.generate().publicKey;
const before = Date.now();

beforeAll(async () => {
  street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  profitableClose(driver, trader);
});
afterAll(() => street[Symbol.asyncDispose]());

type Close = Record<string, string | number | null>;
type Share = { id: string; status: string; close: Close };
const sharesOf = async (query: string): Promise<Share[]> =>
  (await ask('GET', `/v1/shares?${query}`)).body.shares as Share[];
const DAY_MS = 86_400_000;
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

test('a share tells when and where it was closed, at which prices, with which fees', async () => {
  await street.share('ana', (each) => each.status === 'paid');
  const [share] = await sharesOf('subscriber=ana');
  const close = share?.close ?? {};
  expect(close).toMatchObject({ market: 0, marketName: 'SOL-PERP', position: 'long' });
  const amount = (name: string): bigint => BigInt(String(close[name]));
  expect(amount('netPnl')).toBe(
    amount('exit') - amount('entry') - amount('closingFee') - amount('openingFee'),
  );
  expect(amount('base')).toBe(amount('shareBase'));
  const debt = (await debtsIn(street.database)).find(({ shareId }) => shareId === share?.id);
  const fact = (await factsOf(street.database, 'close')).find(
    ({ signature, ordinal }) => signature === debt?.signature && ordinal === debt.ordinal,
  );
  expect(close.at).toBe(debt?.closedAt?.toISOString());
  expect(fact?.blockAt).toEqual(debt?.closedAt);
  const block = street.world.cluster.blockTime(Number(close.slot));
  expect(Date.parse(String(close.at))).toBe((block ?? 0) * 1_000);
});

test('a payment lists the shares that it is for, with their parts', async () => {
  const [share] = await sharesOf('subscriber=ana');
  const { payments } = (await ask('GET', '/v1/payments?subscriber=ana')).body as {
    payments: { id: string; amount: string; shares: unknown }[];
  };
  const landed = payments[0];
  expect(landed?.shares).toEqual([{ share: share?.id, amount: landed?.amount }]);
  const one = (await ask('GET', `/v1/payments/${landed?.id}`)).body;
  expect(one.shares).toEqual(landed?.shares);
});

describe('periods', () => {
  test('lists and sums take only what lies within', async () => {
    const [today, tomorrow] = [day(before - DAY_MS), day(before + 2 * DAY_MS)];
    const lists = ['/v1/shares?', '/v1/payments?', '/v1/subscribers/ana/closes?'];
    for (const list of lists) {
      const rows = async (query: string): Promise<number> => {
        const { body } = await ask('GET', `${list}${query}`);
        const found = body.shares ?? body.payments ?? body.closes;
        return (found as unknown[]).length;
      };
      expect(await rows(`since=${today}&until=${tomorrow}`), list).toBe(1);
      expect(await rows(`since=${tomorrow}`), list).toBe(0);
      expect(await rows(`until=${today}`), list).toBe(0);
    }
    const earned = async (query: string): Promise<unknown> =>
      (await ask('GET', `/v1/creators/${creator.toBase58()}/earnings?${query}`)).body.accrued;
    expect(await earned(`since=${tomorrow}`)).toBe('0');
    expect(await earned(`since=${today}`)).toBe(await earned(''));
    expect(await earned('')).not.toBe('0');
  });

  test('a text that is no time is refused', async () => {
    for (const since of ['2026-13-45', '2026-11-26T12:00', 'yesterday'])
      expect(await ask('GET', `/v1/shares?since=${since}`)).toMatchObject({
        status: 400,
        body: { title: 'query_invalid' },
      });
  });
});

test('links that were made before a revocation open no more; those of others and later ones do', async () => {
  const linkTo = async (of: string, id: string): Promise<string> => {
    const period = { since: day(before - DAY_MS), until: day(before + 2 * DAY_MS) };
    return String((await ask('POST', '/v1/statements', { of, id, ...period })).body.csvPath);
  };
  const opened = async (path: string): Promise<number> =>
    (await fetch(street.app().url + path)).status;
  const [own, other] = [
    await linkTo('subscriber', 'ana'),
    await linkTo('creator', creator.toBase58()),
  ];
  expect([await opened(own), await opened(other)]).toEqual([200, 200]);
  const revoke = (id: string) =>
    ask('POST', '/v1/statements/revocations', { of: 'subscriber', id });
  expect((await revoke('nobody')).status).toBe(404);
  expect((await revoke('ana')).status).toBe(204);
  expect([await opened(own), await opened(other)]).toEqual([404, 200]);
  // A daemon that starts again knows it, too.
  await street.restart();
  expect(await opened(own)).toBe(404);
  expect(await opened(await linkTo('subscriber', 'ana'))).toBe(200);
});

test('commands print the same as CSV, each row whole, and nothing beside', async () => {
  const csv = async (...args: string[]) => {
    const { code, out } = await runCommand(street, [...args, '--csv']);
    expect(code, out).toBe(0);
    return out.trimEnd().split('\n');
  };
  const [share] = await sharesOf('subscriber=ana');
  const [shares, payments, earnings, none] = await Promise.all([
    csv('shares', '--since', day(before - DAY_MS)),
    csv('payments', 'list'),
    csv('earnings'),
    csv('shares', '--until', '2020-01-01'),
  ]);
  expect(shares).toHaveLength(2);
  expect(shares[0]).toMatch(/^share,closed_at,slot,subscriber,/);
  expect(shares[1]).toContain(`${share?.id},${share?.close.at}`);
  expect(shares[1]).toContain(',SOL-PERP,long,');
  expect(payments[1]).toContain(`${share?.id}=`);
  expect(earnings).toEqual([
    'creator_wallet,token,owed,in_flight,paid,voided,observed,accrued',
    expect.stringMatching(new RegExp(`^${creator.toBase58()},USDC,0\\.000000,0\\.000000,\\d`)),
  ]);
  expect(none).toHaveLength(1);
  expect((await runCommand(street, ['shares', '--since', 'yesterday'])).code).toBe(2);
  const closes = await csv('closes', 'ana');
  expect(closes[0]).toBe('slot,market,profit,owed,why,transaction,in words');
  expect(closes[1]).toMatch(/^\d+,SOL-PERP,.*,10 % of .* is paid\.$/);
});

test('a share tells the funding of its part once account state has proven it, and nothing where the facts do not name its market', async () => {
  const { driver, world } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ben', trader, creator);
  const raiseRate = (by: bigint): void =>
    bendAccount(world, 'PerpMarket', perpMarketAddress(0).toBase58(), ({ amm }) => {
      amm.cumulativeFundingRateLong += by;
    });
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 4_000_000_000n);
  raiseRate(1_234_567_891n);
  // Every wallet may settle the first; the second payment is settled by the close itself.
  driver.send([driver.instructions.settleFunding(trader)], [driver.faucet]);
  driver.movePrice(0, 165_000_000n);
  driver.trade(trader, 'short', 1_000_000_000n, { reduceOnly: true });
  raiseRate(-300_000_007n);
  driver.trade(trader, 'short', 3_000_000_000n, { reduceOnly: true });
  const fundings = async () =>
    (await sharesOf('subscriber=ben')).map(({ close }) => close.funding).toReversed();
  await expect.poll(fundings).toEqual([expect.any(String), expect.any(String)]);
  const user = userAddress(trader.agent.publicKey, 0).toBase58();
  const payments = (await factsOf(street.database, 'tally')).flatMap(({ account, body }) =>
    account === user ? (body.fundings ?? []) : [],
  );
  const [first = 0n, second = 0n] = payments.map(({ amount }) => amount);
  expect(payments.map(({ base }) => base)).toEqual([4_000_000_000n, 3_000_000_000n]);
  expect(first).toBeLessThan(0n);
  expect(second).toBeGreaterThan(0n);
  const part = mulDivFloor(first, 1n, 4n);
  expect(await fundings()).toEqual([String(part), String(first - part + second)]);
  const [newer, older] = await sharesOf('subscriber=ben');
  const { out } = await runCommand(street, ['shares', 'explain', older?.id ?? '']);
  expect(out).toMatch(new RegExp(`\n  funding +${part} +paid to this part while it was open`));
  await street.stop();
  const read = async () => {
    const found = await createStatements(street.database.sql).shares(
      [older, newer].map((share) => share?.id ?? ''),
    );
    return [older, newer].map((share) => found.get(share?.id ?? '')?.funding);
  };
  // What the state of the account has not proven may be incomplete.
  await rewindCheck(street.database, user, Number(newer?.close.slot) - 1);
  expect(await read()).toEqual([part, null]);
  await rewindCheck(street.database, user, Number(newer?.close.slot));
  expect(await read()).toEqual([part, first - part + second]);
  await forgetFundings(street.database);
  expect(await read()).toEqual([null, null]);
});
