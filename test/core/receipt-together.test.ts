// Receipts together: what no receipt shows by itself: two receipts of one share, parts of a close
// that differ, a payment allotted otherwise, a transfer counted twice. And what a receipt only
// states, its daily roots, and the reading of its text.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  accrualLeaf,
  bytesOf,
  commitmentOf,
  hexOf,
  joinLevel,
  leafHash,
  paymentLeaf,
} from '../../src/core/daily-root.ts';
import { type Receipt, receiptsIn, receiptText, sharePreimage } from '../../src/core/receipt.ts';
import {
  checkReceipts,
  signaturesOf,
  statedIn,
  verdictOf,
} from '../../src/core/receipt-verdict.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';
import { keyOf, made } from '../support/made-receipt.ts';

const { receipt: TRUE, evidence: SHOWN } = made('high_water_mark', 70_001n, 7n, {}, [500]);
const [PAYMENT] = TRUE.payments as [Receipt['payments'][number]];
const [CREDIT] = TRUE.credits as [Receipt['credits'][number]];
const OTHER = keyOf('other');

/** The finding about all receipts at once. */
const together = (...receipts: Receipt[]) => {
  const all = checkReceipts(receipts, SHOWN).filter((each) => each.share === null);
  return all.map(({ what, verdict, detail }) => `${what} ${verdict}: ${detail}`).join('\n');
};
/** A receipt of another close, without payments unless the test gives some. */
const another = (change: Partial<Receipt> = {}): Receipt => ({
  ...TRUE,
  close: { ...TRUE.close, ordinal: 9 },
  share: { ...TRUE.share, id: 'ps_other' },
  payments: [],
  credits: [],
  ...change,
});
const FINE = 'together ok: No payment counts for more than its amount, and no close twice.';
const differs = (text: string) => `together differs: ${text}.`;

