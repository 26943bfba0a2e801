// QuantumVault: a dump of its tables becomes rows; what cannot be brought is told by its line.
import { describe, expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import { dumpOf, quantumVaultRows } from '../../src/core/import-quantumvault.ts';
import { bundlesOf } from '../../src/core/import-rows.ts';
import { addressOf } from '../support/ledger.ts';

const [OWNER, AGENT, CREATOR] = [addressOf(1), addressOf(2), addressOf(900)];
const copy = (table: string, columns: string, rows: readonly (readonly string[])[]): string =>
  `COPY public.${table} (${columns}) FROM stdin;\n${rows.map((row) => `${row.join('\t')}\n`).join('')}\\.\n\n`;

const IOU =
  'id, subscriber_bot_id, subscriber_wallet_address, creator_wallet_address, amount, realized_pnl, profit_share_percent, trade_id, protocol, status, retry_count, last_error, created_at';
const iou = (id: string, bot: string, amount: string, status: string, protocol = 'drift') => [
  id,
  bot,
  OWNER,
  CREATOR,
  amount,
  '14.685010',
  '10.00',
  `t-${id}`,
  protocol,
  status,
  '50',
  'Transfer\\tfailed',
  '2026-08-01 10:00:00.123',
];
const dump = (ious: readonly (readonly string[])[]): string =>
  '-- PostgreSQL database dump\n' +
  copy('wallets', 'address, display_name, agent_public_key', [[OWNER, '\\N', AGENT]]) +
  copy('trading_bots', 'id, wallet_address, drift_subaccount_id, active_protocol', [
    ['bot-1', OWNER, '3', 'drift'],
    ['bot-2', OWNER, '4', 'drift'],
    ['bot-3', OWNER, '\\N', 'flash'],
  ]) +
  copy('published_bots', 'id, creator_wallet_address, profit_share_percent', [
    ['pub-1', CREATOR, '12.50'],
  ]) +
  copy(
    'bot_subscriptions',
    'id, published_bot_id, subscriber_wallet_address, subscriber_bot_id, status',
    [
      ['sub-1', 'pub-1', OWNER, 'bot-1', 'active'],
      ['sub-2', 'pub-1', OWNER, 'bot-2', 'cancelled'],
      ['sub-3', 'pub-1', OWNER, 'bot-3', 'active'],
    ],
  ) +
  copy('pending_profit_shares', IOU, ious);

test('a dump becomes rows, to the base unit', () => {
  const rows = quantumVaultRows(
    dump([
      iou('i1', 'bot-1', '1.468501', 'pending'),
      iou('i2', 'bot-1', '0.500000', 'deferred'),
      iou('i3', 'bot-1', '2.000000', 'paid'),
      iou('i4', 'bot-1', '3.000000', 'voided'),
      iou('i5', 'bot-1', '4.000000', 'processing'),
      iou('i6', 'bot-2', '7', 'pending'),
      iou('i7', 'bot-3', '1', 'pending', 'flash'),
    ]),
  );
  const { bundles, refused } = bundlesOf(rows, redaction);
  expect(bundles).toHaveLength(1);
  expect(bundles[0]?.subscriber?.row).toMatchObject({
    id: OWNER,
    agentWallet: AGENT,
    subAccountIds: [3, 4],
  });
  expect(
    bundles[0]?.subscriptions.map(({ row }) => [
      row.id,
      row.subAccountId,
      row.shareBps,
      row.open,
      row.ended,
    ]),
  ).toEqual([
    ['sub-1', 3, 1_250, 'charged', false],
    ['sub-2', 4, 1_250, 'free', true],
  ]);
  expect(bundles[0]?.debts.map(({ row }) => [row.id, row.amount, row.netPnl, row.origin])).toEqual([
    ['i1', 1_468_501n, 14_685_010n, 'trade t-i1'],
    ['i2', 500_000n, 14_685_010n, 'trade t-i2'],
    ['i6', 7_000_000n, 14_685_010n, 'trade t-i6'],
  ]);
  expect(bundles[0]?.debts[0]?.row.at).toBe(Date.parse('2026-08-01T10:00:00Z'));
  expect(refused.map(({ problem }) => problem)).toEqual([
    expect.stringContaining('trades at flash'),
    expect.stringContaining('is paying this debt'),
    expect.stringContaining('owed at flash'),
  ]);
});

test('cells of a dump are unescaped, and a dump without a table says which', () => {
  const [row] = dumpOf(copy('t', 'a, "b"', [['x\\ty\\\\', '\\N']])).get('t') ?? [];
  expect(row).toEqual({ line: 2, cells: { a: 'x\ty\\', b: null } });
  expect(quantumVaultRows(copy('wallets', 'address', []))).toEqual([
    { line: 1, problem: expect.stringContaining('trading_bots, published_bots') },
  ]);
});

test('a dump of another form of COPY, with returns and several blocks, is read as well', () => {
  const text =
    '-- not COPY public.t (a) FROM stdin;\n' +
    'COPY "t" (a, b) FROM stdin;\r\n1\tx\r\n2\r\n\\.\r\n' +
    'COPY other (a) FROM stdin; -- no\n' +
    'COPY t (a, b) FROM stdin;\n3\ty\n\\. \n';
  expect([...dumpOf(text)]).toEqual([
    [
      't',
      [
        { line: 3, cells: { a: '1', b: 'x' } },
        { line: 4, cells: { a: '2', b: null } },
        { line: 8, cells: { a: '3', b: 'y' } },
      ],
    ],
  ]);
});

/** The first row of the dump's only debt, whose cell of a column holds this text. */
const debtWith = (column: string, cell: string) => {
  const cells = iou('i1', 'bot-1', '1.5', 'pending');
  cells[IOU.split(', ').indexOf(column)] = cell;
  const row = quantumVaultRows(dump([cells])).find(
    (each) => 'value' in each && (each.value as { kind: string }).kind === 'debt',
  );
  return row !== undefined && 'value' in row ? (row.value as Record<string, unknown>) : {};
};

test.each([
  ['1', '1000000'],
  ['0.000001', '1'],
  ['-0', '0'],
  ['0', '0'],
  ['-1.5', '-1500000'],
  ['12345678901234.654321', '12345678901234654321'],
  ['123456789012345', undefined],
  ['1.1234567', undefined],
  ['x1', undefined],
  ['1x', undefined],
  ['\\N', undefined],
])('a profit of %s is %s base units', (cell, units) =>
  expect(debtWith('realized_pnl', cell).netPnl).toBe(units),
);

test.each([
  ['10', 1_000],
  ['12.5', 1_250],
  ['12.50', 1_250],
  ['0', 0],
  ['1000', undefined],
  ['1.123', undefined],
  ['x1', undefined],
  ['1x', undefined],
])('a share of %s percent is %s basis points', (cell, bps) =>
  expect(debtWith('profit_share_percent', cell).shareBps).toBe(bps),
);

test('a debt without a time or a protocol is brought without them', () => {
  expect(Object.keys(debtWith('created_at', '\\N'))).not.toContain('at');
  expect(debtWith('created_at', '2026-08-01 10:00:00').at).toBe('2026-08-01T10:00:00Z');
  expect(debtWith('protocol', '\\N').amount).toBe('1500000');
});

describe('a subscription', () => {
  const bots = (rows: readonly (readonly string[])[], subscriptions: readonly string[][]) =>
    copy('wallets', 'address, agent_public_key', [[OWNER, AGENT]]) +
    copy('trading_bots', 'id, drift_subaccount_id, active_protocol', rows) +
    copy('published_bots', 'id, creator_wallet_address, profit_share_percent', [
      ['pub-1', CREATOR, '12.50'],
    ]) +
    copy(
      'bot_subscriptions',
      'id, published_bot_id, subscriber_wallet_address, subscriber_bot_id, status',
      subscriptions,
    ) +
    copy('pending_profit_shares', IOU, [iou('i1', 'bot-9', '1', 'pending')]);
  const rowsOf = (rows: readonly (readonly string[])[], ...subscriptions: string[][]) =>
    quantumVaultRows(bots(rows, subscriptions)).map((each) =>
      'problem' in each ? each.problem : (each.value as Record<string, unknown>),
    );
  const lost = 'Its subscription is not in the dump, or not brought.';

  test('that has ended and owes nothing is left out', () =>
    expect(rowsOf([['bot-1', '3', 'drift']], ['s', 'pub-1', OWNER, 'bot-1', 'ended'])).toEqual([
      lost,
    ]));
  test.each([
    ['bot', ['s', 'pub-1', OWNER, 'bot-2', 'active']],
    ['published bot', ['s', 'pub-2', OWNER, 'bot-1', 'active']],
    ['wallet', ['s', 'pub-1', AGENT, 'bot-1', 'active']],
  ])('without its %s is told', (_, subscription) =>
    expect(rowsOf([['bot-1', '3', 'drift']], subscription)).toEqual([
      'Its bot, its published bot or its wallet is not in the dump.',
      lost,
    ]),
  );
  test('without a sub-account is told', () =>
    expect(rowsOf([['bot-1', '\\N', 'drift']], ['s', 'pub-1', OWNER, 'bot-1', 'active'])).toEqual([
      'Its bot has no drift_subaccount_id.',
      lost,
    ]));
  test('of one wallet gives it one row, with its sub-accounts in order', () =>
    expect(
      rowsOf(
        [
          ['bot-1', '12', 'drift'],
          ['bot-2', '3', 'drift'],
        ],
        ['s1', 'pub-1', OWNER, 'bot-1', 'active'],
        ['s2', 'pub-1', OWNER, 'bot-2', 'active'],
      )[2],
    ).toMatchObject({ kind: 'subscriber', id: OWNER, subAccountIds: [3, 12] }));
});

describe('of several subscriptions of one sub-account', () => {
  const OTHER = addressOf(901);
  const brought = (
    bots: readonly (readonly string[])[],
    subscriptions: readonly (readonly string[])[],
    debts: readonly (readonly string[])[],
  ) => {
    const text =
      copy('wallets', 'address, agent_public_key', [[OWNER, AGENT]]) +
      copy('trading_bots', 'id, drift_subaccount_id, active_protocol', bots) +
      copy('published_bots', 'id, creator_wallet_address, profit_share_percent', [
        ['pub-x', CREATOR, '10.00'],
        ['pub-x2', CREATOR, '5.00'],
        ['pub-y', OTHER, '20.00'],
      ]) +
      copy(
        'bot_subscriptions',
        'id, published_bot_id, subscriber_wallet_address, subscriber_bot_id, status',
        subscriptions,
      ) +
      copy('pending_profit_shares', IOU, debts);
    const { bundles, refused } = bundlesOf(quantumVaultRows(text), redaction);
    return {
      subscriptions: bundles.flatMap((each) =>
        each.subscriptions.map(({ row }) => [row.id, row.creatorWallet, row.open, row.ended]),
      ),
      debts: bundles.flatMap((each) =>
        each.debts.map(({ row }) => [row.id, row.subscription, row.creatorWallet]),
      ),
      refused: refused.map(({ problem }) => problem),
    };
  };
  const owedTo = (creator: string, id: string, bot = 'bot-1') => {
    const cells = iou(id, bot, '1.25', 'pending');
    cells[IOU.split(', ').indexOf('creator_wallet_address')] = creator;
    return cells;
  };
  const bots = [['bot-1', '0', 'drift']];
  const old = ['sub-old', 'pub-x', OWNER, 'bot-1', 'cancelled'];
  const active = ['sub-new', 'pub-y', OWNER, 'bot-1', 'active'];

  test.each([
    ['after', [old, active]],
    ['before', [active, old]],
  ])(
    'the active one is brought where it stands %s the ended one, and has its own debts only',
    (_, rows) => {
      const found = brought(bots, rows, [owedTo(CREATOR, 'x'), owedTo(OTHER, 'y')]);
      expect(found.subscriptions).toEqual([['sub-new', OTHER, 'charged', false]]);
      expect(found.debts).toEqual([['y', 'sub-new', OTHER]]);
      expect(found.refused).toEqual([
        'It is owed under subscription sub-old, which has ended. Its sub-account 0 has subscription sub-new of another creator now, and Bailiff keeps one subscription for a sub-account. Pay the debt with QuantumVault before the cut-over.',
      ]);
    },
  );

  test('the active one has it also where another bot had the sub-account before', () => {
    const found = brought(
      [...bots, ['bot-2', '0', 'drift']],
      [old, ['sub-new', 'pub-y', OWNER, 'bot-2', 'active']],
      [owedTo(CREATOR, 'x')],
    );
    expect(found.subscriptions).toEqual([['sub-new', OTHER, 'charged', false]]);
    expect(found.debts).toEqual([]);
    expect(found.refused).toEqual([expect.stringContaining('under subscription sub-old')]);
  });

  test('the active one has the earlier debts to its own creator, too', () => {
    const again = ['sub-new', 'pub-x2', OWNER, 'bot-1', 'active'];
    const found = brought(bots, [old, again], [owedTo(CREATOR, 'x')]);
    expect(found.subscriptions).toEqual([['sub-new', CREATOR, 'charged', false]]);
    expect(found.debts).toEqual([['x', 'sub-new', CREATOR]]);
    expect(found.refused).toEqual([]);
  });

  test('the first of two that have ended is brought, and the debt of the other is told', () => {
    const ended = ['sub-y', 'pub-y', OWNER, 'bot-1', 'cancelled'];
    const found = brought(bots, [old, ended], [owedTo(CREATOR, 'x'), owedTo(OTHER, 'y')]);
    expect(found.subscriptions).toEqual([['sub-old', CREATOR, 'free', true]]);
    expect(found.debts).toEqual([['x', 'sub-old', CREATOR]]);
    expect(found.refused).toEqual([expect.stringContaining('under subscription sub-y')]);
  });

  test('two active ones are a fault of the dump, which names the second', () => {
    const also = ['sub-x', 'pub-x', OWNER, 'bot-1', 'active'];
    const found = brought(bots, [active, also], [owedTo(CREATOR, 'x')]);
    expect(found.subscriptions).toEqual([['sub-new', OTHER, 'charged', false]]);
    expect(found.debts).toEqual([['x', 'sub-x', CREATOR]]);
    expect(found.refused).toEqual([expect.stringContaining('has the same subscription')]);
  });
});
