// QuantumVault: a dump of its tables becomes rows; what cannot be brought is told by its line.
import { expect, test } from 'vitest';
import { dumpOf, quantumVaultRows } from '../../src/core/import-quantumvault.ts';
import { bundlesOf } from '../../src/core/import-rows.ts';
import { addressOf } from '../support/ledger.ts';

const [OWNER, AGENT, CREATOR] = [addressOf(1), addressOf(2), addressOf(900)];
const copy = (table: string, columns: string, rows: readonly (readonly string[])[]): string =>
  `COPY public.${table} (${columns}) FROM stdin;\n${rows.map((row) => `${row.join('\t')}\n`).join('')}\\.\n\n`;

const IOU =
  'id, subscriber_bot_id, subscriber_wallet_address, creator_wallet_address, amount, realized_pnl, profit_share_percent, trade_id, protocol, status, retry_count, last_error, created_at';
const iou = (id: string, bot: string, amount: string, status: string, protocol = 'drift') => [
  ...[id, bot, OWNER, CREATOR, amount, '14.685010', '10.00', `t-${id}`, protocol, status],
  ...['50', 'Transfer\\tfailed', '2026-08-01 10:00:00.123'],
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
  const { bundles, refused } = bundlesOf(rows);
  expect(bundles).toHaveLength(1);
  expect(bundles[0]?.subscriber?.row).toMatchObject({
    id: OWNER,
    agentWallet: AGENT,
    subAccountIds: [3, 4],
  });
  expect(
    bundles[0]?.subscriptions.map(({ row }) => [row.id, row.subAccountId, row.shareBps, row.open]),
  ).toEqual([
    ['sub-1', 3, 1_250, 'charged'],
    ['sub-2', 4, 1_250, 'free'],
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
