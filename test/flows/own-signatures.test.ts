// Own signatures: what this process sent is known until it was read, and is noted once.
import { expect, test } from 'vitest';
import type { UnreadCost } from '../../src/core/cost-ports.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { createCostReading } from '../../src/flows/costs.ts';
import { createOwnSignatures } from '../../src/flows/own-signatures.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

const OURS = 'ours' as Signature;
const accounts = ['wallet', 'tokens', 'user'] as Address[];
const sent = () => {
  const clock = createManualClock();
  const own = createOwnSignatures(clock);
  const payment = {
    subscriberId: 'ana',
    driftUser: 'user',
    signed: { signature: OURS },
  } as unknown as Payment;
  own.sent(payment, {
    agentWallet: 'wallet',
    agentTokenAccount: 'tokens',
  } as unknown as Subscriber);
  return { clock, own, payment };
};
const read = (given: Partial<ChainTransaction> = {}) =>
  ({
    signature: OURS,
    keys: ['wallet'],
    lamports: { before: [9n], after: [4n] },
    tokenBalances: [],
    fee: 5n,
    error: null,
    ...given,
  }) as unknown as ChainTransaction;

test('a payment is under way from its sending until its end, and until it is noted', () => {
  const { own, payment } = sent();
  expect([own.has(OURS), own.underWay('ana'), own.underWay('bo')]).toEqual([true, true, false]);
  own.ended(payment, 7);
  expect(own.underWay('ana')).toBe(true);
  expect(own.takeExecuted(0)).toEqual([{ signature: OURS, slot: 7, blockIndex: null, accounts }]);
  expect([own.underWay('ana'), own.takeExecuted(0)]).toEqual([false, []]);
});

test('an executed payment is noted after the time that is asked for, unless it was read before', () => {
  const { own, payment, clock } = sent();
  own.ended(payment, 7);
  expect(own.takeExecuted(10_000)).toEqual([]);
  clock.advance(10_000);
  expect(own.takeExecuted(10_000)).toHaveLength(1);
  const other = sent();
  other.own.ended(other.payment, 7);
  other.own.read(read());
  expect([other.own.underWay('ana'), other.own.takeExecuted(0)]).toEqual([false, []]);
});

test('its reading tells its cost, once, and then it is like any other transaction', () => {
  const { own } = sent();
  own.read(read());
  own.read(read({ signature: 'other' as Signature }));
  expect(own.has(OURS)).toBe(false);
  expect(own.takeCost(OURS)).toEqual({ payer: 'wallet', failed: false, fee: 5n, opened: [] });
  expect([own.takeCost(OURS), own.takeCost('other' as Signature)]).toEqual([null, null]);
});

test('a reading without balances tells no cost, and after two minutes nothing waits for it', () => {
  const { own, clock } = sent();
  clock.advance(120_000);
  expect([own.has(OURS), own.underWay('ana')]).toEqual([false, false]);
  own.read(read({ lamports: null }));
  expect(own.takeCost(OURS)).toBe(null);
});

test('a payment that another daemon sent is known as one that this process sent', () => {
  const { own, clock } = sent();
  const other = 'other' as Signature;
  own.others([OURS, other]);
  expect([own.has(other), own.underWay('ana')]).toEqual([true, true]);
  own.read(read({ signature: other }));
  expect([own.has(other), own.takeCost(other)?.fee]).toEqual([false, 5n]);
  own.others([other]);
  clock.advance(120_000);
  expect(own.has(other)).toBe(false);
});

test('the cost of a payment is read by the daemon that pays, and known to the one that read it', async () => {
  const own = createOwnSignatures(createManualClock(), () => true);
  const [known, foreign, mine] = ['known', 'foreign', 'mine'] as [Signature, Signature, Signature];
  own.read(read({ signature: known }));
  const unread = [known, foreign, mine].map((signature) => ({
    paymentId: String(signature),
    signature,
    subscriberId: signature === mine ? 'ana' : 'bo',
  }));
  const [asked, recorded]: [unknown[], string[]] = [[], []];
  const ports = {
    ledger: {
      costs: {
        unread: async () => unread,
        record: async ({ paymentId }: UnreadCost) => void recorded.push(paymentId),
      },
    },
    chain: {
      async transaction(signature: Signature) {
        asked.push(signature);
        return read({ signature });
      },
    },
    log: silentLog,
    ownSignatures: own,
    share: { isMine: (id: string) => id === 'ana' },
  } as unknown as Parameters<typeof createCostReading>[0];
  await createCostReading(ports)(new AbortController().signal);
  expect([asked, recorded.toSorted()]).toEqual([['mine'], ['known', 'mine']]);
});

test('a daemon that shares the reading keeps the cost of each transaction that it read', () => {
  const own = createOwnSignatures(createManualClock(), () => true);
  own.read(read());
  expect(own.takeCost(OURS)?.fee).toBe(5n);
});
