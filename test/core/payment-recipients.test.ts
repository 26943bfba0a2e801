// Payment recipients: what one payment to several recipients gives to each, and who is left out.
import { describe, expect, test } from 'vitest';
import {
  type Debt,
  debtsTo,
  payableTogether,
  toFirst,
  walletsOf,
  withoutLast,
} from '../../src/core/debt.ts';
import type { Address } from '../../src/core/ids.ts';
import {
  paidTo,
  partsOfCovers,
  paysSeveral,
  paysWhole,
} from '../../src/core/payment-recipients.ts';
import { plan } from '../../src/core/plan.ts';
import type { CreatorSeen, Preflight } from '../../src/core/preflight.ts';
import { debt, FUNDS, POLICY, planned, preflight, RENT } from '../support/plan.ts';

const [CREATOR, REF, HOUSE] = ['creator', 'ref', 'house'] as [Address, Address, Address];
const of = (creatorWallet: Address) => ({ creatorWallet });
/** Debts to three recipients; the creator has two. */
const DEBTS = [debt('a', 80n), debt('b', 15n, of(REF)), debt('c', 5n, of(HOUSE)), debt('d', 40n)];
const seen = (others: Partial<Record<'ref' | 'house', Partial<CreatorSeen>>>, more = {}) =>
  preflight({
    others: new Map(
      [REF, HOUSE].map((wallet): [Address, CreatorSeen] => [
        wallet,
        { creatorAccount: 'open', ...others[wallet as 'ref'] },
      ]),
    ),
    ...more,
  });
const waits = (given: Preflight, policy = {}) => {
  const found = plan(DEBTS, given, { ...POLICY, ...policy });
  if (found.kind !== 'wait') throw new Error(`a ${found.kind} was planned`);
  return found;
};

test('recipients stand in the order of their oldest debt', () => {
  expect(walletsOf(DEBTS)).toEqual([CREATOR, REF, HOUSE]);
  const ids = (debts: readonly { shareId: string }[]) => debts.map((each) => each.shareId);
  expect(ids(toFirst(DEBTS, 2))).toEqual(['a', 'b', 'd']);
  expect(ids(withoutLast(DEBTS))).toEqual(['a', 'b', 'd']);
  expect(ids(withoutLast(DEBTS.slice(0, 1)))).toEqual(['a']);
});

test('a payment without a list of recipients pays one, and is whole when it covers all debts to it', () => {
  const covers = [
    { shareId: 'a', amount: 80n },
    { shareId: 'd', amount: 40n },
  ];
  const recipients = [CREATOR, REF].map((wallet) => ({ wallet, amount: 1n, createAccount: false }));
  const alone = { ...planned(DEBTS.slice(0, 1), preflight()), covers };
  const several = { ...alone, recipients, covers: [...covers, { shareId: 'b', amount: 15n }] };
  expect([alone, several].map((each) => paysSeveral({ plan: each }))).toEqual([false, true]);
  expect(debtsTo(DEBTS, CREATOR).map((each) => each.shareId)).toEqual(['a', 'd']);
  // The debt to the house is of no concern to either.
  expect(paysWhole(alone, DEBTS)).toBe(true);
  expect(paysWhole(several, DEBTS)).toBe(true);
  expect(paysWhole({ ...alone, covers: covers.slice(1) }, DEBTS)).toBe(false);
  expect(paysWhole({ ...several, covers }, DEBTS)).toBe(false);
  // A part of the last debt is not all of it.
  const part = [...covers.slice(0, 1), { shareId: 'd', amount: 39n }];
  expect(paysWhole({ ...alone, covers: part }, DEBTS)).toBe(false);
});

