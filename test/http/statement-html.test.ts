// Statement HTML: what the page of a statement says of unusual rows: markets and tokens without a
// name, names that look like HTML, rows beyond those that are explained, and no row.
import { expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Statement, StatementRow } from '../../src/core/statement.ts';
import { USDC } from '../../src/core/token.ts';
import { noStatementPage, statementPage } from '../../src/http/statement-html.ts';

const MINT = '9rWLXtyr3coUYNEkr6gAWV2UrwD5uPe9DEhn3cgMvQRw' as Address;
const row = ({ share, ...more }: Partial<Omit<StatementRow, 'share'>> & { share?: object } = {}) =>
  ({
    share: {
      id: 'ps_1',
      subscriberId: 's',
      subscriptionId: 'x',
      creatorWallet: MINT,
      slot: 7,
      token: USDC,
      amount: 5_000_000n,
      paid: 5_000_000n,
      netPnl: 50_000_000n,
      shareBps: 1_000,
      status: 'paid',
      recipient: 0,
      label: null,
      brought: null,
      paidBy: ['pay1' as Signature],
      creditedBy: [],
      voided: null,
      ...share,
    },
    details: {
      closedAtMs: Date.parse('2026-11-02T10:00:00Z'),
      trade: { market: 31, venue: 'drift-v2', position: 'long' },
      funding: null,
    },
    market: 'SOL-PERP',
    sentence: 'It was so.',
    ...more,
  }) as unknown as StatementRow;
const pageOf = (rows: StatementRow[], more: Partial<Statement> = {}): string =>
  statementPage(
    {
      link: {
        of: 'subscriber',
        id: '<b>ana',
        expiresAtMs: Date.parse('2026-12-08'),
        sinceMs: Date.parse('2026-11-01'),
        untilMs: Date.parse('2026-12-01'),
      },
      rows,
      further: 0,
      ...more,
    },
    '/csv',
  );

test('a market without a name is told by its number, and only a profit without a record as one of account state', () => {
  expect(pageOf([row()])).toContain('>SOL-PERP<');
  expect(pageOf([row({ market: null })])).toContain('>market 31<');
  const bare = { closedAtMs: null, trade: null, base: null, openingFee: 0n, funding: null };
  const reckoned = pageOf([row({ market: null, details: bare })]);
  expect(reckoned).toContain('>by account state<');
  expect(reckoned).toContain('>slot 7<');
  const brought = pageOf([row({ market: null, details: bare, share: { brought: { id: 'iou' } } })]);
  expect(brought).toContain('>brought<');
});

test('every row names the transactions that paid it, also where its computation is not shown', () => {
  const explained = pageOf([row()]);
  expect(explained).toMatch(
    /How it was computed<\/summary><p>It was so\.<\/p><p>Paid by <code>pay1/,
  );
  expect(pageOf([row({ sentence: null })])).toMatch(
    /How it was paid<\/summary><p>Paid by <code>pay1/,
  );
  expect(pageOf([row({ sentence: null, share: { paidBy: [] } })])).not.toContain('<details>');
});

test('each token has sums of its own, and a mint without a symbol is shortened', () => {
  const page = pageOf([
    row(),
    row({
      share: { token: { mint: MINT, symbol: MINT, decimals: 6 }, paid: 1n, status: 'pending' },
    }),
  ]);
  expect(page.match(/class="sums"/g)).toHaveLength(2);
  expect(page).toContain('<dt>Owed</dt><dd>0.000000 USDC</dd>');
  expect(page).toContain('<dt>Owed</dt><dd>4.999999 9rWL…vQRw</dd>');
});

test('names and reasons of people are text, never HTML', () => {
  const voided = { actor: 'a', person: null, atMs: 0, reason: '<script>1</script>' };
  const page = pageOf([row({ share: { label: '<i>Bo', status: 'voided', voided } })]);
  for (const html of ['<script', '<b>ana', '<i>Bo']) expect(page).not.toContain(html);
  expect(page).toContain('given up (&#60;script');
});

test('a period without shares says so, and one with too many says how many are missing', () => {
  expect(pageOf([])).toContain('No profit share was booked in this period.');
  expect(pageOf([row()], { further: 17 })).toContain(
    'Further shares that are not shown, and that the sums leave out: 17.',
  );
  expect(noStatementPage('Ask <them>.')).toContain('<p>Ask &#60;them&#62;.</p>');
});
