// Receipt faults: each check of a receipt by itself. One thing in a true receipt is made untrue,
// and exactly the checks that are about it say so.
import { describe, expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import type { Signature } from '../../src/core/ids.ts';
import type { Movement } from '../../src/core/lot.ts';
import { type Receipt, termsOf } from '../../src/core/receipt.ts';
import type { ReceiptEvidence } from '../../src/core/receipt-check.ts';
import { checkReceipts } from '../../src/core/receipt-verdict.ts';
import { faultsOf, keyOf, made, partsOf, withFirst } from '../support/made-receipt.ts';

const { receipt: TRUE, evidence: SHOWN } = made('high_water_mark', 70_001n, 7n, {}, [500]);
const OTHER = keyOf('other');
const [FIRST] = TRUE.terms as [Receipt['terms'][number]];
const [MOVE] = TRUE.movements as [Receipt['movements'][number]];
const [PAYMENT] = TRUE.payments as [Receipt['payments'][number]];

const found = (receipt: Receipt, evidence: ReceiptEvidence = SHOWN) => faultsOf(receipt, evidence);

test('a true receipt passes every check, each with its stable code', () => {
  const checks = checkReceipts([TRUE], SHOWN);
  expect(checks.map((each) => each.what)).toEqual([
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
    'transfer',
    'paid',
  ]);
  expect(checks.every(({ verdict, share }) => verdict === 'ok' && share === TRUE.share.id)).toBe(
    true,
  );
});

describe('a receipt of another chain or venue is compared no further', () => {
  test.each([
    ['chain', { genesisHash: 'there' }, 'of the chain there, and the node of here'],
    ['venue', { venue: 'velocity' }, 'velocity with program'],
    ['venue', { programId: OTHER }, `program ${OTHER} and mint`],
    ['venue', { mint: OTHER }, `mint ${OTHER} is no venue`],
  ] as const)('%s: %o', (what, change, says) => {
    const all = checkReceipts([{ ...TRUE, ...change }], SHOWN);
    expect(all.map((each) => [each.what, each.verdict])).toEqual([[what, 'differs']]);
    expect(all[0]?.detail).toContain(says);
  });
  test('the venue is the one of the program, wherever it stands among those known', () => {
    const [venue] = SHOWN.venues;
    const another = { ...venue!, name: 'another', programId: OTHER };
    expect(found(TRUE, { ...SHOWN, venues: [another, venue!] }).checks).toEqual([]);
  });
});

describe('accounts and id', () => {
  const { subscriber } = TRUE;
  test.each([
    ['an agent', { subscriber: { ...subscriber, venueAccount: OTHER } }],
    ['a token account', { subscriber: { ...subscriber, tokenAccount: OTHER } }],
    ['another sub-account', { subscriber: { ...subscriber, subAccountId: 1 } }],
    // The seeds hold two bytes of the number, so that this one derives the same address as 0.
    ['a sub-account beyond all', { subscriber: { ...subscriber, subAccountId: 65_536 } }],
    ["a creator's account", { creator: { ...TRUE.creator, tokenAccount: OTHER } }],
  ])('%s that is not derived', (_, change) => {
    const { checks, says } = found({ ...TRUE, ...change });
    expect(checks).toContain('accounts differs');
    expect(says).toContain('is not derived from the wallet');
  });
  test('the id is the hash of the part: another term, recipient or subscription has another', () => {
    for (const share of [{ termsSlot: 10 }, { recipient: 0 }, { id: 'ps_x' }])
      expect(found({ ...TRUE, share: { ...TRUE.share, ...share } }).checks).toContain('id differs');
    expect(found({ ...TRUE, subscription: 'bo-1' })).toEqual({
      checks: ['id differs'],
      says: expect.stringMatching(/^The id of this part of the close is ps_.{24}\.$/),
    });
  });
});

describe('the close', () => {
  const at = (more: object) => found({ ...TRUE, close: { ...TRUE.close, ...more } });
  test('stands at its ordinal, in its slot, in its transaction', () => {
    expect(at({ ordinal: 9 }).says).toMatch(/wrote no close of .* at ordinal 9 of/);
    expect(at({ slot: 91 }).says).toContain('is in slot 90, not 91.');
    expect(at({ signature: PAYMENT.signature }).checks).toContain('close differs');
  });
  test('has the figures of its record, and each that differs is named with both values', () => {
    const { checks, says } = at({ body: { ...TRUE.close.body, counterparty: OTHER } });
    expect(checks).toEqual(['close differs']);
    expect(says).toBe(`counterparty is ${OTHER} in the receipt and null on chain.`);
  });
  test('is of the account of the receipt, and of no other account of the transaction', () => {
    const facts: ReceiptEvidence['facts'] = (...given) => {
      const [first, ...rest] = SHOWN.facts(...given);
      if (first === undefined) return [];
      const body = first.body.kind === 'close' ? { ...first.body, fee: 12n } : first.body;
      return [{ ...first, account: OTHER, body }, first, ...rest];
    };
    expect(found(TRUE, { ...SHOWN, facts }).checks).toEqual([]);
  });
  test('that was reckoned from states has no record, and its transaction names the account', () => {
    const body = {
      kind: 'reckoning',
      netPnl: 69_990n,
      afterSlot: 80,
      uptoSlot: 90,
      held: [],
      heldBefore: null,
    };
    const close = { ...TRUE.close, body } as Receipt['close'];
    const { checks, says } = found({ ...TRUE, close });
    expect(checks).toEqual(expect.arrayContaining(['close unknown', 'history unknown']));
    expect(says).toContain('it is the difference of two states of the account');
    expect(says).toContain('Without a record of the close no average entry is known.');
    const signature = PAYMENT.signature;
    const transaction = (asked: Signature) => {
      const shown = SHOWN.transaction(asked);
      return shown && { ...shown, keys: [], slot: 90 };
    };
    const elsewhere = found({ ...TRUE, close: { ...close, signature } }, { ...SHOWN, transaction });
    expect(elsewhere.checks).toContain('close differs');
    expect(elsewhere.says).toContain(`${signature} does not name ${TRUE.subscriber.venueAccount}.`);
  });
  test('is no fact of another kind at its ordinal', () => {
    const facts: ReceiptEvidence['facts'] = (...given) => {
      const all = SHOWN.facts(...given);
      const tally = { kind: 'tally', realised: 1n } as unknown as (typeof all)[number]['body'];
      return all.flatMap((each) => [{ ...each, body: tally }, each]);
    };
    expect(found(TRUE, { ...SHOWN, facts }).checks).toEqual([]);
  });
});

describe('the movements before the close', () => {
  const moved = (movements: Receipt['movements']) => found({ ...TRUE, movements });
  const order = 'not in the order of the chain, or one is listed twice';
  test('are listed once, in the order of the chain, after the held positions', () => {
    expect(moved([MOVE, ...TRUE.movements]).says).toContain(order);
    expect(moved(TRUE.movements.toReversed()).says).toContain(order);
    for (const slot of [20, 21])
      expect(found({ ...TRUE, held: { ...TRUE.held, slot } }).says).toContain(order);
    expect(found({ ...TRUE, held: { ...TRUE.held, slot: 19 } }).checks).toEqual([]);
  });
  test('of one slot are ordered by their places in the block, where a node tells them', () => {
    const [, second, third] = TRUE.movements;
    const places = (blocks: readonly number[]): ReceiptEvidence => ({
      ...SHOWN,
      transaction(signature: Signature) {
        const shown = SHOWN.transaction(signature);
        const nth = [second, third].findIndex((each) => each?.signature === signature);
        return shown && (nth < 0 ? shown : { ...shown, slot: 60, blockIndex: blocks[nth] ?? null });
      },
    });
    const movements = withFirst(TRUE.movements.slice(1).toReversed(), { slot: 60 }).toReversed();
    const receipt = { ...TRUE, movements: [MOVE, ...movements] };
    expect(found(receipt, places([1, 2])).says).not.toContain(order);
    expect(found(receipt, places([2, 1])).says).toContain(order);
  });
  test('have the figures of their records', () => {
    const { checks, says } = moved(withFirst(TRUE.movements, { ordinal: 5 }));
    expect(checks).toEqual(['openings differs']);
    expect(says).toMatch(/has no open at ordinal 5\.$/);
    const dearer = moved(withFirst(TRUE.movements, { fee: 4n } as Partial<typeof MOVE>));
    expect(dearer.checks).toContain('openings differs');
    expect(dearer.says).toContain('fee is 4 in the receipt and 3 on chain.');
  });
  test('without a record are the word of the ledger, and a wrong one beside them decides', () => {
    const { signature, slot, ordinal } = MOVE;
    for (const bare of [
      { kind: 'unknown', signature, slot, ordinal },
      { kind: 'reckoning', signature, slot, ordinal, held: null, afterSlot: 6 },
    ] as Receipt['movements'][number][]) {
      const { checks, says } = moved([bare, ...TRUE.movements.slice(1)]);
      expect(checks).toContain('openings unknown');
      expect(says).toContain("has no readable record; the ledger's word counts.");
      const last = { ...TRUE.movements[2]!, ordinal: 5 };
      expect(moved([bare, ...TRUE.movements.slice(1, 2), last]).checks).toContain(
        'openings differs',
      );
    }
  });
  test('of which one is left out do not explain the average entry', () => {
    const { checks, says } = moved(TRUE.movements.slice(1));
    expect(checks).toContain('history unknown');
    expect(says).toContain('does not follow from the openings alone');
  });
});

describe('terms and balances that no subscription has are refused before they are computed', () => {
  const contradict = 'The terms of ana-1 contradict each other.';
  const under = (change: Partial<Receipt['terms'][number]>) =>
    found({ ...TRUE, terms: withFirst(TRUE.terms, change) }).says;
  const balance = (change: object) => {
    const [part] = TRUE.parts;
    return found({
      ...TRUE,
      parts: withFirst(TRUE.parts, { before: { ...part!.before, ...change } }),
    }).says;
  };
  const since = { since: 1, hurdled: 0n, owed: 0n };
  test.each([
    ['a mark after the terms', () => under({ markSlot: 50 })],
    ['a mark of no terms', () => under({ markSlot: 9 })],
    ['terms after the close', () => under({ fromSlot: 91, markSlot: 91 })],
    ['terms out of order', () => found({ ...TRUE, terms: TRUE.terms.toReversed() }).says],
    ['terms of one slot', () => found({ ...TRUE, terms: [FIRST, ...TRUE.terms] }).says],
    ['more than the whole', () => under({ shareBps: 10_001 })],
    ['a split of more than the share', () => under({ shareBps: 400 })],
    ['a hurdle below zero', () => under({ hurdle: -1n })],
    ['a cap of a close below zero', () => under({ capPerClose: -1n })],
    ['a cap of a period below zero', () => under({ capPerPeriod: -1n })],
    ['a period of no slot', () => under({ periodSlots: 0 })],
    ['a carry below zero', () => balance({ carry: -1n })],
    ['a carry of a base unit', () => balance({ carry: 10_000n })],
    ['a deficit below zero', () => balance({ deficit: -1n })],
    ['a counted hurdle below zero', () => balance({ counted: { ...since, hurdled: -1n } })],
    ['a counted cap below zero', () => balance({ counted: { ...since, owed: -1n } })],
    ['a dealt place below zero', () => balance({ dealt: -1n })],
  ])('%s', (_, says) => expect(says()).toContain(contradict));
  test.each([
    ['terms from the slot of the close on', () => under({ fromSlot: 10, ended: true })],
    ['the whole', () => under({ shareBps: 10_000 })],
    [
      'a hurdle and caps of nothing',
      () => under({ hurdle: 0n, capPerClose: 0n, capPerPeriod: 0n }),
    ],
    ['a period of one slot', () => under({ periodSlots: 1 })],
    ['a carry below a base unit', () => balance({ carry: 9_999n })],
    ['a carry, deficit and place of zero', () => balance({ carry: 0n, deficit: 0n, dealt: 0n })],
    ['nothing counted', () => balance({ counted: since })],
  ])('%s may be', (_, says) => expect(says()).not.toContain('contradict'));
});

describe('the parts', () => {
  test('are as many as the computation gives', () => {
    const { checks, says } = found({ ...TRUE, parts: TRUE.parts.slice(1) });
    expect(checks).toContain('computation differs');
    expect(says).toContain('Parts of the close: 2, and not 1.');
  });
  test('may stand in any order', () =>
    expect(found({ ...TRUE, parts: TRUE.parts.toReversed() }).checks).toEqual([]));
  test('of one mark go on from each other, so that the first begins with the balance', () => {
    const [one, other] = TRUE.parts;
    expect([one?.after, other?.before]).toEqual([other?.before, one?.after]);
    const before = { ...one!.before, deficit: one!.before.deficit + 1n };
    expect(found({ ...TRUE, parts: withFirst(TRUE.parts, { before }) }).checks).toContain(
      'computation differs',
    );
  });
  test('of two marks go on from a balance of each', () => {
    const terms = TRUE.terms.map((each) => ({ ...each, markSlot: each.fromSlot }));
    const tabs = { 10: { carry: 1_234n, deficit: 0n }, 50: { carry: 99n, deficit: 5_000n } };
    const agreement = { terms: termsOf({ terms }), held: TRUE.held, tabs };
    const moves = TRUE.movements.map(({ signature: _s, ordinal: _o, ...move }) => move as Movement);
    const { body, slot } = TRUE.close;
    const parts = partsOf(accrualOf(body, slot, agreement, moves).bookings);
    expect(parts).toHaveLength(2);
    expect(found({ ...TRUE, terms, parts }).checks).not.toContain('computation differs');
    for (const nth of [0, 1]) {
      const wrong = parts.map((each, at) =>
        at === nth ? { ...each, before: { ...each.before, carry: each.before.carry + 1n } } : each,
      );
      expect(found({ ...TRUE, terms, parts: wrong }).checks).toContain('computation differs');
    }
  });
  test('of a close whose figures no close has can not be computed', () => {
    const movements = withFirst(TRUE.movements, { base: -1n } as Partial<typeof MOVE>);
    const body = { ...TRUE.close.body, baseClosed: 0n } as Receipt['close']['body'];
    const { says } = found({ ...TRUE, movements, close: { ...TRUE.close, body } });
    expect(says).toContain('The figures of the close can not be those of a close.');
  });
  test('have one for the share, of its amount and for its creator', () => {
    const share = (change: Partial<Receipt['share']>) =>
      found({ ...TRUE, share: { ...TRUE.share, ...change } }).checks;
    expect(share({ amount: TRUE.share.amount + 1n })).toContain('share differs');
    expect(share({ recipient: 7 })).toContain('share differs');
    expect(share({ termsSlot: 51 })).toContain('share differs');
    const { creator } = TRUE;
    expect(found({ ...TRUE, creator: { ...creator, wallet: OTHER } }).checks).toContain(
      'share differs',
    );
    const doubled = [...TRUE.parts, TRUE.parts[1]!];
    expect(found({ ...TRUE, parts: doubled }).checks).toContain('share differs');
  });
});
