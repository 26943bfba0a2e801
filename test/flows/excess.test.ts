// Excess: an amount on chain beyond the known debts pays each debt to its recipient once, and holds
// up debts to others only where terms may be lost.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createBooks, unknownPayments } from '../../src/flows/books-comparison.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { ANA, chainWith, excesses, owing, tokensWith, VENUE, WHY } from '../support/excess-play.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

/**
 * A subscriber who owes 60 base units to the first creator, and nothing to a second one, whom its
 * terms name since slot 55. The agent has paid `amount` to the second one in slot 60.
 */
async function paidToAnother(held: TestLedger, amount: bigint) {
  const { ledger } = held;
  await owing(held, 60n);
  const other = addressOf(901);
  await ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount: held.driftAccount,
    terms: termsOf(55, other, 1_000),
    held: NOTHING_HELD,
  });
  const own = tokensWith([amount]);
  const tokens: typeof own = {
    ...own,
    tokenAccount: (_, owner) => addressOf(owner === addressOf(1) ? 2 : owner === other ? 4 : 5),
  };
  return {
    other,
    ports: { ledger, chain: chainWith([amount]), tokens, venues: { all: [VENUE] }, log },
  };
}

test('a transfer of one unit with such a memo, to a creator who is owed nothing, holds up no debt to another', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const { other, ports } = await paidToAnother(held, 1n);
  const { chain, tokens } = ports;
  let reads = 0;
  const counting: typeof chain = {
    ...chain,
    signatures: (...asked) => {
      reads++;
      return chain.signatures(...asked);
    },
  };
  const books = createBooks({ ledger, chain: counting, tokens, venues: { all: [VENUE] }, log });
  for (let run = 0; run < 2; run++) {
    expect(await books.disagreement(ANA)).toBeNull();
    expect(books.excessTo('ana', CREATOR, USDC.mint, 50)).toBeNull();
    expect(books.excessTo('ana', other, addressOf(9), 50)).toBeNull();
    expect(books.excessTo('ana', other, USDC.mint, 50)).toMatchObject({ code: 'payments_unknown' });
  }
  // The history is read once at confirmed and once at finalized, however long the excess stays.
  expect(reads).toBe(2);
  expect(await excesses(held)).toEqual([1n]);
  // Nor does it lengthen the history that a later comparison needs.
  const [debt] = await ledger.shares.uncovered('ana');
  expect(debt).toMatchObject({ creatorWallet: CREATOR, uncovered: 60n });
  expect(await ledger.shares.oldestOpenSlot('ana', 'payable')).toBe(49);
});

test('a payment from before the ledger was last found whole holds up older debts to others until a person accepts it', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const { other, ports } = await paidToAnother(held, 60n);
  // The database was restored, and trusted again from slot 90 on. The terms under which the close
  // of slot 50 was owed to the other creator are lost, so it is owed to the first one now.
  const databaseStates = {
    read: async () => ({ told: true, identity: 'a', position: 1n }) as const,
    trusted: async () => ({ identity: 'a', slot: 90 }),
    trust: async () => {},
    isEmpty: async () => false,
  };
  const books = createBooks({ ...ports, databaseStates });
  // Another process finds the payment on record, and knows no slot.
  for (const each of [books, createBooks(ports)]) {
    expect(await each.disagreement(ANA)).toBeNull();
    expect(each.excessTo('ana', CREATOR, USDC.mint, 50)).toMatchObject({
      code: 'payments_unknown',
      detail: expect.stringMatching(/terms may be lost/),
    });
    // The payment paid no close that came after it, and none in another token.
    expect(each.excessTo('ana', CREATOR, USDC.mint, 61)).toBeNull();
    expect(each.excessTo('ana', CREATOR, addressOf(9), 50)).toBeNull();
    expect(each.excessTo('ana', other, USDC.mint, 61)).toMatchObject({ code: 'payments_unknown' });
  }
  expect(await ledger.payments.unexplained(9)).toMatchObject([{ maybeLost: true, excess: 60n }]);
  await ledger.payments.accept(signatureOf(100), WHY);
  expect(await books.disagreement(ANA)).toBeNull();
  expect(books.excessTo('ana', CREATOR, USDC.mint, 50)).toBeNull();
});

