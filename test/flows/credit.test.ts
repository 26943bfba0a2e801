// Credit: another system, or the subscriber, pays the creator on chain. It counts as payment,
// nothing is paid twice, and it is no runaway. It is matched only on books that agree with the
// chain.
import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { type Trouble, troubled } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createCredit } from '../../src/flows/credit.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { transferOf } from '../support/credit.ts';
import {
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { booksThatLost, LOST } from '../support/lost-payment.ts';
import { openStreet, type Street } from '../support/street.ts';

const win = ({ driver }: Street, trader: ReturnType<Street['driver']['createTrader']>): void => {
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
};

test('beside another system that pays: its withdrawals to the creator discharge what is observed, and nobody is barred', async () => {
  await using street = await openStreet({
    settings: (settings) => ({ ...settings, mode: 'observe' }),
  });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  win(street, trader);
  const share = await street.share('ana', () => true);
  expect(share).toMatchObject({ status: 'pending', observed: true });
  driver.send([driver.instructions.settlePnl(trader, 0)], [driver.faucet, trader.agent]);
  // The other system rounds up to half a cent.
  const rounded = BigInt(share.amount) + 4_500n;
  const { signature } = driver.withdrawTo(trader, creator, rounded);
  const paid = await street.share('ana', (each) => each.status === 'paid');
  expect(paid).toMatchObject({ credited: share.amount, creditedBy: [signature], paidBy: [] });
  await expect.poll(async () => (await street.gate('ana')).outstanding).toBe('0');
  expect(await street.verdict('ana', 'allow')).toMatchObject({ standing: 'good' });
  const credits = await fetch(`${street.app().url}/v1/subscribers/ana/credits`);
  expect(await credits.json()).toMatchObject({
    credits: [{ signature, amount: String(rounded), credited: share.amount }],
  });
  // An observed debt waits for a person, who adopts it once.
  win(street, trader);
  const second = await street.share('ana', (each) => each.status === 'pending');
  const body = { fromSlot: second.close.slot, reason: 'Cut-over.' };
  expect((await street.post('/v1/adoptions', body)).body).toEqual({
    adopted: 1,
    left: second.amount,
    waiting: [],
  });
  expect((await street.post('/v1/adoptions', body)).body).toEqual({
    adopted: 0,
    left: '0',
    waiting: [],
  });
  expect(driver.usdcOf(creator)).toBe(rounded);
});

test('a subscriber who pays the creator itself is no runaway, and is not charged again', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, creator);
  win(street, trader);
  const share = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  driver.withdrawTo(trader, creator, BigInt(share.amount) - 1_000_000n);
  await street.share('ana', (each) => each.credited === String(BigInt(share.amount) - 1_000_000n));
  await street.standing('ana', 'good');
  // The rest is paid by Bailiff, and no more.
  street.sendSol(trader.agent.publicKey, 50_000_000n);
  await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
});