describe('several receipts', () => {
  test('one alone is not checked together; the same one twice counts once', () => {
    expect(together(TRUE)).toBe('');
    expect(together(TRUE, TRUE)).toBe(FINE);
    expect(together(TRUE, structuredClone(TRUE), another())).toBe(FINE);
  });
  test('two of one share that differ', () => {
    const other = another({ share: { ...TRUE.share, paid: 1n } });
    expect(together(TRUE, other)).toBe(
      differs(`${TRUE.share.id}: two receipts of one share differ`),
    );
  });
  test('two of one close have the same parts, and each part one share for each recipient', () => {
    const { signature } = TRUE.close;
    const same = (change: Partial<Receipt>) => another({ close: TRUE.close, ...change });
    expect(together(TRUE, same({}))).toBe(
      differs(`${signature}: a part of the close has two shares`),
    );
    const elsewhere = { share: { ...TRUE.share, id: 'ps_other', recipient: 0 } };
    expect(together(TRUE, same(elsewhere))).toBe(FINE);
    const earlier = { share: { ...TRUE.share, id: 'ps_other', termsSlot: 10 } };
    expect(together(TRUE, same(earlier))).toBe(FINE);
    expect(together(TRUE, same({ ...elsewhere, parts: TRUE.parts.slice(1) }))).toBe(
      differs(`${signature}: one close has other parts in another receipt`),
    );
    // The same ordinal of another account or another transaction is another close.
    const subscriber = { ...TRUE.subscriber, venueAccount: OTHER };
    expect(together(TRUE, same({ subscriber }))).toBe(FINE);
    const away = { ...TRUE.close, signature: PAYMENT.signature };
    expect(together(TRUE, another({ close: away }))).toBe(FINE);
  });

  describe('one payment', () => {
    const fault = differs(
      `${PAYMENT.signature}: the payment is allotted otherwise in another receipt`,
    );
    const beside = (change: Partial<typeof PAYMENT>, more: Partial<Receipt> = {}) =>
      together(TRUE, another({ payments: [{ ...PAYMENT, ...change }], ...more }));
    test('is told alike to one recipient', () => {
      expect(beside({})).toBe(FINE);
      expect(beside({ covers: PAYMENT.covers.slice(1) })).toBe(fault);
      expect(beside({ slot: 96 })).toBe(fault);
      expect(beside({ signature: CREDIT.signature, slot: 96 })).toBe(FINE);
    });
    test('gives all recipients together no more than it moved', () => {
      const creator = { wallet: OTHER, tokenAccount: OTHER };
      const whole = { ...PAYMENT, amount: PAYMENT.amount - 2n, others: 2n };
      const first = { ...TRUE, payments: [whole] };
      const second = (amount: bigint, others: bigint) =>
        together(first, another({ creator, payments: [{ ...whole, amount, others, covers: [] }] }));
      expect(second(2n, PAYMENT.amount - 2n)).toBe(FINE);
      expect(second(1n, PAYMENT.amount - 1n)).toBe(FINE);
      expect(second(3n, PAYMENT.amount - 3n)).toBe(fault);
      expect(second(2n, PAYMENT.amount - 1n)).toBe(fault);
    });
    test('is told alike of its withdrawal to every recipient', () => {
      const creator = { wallet: OTHER, tokenAccount: OTHER };
      const rest = { amount: 0n, others: PAYMENT.amount, covers: [] };
      expect(beside(rest, { creator })).toBe(FINE);
      expect(beside({ ...rest, withdrawn: 21n }, { creator })).toBe(fault);
      expect(beside({ ...rest, reimbursed: null }, { creator })).toBe(fault);
      expect(beside({ ...rest, id: 'p2' }, { creator })).toBe(fault);
    });
  });

  test('one transfer counts over all of them for no more than it moved', () => {
    const beside = (change: Partial<typeof CREDIT>) =>
      together(TRUE, another({ credits: [{ ...CREDIT, ...change }] }));
    const rest = CREDIT.amount - CREDIT.credited;
    expect(beside({ credited: rest })).toBe(FINE);
    const shown = new RegExp(`^together differs: ${CREDIT.signature}: [0-9.]+ USDC of the`);
    expect(beside({ credited: rest + 1n })).toMatch(shown);
    for (const other of [{ signature: PAYMENT.signature }, { ordinal: 3 }, { account: OTHER }])
      expect(beside({ ...other, credited: CREDIT.amount })).toBe(FINE);
  });
});

test('the verdict is the worst of the checks, and no check at all is no verdict', () => {
  const check = (verdict: 'ok' | 'differs' | 'unknown') =>
    ({ share: null, what: 'x', detail: '', verdict }) as const;
  expect(verdictOf([])).toBe('unknown');
  expect(verdictOf([check('ok'), check('ok')])).toBe('ok');
  expect(verdictOf([check('ok'), check('unknown')])).toBe('unknown');
  expect(verdictOf([check('unknown'), check('differs'), check('ok')])).toBe('differs');
});

test('the transactions from which a receipt is checked are named once each', () => {
  const all = signaturesOf({ ...TRUE, credits: [CREDIT, CREDIT] });
  expect(all).toHaveLength(TRUE.movements.length + 3);
  expect(new Set(all)).toEqual(
    new Set([TRUE.close, ...TRUE.movements, PAYMENT, CREDIT].map((each) => each.signature)),
  );
});

