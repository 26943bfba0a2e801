// Limits: debts of a whole daemon whose payments come near the limits of the pen. What can move
// nothing uses up no day, one debt above a limit holds no other, and a reimbursement never takes a
// payment above a limit.
import { TOKEN_PROGRAM_ID } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createLedger } from '../../src/ledger/ledger.ts';
import type { Settings } from '../../src/system/settings.ts';
import { dropPayments } from '../support/dropped-payments.ts';
import { LONG } from '../support/long.ts';
import { paymentsIn } from '../support/rows.ts';
import { moveDeposit, openStreet, openSubAccount, profitableClose } from '../support/street.ts';

/** The share of 10 % of a profitable close, in base units of USDC. */
const SHARE = 2_936_999n;
const paying =
  (payments: Partial<Settings['payments']>) =>
  (given: Settings): Settings => ({ ...given, payments: { ...given.payments, ...payments } });
/** Ended for now: paid, or left to a person. */
const settled = ({ status }: { readonly status: string }): boolean =>
  status === 'paid' || status === 'failed';

test.runIf(LONG)(
  'payments that are proven dead use up nothing of the day: the debt is paid once the network takes them again',
  async () => {
    await using street = await openStreet({
      slotMs: 5,
      settings: paying({ mostPerSubscriberADay: '7000000' }),
    });
    const { driver, database, world } = street;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, Keypair.generate().publicKey);
    world.mischief.swallowSends = Number.POSITIVE_INFINITY;
    profitableClose(driver, trader);
    const states = async () => (await paymentsIn(database)).map(({ state }) => state);
    await expect
      .poll(async () => (await states()).filter((state) => state === 'dead').length)
      .toBeGreaterThanOrEqual(2);
    world.mischief.swallowSends = 0;
    const share = await street.share('ana', settled);
    expect(share).toMatchObject({ status: 'paid', amount: String(SHARE) });
    expect((await states()).toSorted().at(-1)).toBe('landed');
    // No payment was refused before it was signed.
    expect(await states()).not.toContain('failed');
  },
);

test.runIf(LONG)(
  'payments that a debtor lets fail on chain use up nothing of the day, and park no debt',
  async () => {
    await using street = await openStreet({
      settings: paying({ mostPerSubscriberADay: '5000000' }),
    });
    const { driver, database, world } = street;
    const ana = driver.createTrader({ deposit: 100_000_000n, lamports: 500_000_000n });
    openSubAccount(driver, ana, 1);
    await street.subscribe('ana', ana, Keypair.generate().publicKey);
    const agentWallet = ana.agent.publicKey.toBase58();
    await street.post('/v1/subscribers', { id: 'ana', agentWallet, subAccountIds: [1] });
    // The deposit leaves the account between the simulation and the execution.
    world.mischief.onSend = {
      when: 'before',
      act() {
        world.mischief.onSend = null;
        moveDeposit(driver, ana, 1, 99_000_000n);
      },
    };
    profitableClose(driver, ana);
    const share = await street.share('ana', settled);
    expect(share).toMatchObject({ status: 'paid', amount: String(SHARE) });
    expect((await paymentsIn(database)).map(({ state }) => state)).toEqual(['failed', 'landed']);
  },
);

test.runIf(LONG)(
  'under a nonce a failure and a cancellation use up nothing of the day either',
  async () => {
    const sponsor = Keypair.generate();
    await using street = await openStreet({
      sponsor,
      settings: paying({ mostPerSubscriberADay: '5000000', replayGuard: 'nonce' }),
    });
    const { driver, database, world } = street;
    const { mischief } = world;
    driver.giveSol(sponsor.publicKey, 1_000_000_000n);
    const ana = driver.createTrader({ deposit: 100_000_000n, lamports: 500_000_000n });
    openSubAccount(driver, ana, 1);
    await street.subscribe('ana', ana, Keypair.generate().publicKey);
    const agentWallet = ana.agent.publicKey.toBase58();
    await street.post('/v1/subscribers', { id: 'ana', agentWallet, subAccountIds: [1] });
    const states = async () => (await paymentsIn(database)).map(({ state }) => state);
    const dropping: ReturnType<typeof dropPayments>[] = [];
    // The first payment of the share fails, and the second one is lost.
    mischief.drops = ({ message }) => {
      if (!message.staticAccountKeys.some((key) => key.equals(TOKEN_PROGRAM_ID))) return false;
      moveDeposit(driver, ana, 1, 99_000_000n);
      dropping.push(dropPayments(world));
      return false;
    };
    profitableClose(driver, ana);
    await expect.poll(states).toEqual(['failed', 'sent']);
    const { halts } = createLedger(database.sql);
    await halts.set('all', 'drill');
    await expect.poll(states).toEqual(['failed', 'dead']);
    expect(dropping.length).toBe(1);
    dropping[0]?.stop();
    await halts.lift('all');
    expect(await street.share('ana', settled)).toMatchObject({ status: 'paid' });
    expect(await states()).toEqual(['failed', 'dead', 'landed']);
  },
);

test('a creator’s part above the limit of a payment waits for a person, and the referrer’s part is paid', async () => {
  await using street = await openStreet({ settings: paying({ mostPerPayment: '2000000' }) });
  const { driver } = street;
  const [creator, referrer] = [Keypair.generate().publicKey, Keypair.generate().publicKey];
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 100_000_000n });
  await street.subscribe('ana', trader, creator, 1_000, {
    splits: [{ wallet: referrer.toBase58(), shareBps: 200, label: 'referrer' }],
  });
  profitableClose(driver, trader);
  const own = await street.share('ana', (each) => each.recipient === 0 && settled(each));
  expect(own).toMatchObject({
    status: 'failed',
    reason: { class: 'operator', code: 'above_limit' },
  });
  const theirs = await street.share('ana', (each) => each.recipient === 1 && settled(each));
  expect(theirs.status).toBe('paid');
  expect(driver.usdcOf(referrer)).toBe(BigInt(theirs.amount));
});

test.runIf(LONG)(
  'a debt at the limit of a payment is paid where the sponsor is reimbursed, which gets what the limit leaves',
  async () => {
    const sponsor = Keypair.generate();
    const limit = SHARE + 1n;
    await using street = await openStreet({
      sponsor,
      settings: paying({
        mostPerPayment: String(limit),
        reimbursePerSol: '150000000',
        reimburseMost: '500000',
      }),
    });
    const { driver, database } = street;
    driver.giveSol(sponsor.publicKey, 1_000_000_000n);
    driver.giveUsdc(sponsor.publicKey, 1n);
    const creator = Keypair.generate().publicKey;
    driver.giveUsdc(creator, 1n);
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
    await street.subscribe('ana', trader, creator);
    profitableClose(driver, trader);
    expect(await street.share('ana', settled)).toMatchObject({ status: 'paid' });
    expect((await paymentsIn(database)).map(({ state }) => state)).toEqual(['landed']);
    expect(driver.usdcOf(creator)).toBe(1n + SHARE);
    expect(driver.usdcOf(sponsor.publicKey)).toBe(2n);
  },
);
