// Policy: each field of each effect that a payment may have, up to its limit and one beyond it.
import { describe, expect, test } from 'vitest';
import type { Effect, Mandate } from '../../src/core/mandate.ts';
import { COMPUTE_UNITS_MOST, PAYMENT_RULES } from '../../src/core/payment-rules.ts';
import { objections } from '../../src/core/policy.ts';
import { TOKEN_PROGRAM } from '../../src/core/programs.ts';
import type { Rule } from '../../src/core/rules.ts';
import {
  address,
  advance,
  CREATOR,
  CREATOR_TOKENS,
  close,
  create,
  creatorAccount,
  GOOD,
  initialize,
  interest,
  judge,
  limit,
  mandate,
  memo,
  price,
  reimburse,
  settle,
  thief,
  tip,
  transfer,
  withdraw,
} from '../support/good-payment.ts';

/** The good payment with one effect changed. */
const changed = <Kind extends Effect>(effect: Kind, change: Partial<Kind>) =>
  judge(GOOD.map((each) => (each === effect ? { ...each, ...change } : each)));

test('a whole payment at every limit passes; a part of what is allowed passes too', () => {
  expect(judge(GOOD)).toEqual([]);
  expect(changed(withdraw, { amount: 1n })).toEqual([]);
  expect(changed(settle, { markets: [2] })).toEqual([]);
  expect(judge(GOOD.filter((each) => each !== reimburse && each !== settle))).toEqual([]);
});

/** An effect of the good payment, a change that breaks one rule about it, and the objection. */
const BROKEN: readonly [Effect, object, string][] = [
  [advance, { account: thief }, 'moves the nonce thief'],
  [advance, { authority: thief }, 'moves a nonce by authority of thief'],
  [limit, { units: COMPUTE_UNITS_MOST + 1 }, 'compute limit 1400001 is above the maximum'],
  [price, { microLamports: 716n }, 'priority fee could reach 1002 lamports'],
  [creatorAccount, { account: thief }, 'creates a token account of creator'],
  [creatorAccount, { owner: thief }, 'creates a token account of thief'],
  [creatorAccount, { mint: thief }, 'creates a token account of mint thief'],
  [creatorAccount, { payer: mandate.agent }, 'rent is charged to agent'],
  [create, { account: thief }, 'creates the account thief'],
  [create, { base: thief }, 'creates the account passing'],
  [create, { program: thief }, 'creates an account of thief with 165 bytes'],
  [create, { space: 166n }, `creates an account of ${TOKEN_PROGRAM} with 166 bytes`],
  [create, { payer: mandate.agent }, 'rent is charged to agent'],
  [initialize, { account: thief }, 'initializes thief'],
  [initialize, { owner: thief }, 'gives a token account to thief'],
  [initialize, { mint: thief }, 'opens a token account of mint thief'],
  [close, { account: thief }, 'closes thief'],
  [close, { authority: thief }, 'closes passing'],
  [close, { destination: thief }, 'gives rent to thief'],
  [settle, { user: thief }, 'settles user thief'],
  [settle, { markets: [1, 3] }, 'settles market 3'],
  [interest, { accounts: 5 }, 'books interest with 5 accounts'],
  [withdraw, { user: thief }, 'withdraws from thief'],
  [withdraw, { authority: thief }, 'withdraws from user'],
  [withdraw, { market: 1 }, 'withdraws market 1'],
  [withdraw, { destination: thief }, 'withdraws to thief'],
  [withdraw, { reduceOnly: false }, 'withdraws without reduce_only, which could borrow'],
  [withdraw, { amount: 61n }, 'withdraws 61, the mandate is 60'],
  [transfer, { source: thief }, 'transfers from thief'],
  [transfer, { mint: thief }, 'transfers mint thief'],
  [transfer, { authority: thief }, 'transfers by authority of thief'],
  [reimburse, { destination: thief }, 'transfers to thief'],
  [reimburse, { amount: 6n }, 'transfers 6, the mandate is 5'],
  [tip, { from: mandate.agent }, 'takes a tip from agent'],
  [tip, { to: thief }, 'gives a tip to thief, which no setting names'],
  [tip, { to: address('more tips') }, 'gives a tip to more tips'],
  [tip, { lamports: 4_999n }, 'gives a tip of 4999 lamports, the mandate is 5000'],
  [tip, { lamports: 5_001n }, 'gives a tip of 5001 lamports, the settings allow 5000'],
  [memo, { text: 'bailiff:p2' }, 'carries another memo'],
];
test.each(BROKEN)('%o with %o is refused', (effect, change, why) => {
  expect(changed(effect, change)).toContain(why);
});