describe('a transfer is matched only where the ledger agrees with the chain', () => {
  /** A close in slot 50 that makes a debt of 10 USDC. */
  const owe = async ({ ledger, driftAccount }: TestLedger): Promise<void> => {
    const close = closeFact(1, 100_000_000n, { slot: 50, account: driftAccount });
    await recordFact(ledger, close, 'finalized');
    await accrueCloses(ledger, log);
  };
  const transfer = transferOf(50, 70, 10_000_000n);
  const clock = createManualClock();

  test.each(['heard after the debt', 'heard before the debt'])(
    'a debt whose payment the ledger has lost is paid by it, and the transfer is in excess: %s',
    async (order) => {
      await using held = await createTestLedger();
      const { ledger } = held;
      const credit = createCredit({ ledger, books: booksThatLost(ledger), clock, log });
      if (order === 'heard after the debt') await owe(held);
      await recordFact(ledger, transfer, 'finalized');
      expect(await credit()).toEqual(['ana']);
      if (order === 'heard before the debt') {
        await owe(held);
        expect(await ledger.credits.unmatched('ana', CREATOR)).toBe(transfer.signature);
        expect(await credit()).toEqual(['ana']);
      }
      const [share] = await ledger.shares.list({ limit: 5 });
      expect(share).toMatchObject({ status: 'paid', paidBy: [LOST.signature], credited: 0n });
      // Payments go on: the debts explain the whole payment.
      expect(await ledger.payments.unexplained(5)).toEqual([]);
      expect(await ledger.credits.unmatched('ana', CREATOR)).toBeNull();
      expect(await ledger.credits.list({ subscriberId: 'ana', limit: 5 })).toMatchObject([
        { amount: 10_000_000n, credited: 0n },
      ]);
    },
  );

  test('while books disagree, or a node does not tell, it waits; it is tried again after five seconds', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await owe(held);
    await recordFact(ledger, transfer, 'finalized');
    let said: Trouble | Fault | null = troubled(
      'payments_not_final',
      'They are booked once final.',
    );
    const books = {
      doubt: async () => null,
      identity: () => null,
      disagreement: async () => {
        if (said instanceof Fault) throw said;
        return said;
      },
    };
    const told: unknown[] = [];
    const warn = (event: string, fields?: object) => void told.push([event, fields]);
    const credit = createCredit({ ledger, books, clock, log: { ...log, warn } });
    const credited = async () =>
      (await ledger.shares.list({ limit: 5 })).map((each) => each.credited);
    for (const next of [new Fault('rpc_unavailable', 'HTTP 503'), null]) {
      expect(await credit()).toEqual(['ana']);
      expect(await credit()).toEqual([]);
      expect(await credited()).toEqual([0n]);
      expect(await ledger.credits.unmatched('ana', CREATOR)).toBe(signatureOf(50));
      // The same reason is not logged a second time.
      clock.advance(5_000);
      expect(await credit()).toEqual(['ana']);
      said = next;
      clock.advance(5_000);
    }
    const waits = (reason: string) => ['transfer.match_waits', { subscriber: 'ana', reason }];
    expect(told).toEqual([waits('They are booked once final.'), waits('HTTP 503')]);
    expect(await credit()).toEqual(['ana']);
    expect(await credited()).toEqual([10_000_000n]);
    expect(await credit()).toEqual([]);
  });

  test('a transfer counts for a parked debt whose payment the ledger has lost, and that payment for the next debt', async () => {
    await using held = await createTestLedger();
    const { ledger, driftAccount } = held;
    await owe(held);
    const [parked] = await ledger.shares.open('ana');
    const trouble = troubled('creator_account_frozen', 'The account is frozen.');
    await ledger.shares.rest('ana', [parked?.id ?? ''], trouble, null, true);
    // It was retried and paid in commits that are lost. A parked debt has no history read.
    await recordFact(ledger, transfer, 'finalized');
    const books = booksThatLost(ledger);
    expect(await createCredit({ ledger, books, clock, log })()).toEqual(['ana']);
    const shares = () => ledger.shares.list({ limit: 5 });
    expect(await shares()).toMatchObject([{ status: 'paid', credited: 10_000_000n, paidBy: [] }]);
    // The next debt is compared with the chain before it is paid: the creator has been paid twice.
    const close = closeFact(2, 100_000_000n, { slot: 55, account: driftAccount });
    await recordFact(ledger, close, 'finalized');
    await accrueCloses(ledger, log);
    const ana = await ledger.subscribers.find('ana');
    expect(ana && (await books.disagreement(ana))).toBeNull();
    expect(await shares()).toMatchObject([
      { status: 'paid', credited: 0n, paidBy: [LOST.signature] },
      { status: 'paid', credited: 10_000_000n, paidBy: [] },
    ]);
    expect(await ledger.payments.unexplained(5)).toEqual([]);
  });

  test('a transfer is matched only in the database that was compared', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await owe(held);
    await recordFact(ledger, transfer, 'finalized');
    await expect(ledger.credits.match('ana', 'another')).rejects.toMatchObject({
      code: 'books_behind',
    });
    expect(await ledger.credits.waiting()).toEqual(['ana']);
  });
});