describe('what a receipt only states', () => {
  const quotes = quotesOf([{ ...USDC, mint: TRUE.mint }]);
  const told = (receipt: Receipt) => statedIn(receipt, quotes);
  test('the terms, the balance, the losses, the periods and the positions at the start', () => {
    const counted = { since: 40, hurdled: 5n, owed: 7n };
    const parts = TRUE.parts.map((each) => ({
      ...each,
      before: { ...each.before, carry: 4_321n, deficit: 100n, counted },
    }));
    const positions = [{ market: 0, base: 1n, entry: null }];
    const says = told({ ...TRUE, parts, held: { ...TRUE.held, positions } });
    expect(says).toContain(`Of it 5 % to ${TRUE.creator.wallet}; the creator gets the rest.`);
    expect(says).toContain(
      'Carried over from earlier closes: 4321 ten-thousandths of a base unit.',
    );
    expect(says).toContain('Earlier losses to be made good first: 0.000100 USDC.');
    expect(says).toContain(
      'Counted since slot 40 in earlier closes: 0.000005 USDC of the hurdle, 0.000007 USDC of the cap.',
    );
    expect(says).toContain('Positions that were open before the first terms (slot 5): 1.');
    expect(says[0]).toMatch(/^Terms: 25 % .* from slot 50 on\.$/);
  });
  test('and nothing that it does not hold', () => {
    const { receipt } = made('per_close', 70_001n);
    const says = told(receipt).join(' ');
    expect(says).not.toMatch(/Of it|losses|Counted|Positions|undefined/);
    expect(told({ ...TRUE, terms: TRUE.terms.slice(0, 1) })).toEqual([]);
    expect(told({ ...TRUE, parts: TRUE.parts.filter((each) => each.termsSlot !== 50) })).toEqual(
      [],
    );
  });
});

describe('the daily roots of a receipt', () => {
  const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
  const { genesisHash, subscription, close, share, subscriber, mint } = TRUE;
  const part = TRUE.parts.find((each) => each.termsSlot === share.termsSlot);
  const place = { subscription, account: subscriber.venueAccount, ...close };
  const texts = {
    accrual: accrualLeaf({ ...part!, ...place }),
    payment: paymentLeaf({ ...PAYMENT, amount: PAYMENT.amount + PAYMENT.others, mint }),
  };
  const salt = '07'.repeat(16);
  const beside = leafHash(Uint8Array.of(1), 'another leaf', hash);
  /** A root over this leaf and another one, on its right. */
  const rootOf = (of: 'accrual' | 'payment', id: string): Receipt['roots'][number] => {
    const [top] = joinLevel([leafHash(bytesOf(salt), texts[of], hash), beside], hash);
    const claim = { genesisHash, day: '2026-11-02', leaves: 2, previous: null };
    return {
      of,
      id,
      day: claim.day,
      salt,
      leaves: 2,
      previous: null,
      path: [{ side: 'right', hash: hexOf(beside) }],
      commitment: commitmentOf({ ...claim, root: hexOf(top!) }, hash),
    };
  };
  const accrual = rootOf('accrual', share.id);
  const payment = rootOf('payment', PAYMENT.id);
  const found = (roots: Receipt['roots'], kept?: readonly string[]) =>
    checkReceipts([{ ...TRUE, roots }], kept === undefined ? SHOWN : { ...SHOWN, roots: kept })
      .filter((each) => each.what === 'root')
      .map((each) => `${each.verdict}: ${each.detail}`);

  test('lead from the figures of the close and the payment to the commitment', () => {
    expect(found([accrual, payment])).toEqual([
      `ok: The accrual was recorded by the end of 2026-11-02: root ${accrual.commitment}.`,
      `ok: The payment was recorded by the end of 2026-11-02: root ${payment.commitment}.`,
    ]);
    expect(found([])).toEqual([]);
  });
  test.each([
    ['day', { day: '2026-11-03' }],
    ['salt', { salt: '08'.repeat(16) }],
    ['leaves', { leaves: 3 }],
    ['previous', { previous: '00'.repeat(32) }],
    ['path', { path: [] }],
    ['side', { path: [{ side: 'left' as const, hash: hexOf(beside) }] }],
    ['commitment', { commitment: payment.commitment }],
  ])('do not lead there with another %s', (_, change) =>
    expect(found([{ ...accrual, ...change }])[0]).toMatch(/^differs: The accrual does not lead/),
  );
  test('are of a share and of payments that the receipt has', () => {
    expect(found([{ ...accrual, id: 'ps_x' }])).toEqual([
      'differs: The receipt has no accrual ps_x, which a root names.',
    ]);
    expect(found([{ ...payment, id: 'p2' }])[0]).toContain('has no payment p2');
    const bare = { ...TRUE, parts: TRUE.parts.filter((each) => each.termsSlot !== 50) };
    const [first] = checkReceipts([{ ...bare, roots: [accrual] }], SHOWN).filter(
      (each) => each.what === 'root',
    );
    expect(first?.detail).toContain('has no accrual');
    // The leaf of a payment names all that it paid, to this recipient and to others.
    const parted = { ...PAYMENT, amount: PAYMENT.amount - 1n, others: PAYMENT.others + 1n };
    const shared = checkReceipts([{ ...TRUE, payments: [parted], roots: [payment] }], SHOWN);
    expect(shared.find((each) => each.what === 'root')?.verdict).toBe('ok');
  });
  test('are among those that the reader kept, and one of them is of the close', () => {
    const all = [accrual.commitment, payment.commitment];
    expect(found([accrual, payment], all).map((each) => each.slice(0, 3))).toEqual(['ok:', 'ok:']);
    expect(found([accrual], [payment.commitment])).toEqual([
      `differs: The root of 2026-11-02, ${accrual.commitment}, is none of those that were given.`,
    ]);
    expect(found([payment], all)[1]).toBe('unknown: The receipt names no daily root of its close.');
    expect(found([], all)).toEqual(['unknown: The receipt names no daily root of its close.']);
    expect(found([], [])).toEqual([]);
  });
  test('are read from a text with lower-case hexadecimal of the right length', () => {
    const read = (change: Partial<Receipt['roots'][number]>) => () =>
      receiptsIn(receiptText({ ...TRUE, roots: [{ ...accrual, ...change }] }));
    expect(read({})()).toEqual([{ ...TRUE, roots: [accrual] }]);
    for (const salt of ['07'.repeat(15), '07'.repeat(17), `${'07'.repeat(15)}0G`, 'G7'.repeat(16)])
      expect(read({ salt })).toThrow('roots[0].salt must be 16 bytes in hexadecimal.');
    expect(read({ salt: 7 as unknown as string })).toThrow('16 bytes in hexadecimal');
    expect(read({ commitment: 'AB'.repeat(32) })).toThrow('commitment must be 32 bytes');
  });
});

