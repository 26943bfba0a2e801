// Import rows: a row says exactly what it means or is refused with its field; text of files is read
// line by line, and no refusal repeats what stood on the line.
import { describe, expect, test } from 'vitest';
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
      ...{ profit: 'gross', hurdle: '5', capPerClose: '6', capPerPeriod: '0' },
      ...{ periodSlots: 6_480_000, freeBeforeSlot: 900 },
    };
    const read = {
      ...{ profit: 'gross', hurdle: 5n, capPerClose: 6n, capPerPeriod: 0n },
      ...{ periodSlots: 6_480_000, freeBeforeSlot: 900 },
    };
    expect(readRow({ ...subscription, ...rules })).toMatchObject(read);
    expect(readRow(subscription)).toMatchObject(USUAL_RULES);
    const named = Object.entries({ ...subscription, ...rules });
    const csv = [named.map(([name]) => name).join(','), named.map(([, cell]) => cell).join(',')];
    const [given] = rowsIn(csv.join('\n'));
    expect(readRow(given !== undefined && 'value' in given ? given.value : null)).toMatchObject(
      read,
    );
  });

  test.each([
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
  const found = bundlesOf(values.map((value, index) => ({ line: index + 1, value })));
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