test('debts out of one account, at one venue and in one token are paid together', () => {
  const [oldest] = DEBTS as [Debt];
  const ids = (debts: readonly Debt[], first = oldest) =>
    payableTogether(debts, first).map((each) => each.shareId);
  const otherUser = { driftUser: 'second' as Address };
  const elsewhere = [
    debt('e', 1n, { venue: 'velocity' }),
    debt('f', 1n, { token: { ...oldest.token, mint: 'mint' as Address } }),
    debt('g', 1n, { ...of(REF), ...otherUser }),
  ];
  expect(ids([...DEBTS, ...elsewhere])).toEqual(['a', 'b', 'c', 'd']);
  // A debt to the same recipient may be owed for another account.
  expect(ids([...DEBTS, debt('h', 1n, otherUser)])).toEqual(['a', 'b', 'c', 'd', 'h']);
});

test('a debt that is paid apart keeps its recipient out of payments to others', () => {
  const [oldest, ...younger] = DEBTS as [Debt, ...Debt[]];
  const ids = (debts: readonly Debt[]) =>
    payableTogether(debts, debts[0] as Debt).map((each) => each.shareId);
  const apart = { ...of(REF), apart: true };
  expect(ids([...DEBTS, debt('e', 1n, apart)])).toEqual(['a', 'c', 'd']);
  expect(ids([{ ...oldest, apart: true }, ...younger])).toEqual(['a', 'd']);
  // A debt in another token keeps no recipient out of a payment in this one.
  const token = { ...oldest.token, mint: 'mint' as Address };
  expect(ids([...DEBTS, debt('e', 1n, { ...apart, token })])).toEqual(['a', 'b', 'c', 'd']);
});

test('the parts of a payment are what its covers say, and no other debt may be covered', () => {
  const covers = DEBTS.map(({ shareId, owed }) => ({ shareId, amount: owed }));
  expect(partsOfCovers(covers, DEBTS, (wallet) => wallet === REF)).toEqual([
    { wallet: CREATOR, amount: 120n, createAccount: false },
    { wallet: REF, amount: 15n, createAccount: true },
    { wallet: HOUSE, amount: 5n, createAccount: false },
  ]);
  expect(() => partsOfCovers([{ shareId: 'x', amount: 1n }], DEBTS, () => false)).toThrow('x');
});

