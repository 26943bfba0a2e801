// Statement HTML: the page of a statement, without scripts: sums, a chart by day, a table, and for
// each share how its amount was computed.
import { formatUnits } from '../core/money.ts';
import {
  daysOfStatement,
  type Statement,
  type StatementLink,
  type StatementRow,
  type StatementSum,
  sumsOfStatement,
} from '../core/statement.ts';
import { isoTime } from '../core/time.ts';
import { amountText } from '../core/token.ts';
import { escaped } from './openapi.ts';

const BASE_DECIMALS = 9;
const dayOf = (ms: number): string => isoTime(ms).slice(0, 10);
const timeOf = (ms: number): string => isoTime(ms).slice(0, 16).replace('T', ' ');

type Column = readonly [name: string, cell: (row: StatementRow) => string];
const units = (amount: bigint | null | undefined, { share }: StatementRow): string =>
  amount == null ? '' : formatUnits(amount, share.token.decimals);

const CREATOR: Column = ['creator_wallet', ({ share }) => share.creatorWallet];

/** The columns of the CSV. A creator's statement names no subscriber. */
export const statementColumns = (of: StatementLink['of']): readonly Column[] => [
  ['share', ({ share }) => share.id],
  ['closed_at', ({ details }) => (details?.closedAtMs == null ? '' : isoTime(details.closedAtMs))],
  ...(of === 'subscriber' ? [CREATOR] : []),
  ['market', ({ market }) => market ?? ''],
  ['position', ({ details }) => details?.trade?.position ?? ''],
  [
    'base',
    ({ details }) => (details?.base == null ? '' : formatUnits(details.base, BASE_DECIMALS)),
  ],
  ['entry', (row) => units(row.details?.trade?.entry, row)],
  ['exit', (row) => units(row.details?.trade?.exit, row)],
  ['closing_fee', (row) => units(row.details?.trade?.closingFee, row)],
  ['opening_fee', (row) => units(row.details?.openingFee, row)],
  ['net_profit', (row) => units(row.share.netPnl, row)],
  ['share_percent', ({ share }) => (share.shareBps === null ? '' : String(share.shareBps / 100))],
  ['token', ({ share }) => share.token.symbol],
  ['amount', (row) => units(row.share.amount, row)],
  ['paid', (row) => units(row.share.paid, row)],
  ['status', ({ share }) => share.status],
  ['close_signature', ({ share }) => share.signature ?? ''],
  ['paid_by', ({ share }) => [...share.paidBy, ...share.creditedBy].join(' ')],
];

export const STATEMENT_STYLE =
  ':root{color-scheme:light dark;--line:light-dark(#d3d7dc,#363d45);--bar:light-dark(#2a78d6,#7db4f5)}body{font:16px/1.5 system-ui;max-width:70rem;margin:1.5rem auto;padding:0 1rem}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}caption{text-align:start;font-weight:600;padding:.5rem 0}th,td{text-align:start;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}th{font-size:.85rem;white-space:nowrap}code{font-size:.85rem;overflow-wrap:anywhere}svg{width:100%;height:auto}rect{fill:var(--bar)}text{fill:currentColor;font-size:12px}summary{cursor:pointer}:focus-visible{outline:3px solid var(--bar)}';

const CHART = { width: 700, height: 180, top: 14, foot: 22 } as const;

/** Bars of the amounts by day, as an image with a text for screen readers. */
function chartOf({ rows }: Statement, { token }: StatementSum): string {
  const days = daysOfStatement(rows, token.mint);
  const most = days.reduce((sum, { amount }) => (amount > sum ? amount : sum), 0n);
  const [first, last] = [days[0], days.at(-1)];
  if (most === 0n || first === undefined || last === undefined) return '';
  const span = (last.dayMs - first.dayMs) / 86_400_000 + 1;
  const step = CHART.width / span;
  const room = CHART.height - CHART.top - CHART.foot;
  const bars = days.map(({ dayMs, amount }) => {
    const height = Math.max(1, Number((amount * BigInt(room * 100)) / most) / 100);
    const x = ((dayMs - first.dayMs) / 86_400_000) * step;
    const y = CHART.top + room - height;
    const told = `${dayOf(dayMs)}: ${amountText(amount, token)}`;
    return `<rect x="${x.toFixed(2)}" y="${y.toFixed(2)}" width="${Math.max(1, step * 0.8).toFixed(2)}" height="${height.toFixed(2)}"><title>${escaped(told)}</title></rect>`;
  });
  const label = `Shares by day, ${dayOf(first.dayMs)} to ${dayOf(last.dayMs)}; the most of one day is ${amountText(most, token)}.`;
  return `<figure><svg viewBox="0 0 ${CHART.width} ${CHART.height}" role="img" aria-label="${escaped(label)}">${bars.join('')}<text x="0" y="${CHART.height - 6}">${dayOf(first.dayMs)}</text><text x="${CHART.width}" y="${CHART.height - 6}" text-anchor="end">${dayOf(last.dayMs)}</text></svg><figcaption>${escaped(label)}</figcaption></figure>`;
}

