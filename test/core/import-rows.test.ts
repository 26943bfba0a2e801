// Import rows: a row says exactly what it means or is refused with its field; text of files is read
// line by line, and no refusal repeats what stood on the line.
import { describe, expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import { csvRecords, rowsIn } from '../../src/core/import-file.ts';
import { bundlesOf, deficitOf, readRow } from '../../src/core/import-rows.ts';
import { USUAL_RULES } from '../../src/core/terms.ts';
import { addressOf } from '../support/ledger.ts';

const wallet = addressOf(1);
const subscription = {
  kind: 'subscription',
  id: 'ana-1',
  subscriber: 'ana',
  subAccountId: 0,
  creatorWallet: addressOf(900),
  shareBps: 1_000,
};
const debt = { kind: 'debt', id: 'i1', subscriber: 'ana', subscription: 'ana-1', amount: '5' };
const problemOf = (value: unknown): string => {
  try {
    readRow(value);
    return 'taken';
  } catch (thrown) {
    return (thrown as Error).message;
  }
};

describe('a row', () => {
  test('takes what the fields say, and usual values for what is absent', () => {
    expect(readRow(subscription)).toMatchObject({
      basis: 'per_close',
      minimumPayment: 0n,
      open: 'free',
      fromSlot: undefined,
    });
    expect(readRow(debt)).toMatchObject({ amount: 5n, netPnl: undefined });
  });

  test('takes the rules of terms, in JSON and in CSV', () => {
    const rules = {
      profit: 'gross',
      hurdle: '5',
      capPerClose: '6',
      capPerPeriod: '0',
      periodSlots: 6_480_000,
      freeBeforeSlot: 900,
    };
    const read = { ...rules, hurdle: 5n, capPerClose: 6n, capPerPeriod: 0n };
    expect(readRow({ ...subscription, ...rules })).toMatchObject(read);
    expect(readRow(subscription)).toMatchObject(USUAL_RULES);
    const named = Object.entries({ ...subscription, ...rules });
    const csv = [named.map(([name]) => name).join(','), named.map(([, cell]) => cell).join(',')];
    const [given] = rowsIn(csv.join('\n'));
    expect(readRow(given !== undefined && 'value' in given ? given.value : null)).toMatchObject(
      read,
    );
  });

  test('says that a subscription has ended, in JSON and in CSV', () => {
    expect(readRow(subscription)).toMatchObject({ ended: false });
    expect(readRow({ ...subscription, ended: true })).toMatchObject({ ended: true, open: 'free' });
    const [given] = rowsIn('kind,ended\nsubscription,true');
    expect(given).toMatchObject({ value: { ended: true } });
    for (const open of ['charged', 'from_slot'])
      expect(problemOf({ ...subscription, ended: true, open })).toContain('leave open out');
  });

  test.each([
    [{ ...subscription, ended: 'yes' }, 'ended must be true or false'],
    [{ ...subscription, hurdle: 5 }, 'hurdle must be base units as a decimal string'],
    [{ ...subscription, capPerClose: '-1' }, 'capPerClose must be base units'],
    [{ ...subscription, periodSlots: 0 }, 'periodSlots must be a whole number from 1'],
    [{ ...subscription, profit: 'half' }, 'profit must be net or gross'],
    [{ ...debt, amount: '0' }, 'amount must be above 0'],
    [{ ...debt, amount: 5 }, 'amount must be base units as a decimal string'],
    [{ ...debt, amount: '1.5' }, 'amount must be base units'],
    [{ ...debt, amont: '5' }, 'amont must be absent: no such field is known'],
    [{ ...subscription, shareBps: '1000' }, 'shareBps must be a whole number from 0 to 10000'],
    [{ ...subscription, shareBps: null }, 'shareBps must be a whole number'],
    [{ ...subscription, open: 'maybe' }, 'open must be free or charged or from_slot'],
    [{ ...subscription, deficit: '5' }, 'the basis high_water_mark only'],
    [{ ...subscription, basis: 'high_water_mark', highWaterMark: '5' }, 'given together'],
    [{ kind: 'subscriber', id: 'stream', agentWallet: wallet, subAccountIds: [0] }, 'id must be'],
    [{ kind: 'trade' }, 'kind must be subscriber or subscription or debt'],
    [null, 'kind must be'],
  ])('%j is refused: %s', (value, problem) => {
    expect(problemOf(value)).toContain(problem);
  });

  test.each(['a', '.a', 'a.', '...', 'streams', 'a_b:c-D9', 'x'.repeat(64)])(
    'has an id like %s',
    (id) => expect(problemOf({ ...subscription, id })).toBe('taken'),
  );
  test.each(['', '.', '..', 'stream', 'a b', 'a/b', 'x'.repeat(65), 7, null])(
    'has no id like %j',
    (id) => expect(problemOf({ ...subscription, id })).toContain('id must be an id of 1 to 64'),
  );
  test('has amounts of at most 18 digits, and only a profit or a mark may be below zero', () => {
    const nines = '9'.repeat(18);
    expect(readRow({ ...debt, amount: nines, netPnl: `-${nines}` })).toMatchObject({
      amount: BigInt(nines),
      netPnl: -BigInt(nines),
    });
    for (const netPnl of [`${nines}9`, '-0', '01', '+1', 'x1', '1x', 7])
      expect(problemOf({ ...debt, netPnl }), String(netPnl)).toContain('netPnl must be base units');
    for (const amount of [`${nines}9`, '-1', '01', '', ' 1'])
      expect(problemOf({ ...debt, amount }), amount).toContain('amount must be base units');
  });
  test('has numbers within their bounds, the bounds included', () => {
    const of = (change: object) => problemOf({ ...subscription, ...change });
    expect([of({ subAccountId: 65_535 }), of({ shareBps: 10_000 })]).toEqual(['taken', 'taken']);
    expect(of({ expiresAfterMs: 60_000 })).toBe('taken');
    for (const change of [
      { subAccountId: 65_536 },
      { subAccountId: -1 },
      { shareBps: 10_001 },
      { expiresAfterMs: 59_999 },
      { periodSlots: 2 ** 53 },
    ])
      expect(of(change), JSON.stringify(change)).toContain('must be a whole number from');
  });
  test('has a day or a time with its zone', () => {
    expect(readRow({ ...debt, at: '2026-08-01' })).toMatchObject({ at: Date.UTC(2026, 7, 1) });
    for (const at of ['2026-08-01T10:00:00', 'yesterday', 1_785_542_400])
      expect(problemOf({ ...debt, at })).toContain('at must be a day or an ISO 8601 time');
  });
  test('splits a share among named recipients, whose parts fit it', () => {
    const of = (change: object) =>
      problemOf({ ...subscription, splits: [{ wallet, shareBps: 150, ...change }] });
    for (const label of ['r', 'x'.repeat(40)]) expect(of({ label })).toBe('taken');
    for (const label of ['', 'x'.repeat(41), 7])
      expect(of({ label })).toContain('splits[0].label must be a text of 1 to 40 characters');
    expect(of({ shareBps: 1_001 })).toContain('The splits take 1001 basis points');
    expect(of({ shareBps: 0 })).toContain('splits[0].shareBps must be a whole number from 1');
  });
  test('gives losses or a mark, and a mark with its present figure', () => {
    const of = (change: object) =>
      problemOf({ ...subscription, basis: 'high_water_mark', ...change });
    expect(of({ realised: '5' })).toContain('given together');
    expect(of({ deficit: '5', highWaterMark: '5', realised: '5' })).toContain('not both');
    expect(of({ deficit: '5' })).toBe('taken');
    // Without a loss the basis does not matter.
    expect(problemOf({ ...subscription, highWaterMark: '5', realised: '5' })).toBe('taken');
  });
  test('has a secret key or the name of a key at a service, as that service names keys', () => {
    const of = (change: object) =>
      problemOf({
        kind: 'subscriber',
        id: 'a',
        agentWallet: wallet,
        subAccountIds: [0],
        ...change,
      });
    const agentSigner = { service: 'fireblocks', key: '7' };
    expect([of({ agentSigner }), of({ agentSecretKey: 'x' })]).toEqual(['taken', 'taken']);
    expect(of({ agentSigner, agentSecretKey: 'x' })).toBe(
      'Give agentSecretKey or agentSigner, not both.',
    );
    expect(of({ agentSigner: { ...agentSigner, key: '../7' } })).toContain(
      'agentSigner.key must be',
    );
    expect(of({ agentSigner: { ...agentSigner, service: 'paper' } })).toContain(
      'agentSigner.service',
    );
    expect(of({ subAccountIds: [0, 65_536] })).toContain('subAccountIds[1] must be');
  });

  test('never has its secret in a refusal', () => {
    const secret = 'S'.repeat(500);
    const bad = { kind: 'subscriber', id: 'ana', agentWallet: wallet, subAccountIds: [0] };
    expect(problemOf({ ...bad, agentSecretKey: secret })).toContain('agentSecretKey must be');
    expect(problemOf({ ...bad, agentSecretKey: secret })).not.toContain('SSSS');
    expect(problemOf({ ...bad, agentWallet: secret })).not.toContain('SSSS');
  });

  test('brings the losses of its mark', () => {
    const of = (more: object) => {
      const read = readRow({ ...subscription, basis: 'high_water_mark', ...more });
      return read.kind === 'subscription' ? deficitOf(read) : null;
    };
    expect(of({ deficit: '7' })).toBe(7n);
    expect(of({ highWaterMark: '10', realised: '-5' })).toBe(15n);
    expect(of({ highWaterMark: '10', realised: '12' })).toBe(0n);
    expect(of({})).toBe(0n);
  });
});

describe('a file', () => {
  test('is read as JSON lines, and a bad line is refused alone', () => {
    const rows = rowsIn(`\uFEFF{"kind":"debt"}\n\n{"secret": "abc\n{"a":1}\n`);
    expect(rows).toEqual([
      { line: 1, value: { kind: 'debt' } },
      { line: 3, problem: expect.stringContaining('not one JSON object') },
      { line: 4, value: { a: 1 } },
    ]);
    expect(JSON.stringify(rows)).not.toContain('abc');
  });

  test('is read as CSV, with quotes, empty cells and lists', () => {
    const text =
      'kind,id,agentWallet,subAccountIds,shareBps,offCurve,origin\r\n' +
      `subscriber,ana,${wallet},0 2,,,\r\n` +
      'subscription,"ana-1",,,1000,true,"a ""quoted"",\nline"\r\n' +
      'debt,i1,,,x,,,,too many\r\n';
    expect(rowsIn(text)).toEqual([
      {
        line: 2,
        value: { kind: 'subscriber', id: 'ana', agentWallet: wallet, subAccountIds: [0, 2] },
      },
      {
        line: 3,
        value: {
          kind: 'subscription',
          id: 'ana-1',
          shareBps: 1_000,
          offCurve: true,
          origin: 'a "quoted",\nline',
        },
      },
      { line: 5, problem: expect.stringContaining('9 cells') },
    ]);
    const cellsOf = (head: string, cells: string) => {
      const [row] = rowsIn(`${head}\n${cells}`);
      return row !== undefined && 'value' in row ? row.value : row;
    };
    expect(cellsOf(' subAccountIds , shareBps ', '0; 12 x1 1x,x10')).toEqual({
      subAccountIds: [0, 12, 'x1', '1x'],
      shareBps: 'x10',
    });
    expect(cellsOf('shareBps,origin', '10x,true')).toEqual({ shareBps: '10x', origin: 'true' });
    expect(cellsOf('splits,id', '"[{""shareBps"": 5}]",a"b')).toEqual({
      splits: [{ shareBps: 5 }],
      id: 'a"b',
    });
    expect(cellsOf('splits', '[x')).toEqual({ splits: '[x' });
    expect(rowsIn('a\n\nb')).toEqual([{ line: 3, value: { a: 'b' } }]);
    expect(rowsIn(' \n{"a":1}\n \n')).toEqual([{ line: 2, value: { a: 1 } }]);
    expect(csvRecords('a,"b')).toEqual({ openQuoteAt: 1 });
    expect(rowsIn('a,b\n1,"2')[0]).toMatchObject({ line: 2, problem: expect.any(String) });
    expect(rowsIn('')).toEqual([]);
  });
});

test('rows of a subscriber come together in any order, and a repetition is refused', () => {
  const subscriber = { kind: 'subscriber', id: 'ana', agentWallet: wallet, subAccountIds: [0] };
  const values = [
    debt,
    subscription,
    subscriber,
    { ...subscriber, id: 'bo' },
    debt,
    { ...debt, id: 'i2' },
  ];
  const found = bundlesOf(
    values.map((value, index) => ({ line: index + 1, value })),
    redaction,
  );
  expect(found.rows).toBe(6);
  expect(found.bundles).toMatchObject([
    {
      subscriberId: 'ana',
      subscriber: { line: 3 },
      subscriptions: [{ line: 2 }],
      debts: [{ line: 1 }, { line: 6 }],
    },
  ]);
  expect(found.refused).toEqual([
    { line: 4, kind: 'subscriber', id: 'bo', problem: expect.stringContaining('Line 3 has') },
    { line: 5, kind: 'debt', id: 'i1', problem: expect.stringContaining('Line 1 has') },
  ]);
});

describe('rows that are refused', () => {
  const refusedOf = (...given: unknown[]) =>
    bundlesOf(
      given.map((value, index) => ({ line: index + 1, value })),
      redaction,
    ).refused;
  test('are told with their kind and id as far as these can be read', () => {
    const long = 'x'.repeat(101);
    expect(refusedOf({ ...debt, amount: '0' }, 'text', null, { kind: 7, id: long })).toEqual([
      {
        line: 1,
        kind: 'debt',
        id: 'i1',
        problem: expect.stringContaining('amount must be above 0'),
      },
      { line: 2, kind: null, id: null, problem: expect.stringContaining('kind must be') },
      { line: 3, kind: null, id: null, problem: expect.stringContaining('kind must be') },
      {
        line: 4,
        kind: null,
        id: null,
        problem: expect.stringContaining('kind must be'),
      },
    ]);
    const { refused, rows } = bundlesOf([{ line: 9, problem: 'It is not JSON.' }], redaction);
    expect([rows, refused]).toEqual([
      1,
      [{ line: 9, kind: null, id: null, problem: 'It is not JSON.' }],
    ]);
  });
  test('repeat a wallet, a subscription, or an account at the same venue', () => {
    const other = { ...subscription, id: 'ana-2' };
    const velocity = { ...other, id: 'ana-4', venue: 'velocity' };
    expect(refusedOf(subscription, { ...other, subAccountId: 1 }, velocity)).toEqual([]);
    expect(refusedOf(subscription, other)).toMatchObject([{ line: 2, id: 'ana-2' }]);
    expect(refusedOf(velocity, { ...velocity, id: 'ana-3' })).toMatchObject([{ id: 'ana-3' }]);
    const again = { ...subscription, subAccountId: 1 };
    expect(refusedOf(subscription, again)).toMatchObject([{ line: 2, id: 'ana-1' }]);
    // A debt is known by its id and its subscription.
    expect(refusedOf(debt, { ...debt, subscription: 'ana-2' })).toEqual([]);
  });
});

test('a JSON array on one line or on several has no row', () => {
  const rows = [
    { kind: 'subscriber', id: 'ana' },
    { kind: 'subscriber', id: 'bea' },
  ];
  for (const text of [JSON.stringify(rows), JSON.stringify(rows, null, 2)])
    expect(rowsIn(text)).toEqual([]);
});