describe('a plan for several recipients', () => {
  test('withdraws their sum once, and gives each its own', () => {
    const found = planned(DEBTS, seen({}, { agentTokens: 30n }));
    expect(found).toMatchObject({ amount: 140n, withdraw: 110n });
    expect(found.recipients?.map(({ wallet, amount }) => [wallet, amount])).toEqual([
      [CREATOR, 120n],
      [REF, 15n],
      [HOUSE, 5n],
    ]);
    expect(paysWhole(found, DEBTS)).toBe(true);
    expect(paidTo({ creatorWallet: CREATOR, plan: found })).toBe(found.recipients);
  });
  test('covers debts in their order, so that the last recipients wait where the money ends', () => {
    const venue = { ...FUNDS, deposit: 99n };
    const found = planned(DEBTS, seen({}, { venue }));
    expect(found.covers.map((each) => each.shareId)).toEqual(['a', 'b']);
    expect(paysWhole(found, DEBTS)).toBe(false);
    const alone = planned(DEBTS, seen({}, { venue: { ...FUNDS, deposit: 80n } }));
    expect(alone.recipients).toBeUndefined();
    expect(paidTo({ creatorWallet: CREATOR, plan: alone })).toEqual([
      { wallet: CREATOR, amount: 80n, createAccount: false },
    ]);
  });
  test('names the one whose account takes nothing, and lets only its debts wait', () => {
    expect(waits(seen({ house: { creatorAccount: 'frozen' } }))).toMatchObject({
      about: 'creator',
      creator: HOUSE,
      trouble: { code: 'creator_account_frozen' },
    });
    expect(waits(seen({ ref: { creatorAccount: 'foreign' } }))).toMatchObject({
      creator: REF,
      trouble: { code: 'creator_account_given_away' },
    });
  });
  test('costs the rent of every account that it opens; without SOL for all, the last ones wait', () => {
    const absent = { creatorAccount: 'absent' } as const;
    const own = 5_000n + 3_000_000n;
    const given = (agentLamports: bigint) =>
      seen({ ref: absent, house: absent }, { agentLamports });
    const names = (lamports: bigint) =>
      paidTo({ creatorWallet: CREATOR, plan: planned(DEBTS, given(lamports)) }).map(
        (each) => each.wallet,
      );
    expect(names(own + 2n * RENT)).toEqual([CREATOR, REF, HOUSE]);
    expect(names(own + 2n * RENT - 1n)).toEqual([CREATOR, REF]);
    expect(names(own)).toEqual([CREATOR]);
    expect(waits(given(own - 1n))).toMatchObject({
      about: 'subscriber',
      trouble: { code: 'agent_needs_sol', lamports: 1n },
    });
  });
  test('leaves out whom the sponsor does not pay for', () => {
    const sponsorRefuses = {
      class: 'needs_sol',
      code: 'sponsor_creator_spent',
      detail: '',
    } as const;
    const given = seen(
      { house: { sponsorRefuses } },
      { agentLamports: 0n, sponsorLamports: 10n ** 9n },
    );
    const found = planned(DEBTS, given);
    expect(found.recipients?.map((each) => each.wallet)).toEqual([CREATOR, REF]);
    // Where it is the recipient of the oldest debt, its own debts wait, and no others.
    const oldest = { agentLamports: 0n, sponsorLamports: 10n ** 9n, sponsorRefuses };
    expect(waits(seen({}, oldest))).toMatchObject({
      about: 'creator',
      creator: CREATOR,
      trouble: { code: 'sponsor_creator_spent' },
    });
  });
  test('waits with all debts where the sponsor refuses the subscriber', () => {
    const sponsorRefuses = {
      class: 'needs_sol',
      code: 'sponsor_subscriber_spent',
      detail: '',
    } as const;
    const none = { agentLamports: 0n, sponsorLamports: 10n ** 9n, sponsorRefuses };
    const found = waits(seen({}, none));
    expect(found).toMatchObject({ about: 'subscriber', trouble: { code: sponsorRefuses.code } });
    expect(found).not.toHaveProperty('creator');
  });
  test('holds its fee against all of it, and the rent of an account against what is owed to its owner', () => {
    const cost = { perSol: 150_000_000n, bpsMost: 1_000 };
    const debts = [debt('a', 7_000n), debt('b', 500n, of(REF))];
    // The fee is 750 base units: a tenth of 7,500, to which the two debts add up.
    const venue = { ...FUNDS, deposit: 10n ** 9n };
    expect(planned(debts, seen({}, { venue }), { cost }).recipients).toHaveLength(2);
    const less = [debt('a', 6_999n), debt('b', 500n, of(REF))];
    const dear = plan(less, seen({}, { venue }), { ...POLICY, cost });
    expect(dear).toMatchObject({ about: 'creator', trouble: { code: 'below_cost' } });
    expect(dear).not.toHaveProperty('creator');
    // The rent is 305,892 base units: a tenth of 3,058,920.
    const opening = (owedToCreator: bigint) =>
      plan(debts, seen({ ref: { creatorAccount: 'absent', owedToCreator } }, { venue }), {
        ...POLICY,
        cost,
      });
    expect(opening(3_058_920n).kind).toBe('pay');
    expect(opening(3_058_919n)).toMatchObject({ creator: REF, trouble: { code: 'below_cost' } });
    // A debt that a person asked for is paid at any cost.
    const asked = [debts[0] as never, debt('b', 500n, { ...of(REF), asked: true })];
    const absent = seen({ ref: { creatorAccount: 'absent', owedToCreator: 1n } }, { venue });
    expect(plan(asked, absent, { ...POLICY, cost }).kind).toBe('pay');
  });
});