test('a payment that moved the nonce of its subscriber was lost, however late it landed', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const { other, ports } = await paidToAnother(held, 60n);
  const [account, stranger, sponsor] = [addressOf(71), addressOf(72), addressOf(73)];
  const sponsored = { pen: { sponsor }, nonces: { address: () => account } };
  await ledger.nonces.asked({ subscriberId: 'ana', account, authority: sponsor, rent: 1n }, 0);
  const moving = (moved: Address): typeof ports.tokens => ({
    ...ports.tokens,
    effectsOf: (transaction) => [
      { effect: 'advance_nonce', account: moved, authority: sponsor },
      ...ports.tokens.effectsOf(transaction),
    ],
  });
  // The agent's own key holder can put any other nonce in front, and holds up nothing by that.
  const marked = async (moved: Address, more: Partial<typeof sponsored> = {}) => {
    const asked = { ...ports, ...more, tokens: moving(moved) };
    return (await unknownPayments(asked, ANA, 49, 'finalized'))[0]?.maybeLost;
  };
  expect([await marked(stranger), await marked(account)]).toEqual([false, true]);
  // A ledger that has lost the nonce account, too, knows it by the sponsor.
  await ledger.nonces.closed('ana');
  expect([await marked(account), await marked(account, sponsored)]).toEqual([false, true]);
  const books = createBooks({ ...ports, ...sponsored, tokens: moving(account) });
  expect(await books.disagreement(ANA)).toBeNull();
  expect(books.excessTo('ana', CREATOR, USDC.mint, 50)).toMatchObject({ code: 'payments_unknown' });
  expect(books.excessTo('ana', other, USDC.mint, 50)).toMatchObject({ code: 'payments_unknown' });
});

test('two callers that give one excess to debts at the same time give each unit of it once', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const [chain, tokens] = [chainWith([30n]), tokensWith([30n])];
  const ports = { ledger, chain, tokens, venues: { all: [VENUE] }, log };
  // The ledger has lost a payment of 30 and its debts, and heard the first of them again, of 5.
  await owing(held, 5n);
  await createBooks(ports).disagreement(ANA);
  expect(await excesses(held)).toEqual([25n]);
  await owing(held, 5n, 10n);
  // The second debt of 10 is uncovered, and both callers read that before either of them writes.
  let [arrived, goOn] = [0, () => {}];
  const both = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const payments: typeof ledger.payments = {
    ...ledger.payments,
    async restore(...given) {
      if (++arrived === 2) goOn();
      await both;
      return ledger.payments.restore(...given);
    },
  };
  const racing = { ...ports, ledger: { ...ledger, payments } };
  const outcomes = await Promise.allSettled(
    [createBooks(racing), createBooks(racing)].map((books) => books.disagreement(ANA)),
  );
  expect(outcomes.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(outcomes.find((each) => each.status === 'rejected')?.reason).toMatchObject({
    code: 'books_behind',
    retry: 'later',
  });
  expect(await excesses(held)).toEqual([15n]);
  // The debt that is heard last takes what is left, and is not due for it once more.
  await recordFact(
    ledger,
    closeFact(7, 180n, { slot: 70, account: held.driftAccount }),
    'finalized',
  );
  await accrueCloses(ledger, log);
  await createBooks(ports).disagreement(ANA);
  expect(await excesses(held)).toEqual([]);
  expect((await ledger.shares.due('ana')).map((each) => each.owed)).toEqual([3n]);
});

test('of two daemons that explain one excess the second is told to ask again, also where another recipient has a rest', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  const house = addressOf(902);
  await owing(held, 50n, 30n);
  await ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount,
    terms: termsOf(55, CREATOR, 1_000, {
      splits: [
        { wallet: house, shareBps: 1_000, minimumPayment: 0n, offCurve: false, label: null },
      ],
    }),
    held: NOTHING_HELD,
  });
  const recipients = [
    { wallet: CREATOR, amount: 60n },
    { wallet: house, amount: 60n },
  ];
  const paid = {
    id: 'p1',
    signature: signatureOf(100),
    slot: 60,
    creatorWallet: CREATOR,
    token: USDC,
    amount: 120n,
    recipients,
  };
  expect(await ledger.payments.restore('ana', paid, [])).toBe(true);
  const owed = await ledger.shares.uncovered('ana');
  const [first, second] = owed.filter((each) => each.creatorWallet === CREATOR);
  const explain = (share = first, amount = 0n) =>
    ledger.payments.restore('ana', paid, [{ shareId: share?.shareId ?? '', amount }]);
  expect(await explain(first, 50n)).toBe(true);
  // The other daemon chose the second debt while all 60 of the creator's part were left. The house
  // has 60 more.
  await expect(explain(second, 30n)).rejects.toMatchObject({ code: 'books_behind' });
  expect(await explain(second, 10n)).toBe(true);
  expect(await excesses(held)).toEqual([60n]);
});