describe('the text of receipts', () => {
  const parsed = JSON.parse(receiptText(TRUE));
  test('holds one or a list, and a fault names the receipt', () => {
    expect(receiptsIn(JSON.stringify([parsed, parsed]))).toEqual([TRUE, TRUE]);
    expect(() => receiptsIn(JSON.stringify([parsed, {}]))).toThrow(/^\[1\]\.kind must be/);
    expect(() => receiptsIn(JSON.stringify({ ...parsed, mint: 'x' }))).toThrow(/^mint must be/);
    expect(() => receiptsIn('{')).toThrowError(
      expect.objectContaining({ code: 'body_invalid', cause: expect.any(SyntaxError) }),
    );
    const tooLong = { code: 'body_invalid', message: 'A receipt has at most 67108864 bytes.' };
    expect(() => receiptsIn(' '.repeat(67_108_865))).toThrowError(expect.objectContaining(tooLong));
  });
  test('of earlier releases lacks what they did not count', () => {
    const { receipt } = made('per_close', 70_001n);
    const [read] = receiptsIn(receiptText(receipt));
    expect(Object.keys(read?.parts[0]?.before ?? {})).toEqual(['carry', 'deficit']);
    expect(Object.keys(receiptsIn(receiptText(TRUE))[0]?.parts[0]?.before ?? {})).toContain(
      'dealt',
    );
  });
  test('the id of the creator’s share is hashed without a recipient, as before there were splits', () => {
    const of = {
      subscription: 's',
      account: 'a',
      signature: 'x',
      slot: 1,
      ordinal: 2,
      termsSlot: 3,
    };
    expect(sharePreimage({ ...of, recipient: 0 })).toBe('s/a/x/1/2/3');
    expect(sharePreimage({ ...of, recipient: 1 })).toBe('s/a/x/1/2/3/1');
  });
});