test('every row of the table is broken by one of these changes', () => {
  for (const [kind, rules] of Object.entries(PAYMENT_RULES)) {
    const effects = BROKEN.filter(([effect]) => effect.effect === kind).map(([effect, change]) => ({
      ...effect,
      ...change,
    }));
    if (kind === 'unknown') effects.push({ effect: 'unknown', program: thief });
    for (const rule of rules as readonly Rule<Effect, Mandate>[]) {
      const before = rules.slice(0, rules.indexOf(rule as never)) as readonly Rule<
        Effect,
        Mandate
      >[];
      const found = effects.filter(
        (effect) =>
          !rule.holds(effect, mandate) && before.every((each) => each.holds(effect, mandate)),
      );
      expect(found.length, `${kind} must ${rule.must}`).toBeGreaterThan(0);
    }
  }
});

test('an effect that is not known is refused', () =>
  expect(judge([...GOOD, { effect: 'unknown', program: thief }])).toEqual(['calls program thief']));

test('what is due once is refused twice, and refused when it is missing', () => {
  expect(judge([...GOOD, transfer])).toEqual(['has 2 transfers, exactly one is due']);
  expect(judge([...GOOD, reimburse])).toEqual(['reimburses the sponsor more than once']);
  expect(judge([...GOOD, memo])).toEqual(['has 2 memos, exactly one is due']);
  expect(judge([...GOOD, withdraw])).toEqual(['withdraws more than once']);
  expect(judge([...GOOD, limit])).toEqual(['sets compute_limit more than once']);
  expect(judge([...GOOD, price])).toEqual(['sets compute_price more than once']);
  const without = (effect: Effect) => judge(GOOD.filter((each) => each !== effect));
  expect(without(transfer)).toEqual(['has 0 transfers, exactly one is due']);
  expect(without(memo)).toEqual(['has 0 memos, exactly one is due']);
  for (const effect of [create, initialize, close]) {
    expect(judge([...GOOD, effect])).toEqual([`has 2 of ${effect.effect}, the mandate is 1`]);
    expect(without(effect)).toEqual([`has 0 of ${effect.effect}, the mandate is 1`]);
  }
});

test('the fee payer is the planned one', () =>
  expect(objections(thief, GOOD, mandate)).toEqual(['fee payer is thief']));

test('no more is withdrawn than is paid, whatever the mandate says', () => {
  expect(judge(GOOD, { ...mandate, withdraw: 105n })).toEqual([]);
  expect(judge(GOOD, { ...mandate, withdraw: 106n })).toEqual(['withdraws 106, more than it pays']);
});

describe('without a passing account', () => {
  const plain: Mandate = {
    ...mandate,
    source: address('own'),
    passing: null,
    nonce: null,
    tip: null,
  };
  const effects = [
    { ...withdraw, destination: plain.source },
    { ...transfer, source: plain.source },
    { ...reimburse, source: plain.source },
    memo,
  ];
  test('a payment passes, and opening one is refused', () => {
    expect(judge(effects, plain)).toEqual([]);
    expect(judge([...effects, close], plain)).toEqual([
      'closes passing',
      'has 1 of close_token_account, the mandate is 0',
    ]);
  });
});

describe('a durable nonce', () => {
  const rest = GOOD.slice(1);
  const [none, first] = ['moves 0 nonces, the mandate is 1', 'does not begin by moving the nonce'];
  test('is moved by the first instruction, once', () => {
    expect(judge([...rest, advance])).toEqual([first]);
    expect(judge([limit, advance, ...rest.slice(1)])).toEqual([first]);
    expect(judge([...GOOD, advance])).toEqual(['moves 2 nonces, the mandate is 1']);
    expect([...judge(rest), ...judge([]).slice(-1)]).toEqual([none, first, first]);
  });
  test('is moved by no payment that is signed under a blockhash', () => {
    const plain = { ...mandate, nonce: null };
    expect(judge(rest, plain)).toEqual([]);
    expect(judge(GOOD, plain)).toEqual([
      'moves the nonce nonce',
      'moves 1 nonces, the mandate is 0',
    ]);
  });
  test('is never one that the agent can move, whatever the mandate says', () =>
    expect(
      judge([{ ...advance, authority: mandate.agent }, ...rest], {
        ...mandate,
        nonce: { account: address('nonce'), authority: mandate.agent },
      }),
    ).toEqual(['moves a nonce of the agent']));
});