const STATUS: Readonly<Record<string, string>> = {
  pending: 'owed',
  processing: 'being paid',
  paid: 'paid',
  failed: 'owed, waits for a person',
  voided: 'given up',
};

function rowOf(row: StatementRow): string {
  const { share, details, market, sentence } = row;
  const { token, amount, paid, netPnl, shareBps, voided } = share;
  const of = (each: bigint | null): string => (each === null ? '' : amountText(each, token));
  const why = voided === null ? '' : ` (${escaped(voided.reason)})`;
  const signatures = [...share.paidBy, ...share.creditedBy]
    .map((each) => `<code>${escaped(each)}</code>`)
    .join('<br>');
  const told =
    sentence === null
      ? ''
      : `<details><summary>How it was computed</summary><p>${escaped(sentence)}</p>${signatures === '' ? '' : `<p>Paid by ${signatures}</p>`}</details>`;
  const cells = [
    details?.closedAtMs == null ? `slot ${share.slot}` : timeOf(details.closedAtMs),
    escaped(market ?? (share.brought === null ? 'by account state' : 'brought')),
    of(netPnl),
    shareBps === null ? '' : `${shareBps / 100} %`,
    `${of(amount)}${told}`,
    of(paid),
    `${STATUS[share.status] ?? share.status}${why}`,
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

/** The page of a statement. `csvPath` is the path of the same rows as CSV. */
export function statementPage(statement: Statement, csvPath: string): string {
  const { link, rows, further } = statement;
  const sums = sumsOfStatement(rows);
  const title = link.of === 'subscriber' ? `Statement of ${link.id}` : `Earnings of ${link.id}`;
  const period = `${timeOf(link.sinceMs)} to ${timeOf(link.untilMs)} UTC`;
  const table = (caption: string, head: readonly string[], body: string): string =>
    `<div class="scroll"><table><caption>${caption}</caption><thead><tr>${head.map((each) => `<th scope="col">${each}</th>`).join('')}</tr></thead><tbody>${body}</tbody></table></div>`;
  const summed = sums.map(
    (each) =>
      `<tr>${[each.accrued, each.paid, each.open, each.voided].map((sum) => `<td>${amountText(sum, each.token)}</td>`).join('')}</tr>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)}</title>
<style>${STATEMENT_STYLE}</style>
<main><h1>${escaped(title)}</h1><p>${period}. This link ends on ${timeOf(link.expiresAtMs)} UTC. <a href="${csvPath}">The same as CSV</a></p>
${
  rows.length === 0
    ? '<p>No profit share was booked in this period.</p>'
    : `${table('Sums', ['Shares', 'Paid', 'Owed', 'Given up'], summed.join(''))}
${sums.map((each) => chartOf(statement, each)).join('')}
${table('Profit shares, the newest first', ['Closed (UTC)', 'Market', 'Net profit', 'Share', 'Amount', 'Paid', 'State'], rows.map(rowOf).join(''))}
${further === 0 ? '' : `<p>${further} further shares are not shown. Ask for a shorter period.</p>`}`
}
<h2>What the numbers are</h2><ul><li><strong>Net profit</strong>: what the venue's record of the close shows, less its fee and the fees of opening what was closed. Funding is no part of it.</li>
<li><strong>Amount</strong>: the share of it that the terms say, in force when the position was opened; earlier losses are made good first where the terms say so. Each row tells its computation.</li>
<li><strong>Paid</strong>: final on the Solana chain, by the transactions that the row names.</li></ul></main></html>`;
}