describe('a tip', () => {
  const effects = GOOD.filter((each) => each !== tip);
  test('is given once with a mandate, and never without', () => {
    expect(judge(effects)).toEqual(['gives 0 tips, the mandate is 1']);
    expect(judge([...GOOD, tip])).toEqual(['gives 2 tips, the mandate is 1']);
    expect(judge(effects, { ...mandate, tip: null })).toEqual([]);
    expect(judge(GOOD, { ...mandate, tip: null })).toEqual([
      'gives a tip to tips',
      'gives 1 tips, the mandate is 0',
    ]);
  });
  test('keeps within the settings, whatever the mandate says', () => {
    const large = { lamports: 5_001n, account: address('tips') };
    expect(judge([...effects, { ...tip, lamports: 5_001n }], { ...mandate, tip: large })).toEqual([
      'gives a tip of 5001 lamports, the settings allow 5000',
    ]);
    const stolen = { lamports: 5_000n, account: thief };
    expect(judge([...effects, { ...tip, to: thief }], { ...mandate, tip: stolen })).toEqual([
      'gives a tip to thief, which no setting names',
    ]);
    const off = { ...mandate, tipLimits: null };
    expect(judge(GOOD, off)).toEqual(['gives a tip to tips, which no setting names']);
    expect(judge(effects, { ...off, tip: null })).toEqual([]);
  });
});

describe('a reimbursement', () => {
  const effects = GOOD.filter((each) => each !== reimburse);
  test('that was not planned, or has no account, goes to a stranger', () => {
    for (const none of [{ reimburse: 0n }, { sponsorTokenAccount: null }])
      expect(judge([...effects, reimburse], { ...mandate, ...none })).toEqual([
        'transfers to sponsor tokens',
      ]);
  });
  test('to a sponsor that is the creator is told from the payment by its amount', () => {
    const same: Mandate = { ...mandate, sponsorTokenAccount: CREATOR_TOKENS };
    const back = { ...reimburse, destination: CREATOR_TOKENS };
    expect(judge([...effects, back], same)).toEqual([]);
    expect(judge([advance, back, ...effects.slice(1)], same)).toEqual([]);
    expect(judge([...effects, transfer], same)).toEqual(['has 2 transfers, exactly one is due']);
    expect(judge([...effects, back, back], same)).toEqual(['has 2 transfers, exactly one is due']);
    expect(judge([...effects, { ...back, amount: 6n }], same)).toEqual([
      'transfers 6, the mandate is 100 and 5',
      'has 2 transfers, exactly one is due',
    ]);
  });
});

describe('a payment to several recipients', () => {
  const house = { wallet: address('house'), tokenAccount: address('house tokens'), amount: 40n };
  const several: Mandate = {
    ...mandate,
    recipients: [{ wallet: CREATOR, tokenAccount: CREATOR_TOKENS, amount: 60n }, house],
  };
  const first = { ...transfer, amount: 60n };
  const second = { ...transfer, destination: house.tokenAccount, amount: 40n };
  const opens = { ...creatorAccount, account: house.tokenAccount, owner: house.wallet };
  const effects = GOOD.filter((each) => each !== transfer);
  const all = [...effects, opens, first, second];

  test('gives each exactly its own, once', () => {
    expect(judge(all, several)).toEqual([]);
    const times = (count: number) => `has ${count} transfers, exactly one is due`;
    expect(judge([...effects, opens, first], several)).toEqual([times(0)]);
    expect(judge([...all, second], several)).toEqual([times(2)]);
    // What is due to one may not go to another, also where the sum is the same.
    const swapped = [
      { ...first, amount: 40n },
      { ...second, amount: 60n },
    ];
    expect(judge([...effects, opens, ...swapped], several)).toEqual([
      'transfers 40, the mandate is 60',
      'transfers 60, the mandate is 40',
    ]);
    expect(judge([...effects, opens, first, { ...second, destination: thief }], several)).toEqual([
      'transfers to thief',
      times(0),
    ]);
  });
  test('opens accounts for its recipients only, each for its own', () => {
    const stolen = [...effects, { ...opens, owner: CREATOR }, first, second];
    expect(judge(stolen, several)).toEqual(['creates a token account of creator']);
  });
  test('is refused where the mandate itself does not add up, or names an account twice or none', () => {
    const of = (recipients: Mandate['recipients']) => judge(all, { ...several, recipients });
    const [creator] = several.recipients as [Mandate['recipients'][number]];
    const other = 'pays its recipients another sum than 100';
    expect(of([creator, { ...house, amount: 41n }])).toContain(other);
    expect(
      of([
        { ...creator, amount: 100n },
        { ...house, amount: 0n },
      ]),
    ).toContain(other);
    expect(of([creator, { ...house, tokenAccount: CREATOR_TOKENS }])).toContain(
      'names a recipient twice, or none',
    );
    expect(of([])).toContain('names a recipient twice, or none');
  });
});
