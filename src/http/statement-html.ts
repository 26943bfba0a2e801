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
import { amountText, type Token } from '../core/token.ts';
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
  ['funding', (row) => units(row.details?.funding, row)],
  ['net_profit', (row) => units(row.share.netPnl, row)],
  ['share_percent', ({ share }) => (share.shareBps === null ? '' : String(share.shareBps / 100))],
  ['token', ({ share }) => share.token.symbol],
  ['amount', (row) => units(row.share.amount, row)],
  ['paid', (row) => units(row.share.paid, row)],
  ['status', ({ share }) => share.status],
  ['close_signature', ({ share }) => share.signature ?? ''],
  ['paid_by', ({ share }) => [...share.paidBy, ...share.creditedBy].join(' ')],
];

export const STATEMENT_STYLE = `:root{color-scheme:light dark;--ink:light-dark(#1b1f24,#e6e8eb);--paper:light-dark(#fff,#14171a);--soft:light-dark(#f3f4f6,#1e2328);--line:light-dark(#d3d7dc,#363d45);--bar:light-dark(#2a78d6,#7db4f5);--link:light-dark(#1d5fb4,#7db4f5)}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word;max-width:80rem;margin:1.5rem auto;padding:0 1rem 3rem;color:var(--ink);background:var(--paper)}a{color:var(--link)}h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.75rem 0 .4rem}
.period{margin:.2rem 0 1rem}.sums{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;margin:1rem 0}.sums div{border:1px solid var(--line);border-radius:6px;padding:.5rem .75rem}.sums dt{font-size:.85rem}.sums dd{margin:0;font-size:1.2rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
figure{margin:1rem 0}figcaption{font-size:.9rem}svg{display:block;width:100%;height:9rem;border-bottom:1px solid var(--line);margin-top:.5rem}rect{fill:var(--bar)}.ends{display:flex;justify-content:space-between;font-size:.85rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}th,td{text-align:start;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}th{font-size:.85rem;white-space:nowrap}.number{text-align:end}.number,.whole,.short{white-space:nowrap}td:last-child{min-width:12rem;overflow-wrap:anywhere}details{text-align:start}details p{margin:.2rem 0;max-width:60ch;white-space:normal;overflow-wrap:anywhere}summary{cursor:pointer}code{font-size:.85rem;overflow-wrap:anywhere}dl.told dt{font-weight:600}dl.told dd{margin:0 0 .5rem}:focus-visible{outline:3px solid var(--link);outline-offset:2px}
@media (max-width:62rem){thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}table,tbody,tr,td{display:block}tr{border-bottom:1px solid var(--line);padding:.4rem 0}td{display:grid;grid-template-columns:6.5rem minmax(0,1fr);overflow-wrap:anywhere;gap:.75rem;border:none;padding:.1rem 0}td.number{text-align:start}td.number,td.whole{white-space:normal}td:last-child{min-width:0}td::before{content:attr(data-name);font-size:.85rem}}`;

/** A longer symbol is a mint without a symbol, and is shown shortened. */
const SYMBOL_MOST = 12;
/** An amount with its token, whose mint is shortened where it has no symbol. */
const tokenText = (amount: bigint, token: Token): string => {
  const { symbol } = token;
  const shown = symbol.length > SYMBOL_MOST ? `${symbol.slice(0, 4)}…${symbol.slice(-4)}` : symbol;
  return escaped(amountText(amount, { ...token, symbol: shown }));
};

const CHART = { width: 700, height: 144 } as const;
const DAY_MS = 86_400_000;
/** The widest bar, in the chart's own units, so that a short period has no blocks. */
const BAR_MOST = 24;

/**
 * Bars of the amounts by day: over the whole period when it has at most `DAYS_MOST` days, else from
 * the first day with a share to the last. An image with a text for screen readers.
 */
function chartOf({ link, rows }: Statement, { token }: StatementSum): string {
  const days = daysOfStatement(rows, token.mint);
  const most = days.reduce((sum, { amount }) => (amount > sum ? amount : sum), 0n);
  const [first, last] = [days[0], days.at(-1)];
  if (most === 0n || first === undefined || last === undefined) return '';
  const whole = (link.untilMs - link.sinceMs) / DAY_MS <= DAYS_MOST;
  const from = whole ? Math.floor(link.sinceMs / DAY_MS) * DAY_MS : first.dayMs;
  const to = whole ? Math.floor((link.untilMs - 1) / DAY_MS) * DAY_MS : last.dayMs;
  const step = CHART.width / ((to - from) / DAY_MS + 1);
  const width = Math.max(1, Math.min(step * 0.8, BAR_MOST));
  const bars = days.map(({ dayMs, amount }) => {
    const height = Math.max(1, Number((amount * BigInt(CHART.height * 100)) / most) / 100);
    const x = ((dayMs - from) / DAY_MS) * step + (step - width) / 2;
    const told = `${dayOf(dayMs)}: ${tokenText(amount, token)}`;
    return `<rect x="${x.toFixed(2)}" y="${(CHART.height - height).toFixed(2)}" width="${width.toFixed(2)}" height="${height.toFixed(2)}"><title>${told}</title></rect>`;
  });
  const label = `Shares by day of the close; the largest day has ${tokenText(most, token)}.`;
  return `<figure><figcaption>${label}</figcaption><svg viewBox="0 0 ${CHART.width} ${CHART.height}" preserveAspectRatio="none" role="img" aria-label="${label}">${bars.join('')}</svg><div class="ends"><span>${dayOf(from)}</span><span>${dayOf(to)}</span></div></figure>`;
}

/** The longest period whose empty days before and after the shares are drawn, too. */
const DAYS_MOST = 366;

const STATUS: Readonly<Record<string, string>> = {
  pending: 'owed',
  processing: 'being paid',
  paid: 'paid',
  failed: 'owed, waits for a person',
  voided: 'given up',
};

/** `whole` stays on one line, and so does `number`, which stands at the right. */
type Cell = readonly [name: string, html: string, kind?: 'number' | 'whole'];
const short = (wallet: string): string =>
  `<code class="short" title="${escaped(wallet)}">${escaped(`${wallet.slice(0, 6)}…${wallet.slice(-4)}`)}</code>`;

/** A paragraph with the funding of a share's part; nothing where it is not known. */
function fundingOf({ share, details }: StatementRow): string {
  const funding = details?.funding ?? null;
  if (funding === null) return '';
  const paid = funding < 0n;
  return `<p>Funding ${paid ? 'paid' : 'received'} while it was open: ${tokenText(paid ? -funding : funding, share.token)}, no part of the profit.</p>`;
}

/** The market of a close, by number where the venue gives it no name; else why there is none. */
function marketOf({ share, details, market }: StatementRow): string {
  if (market !== null) return escaped(market);
  if (share.brought !== null) return 'brought';
  return details?.trade == null ? 'by account state' : `market ${details.trade.market}`;
}

/** The cells of a share. A creator's page names neither the subscriber nor other recipients. */
function cellsOf(row: StatementRow, of: StatementLink['of']): readonly Cell[] {
  const { share, details, sentence } = row;
  const { token, amount, paid, netPnl, shareBps, voided } = share;
  const units = (each: bigint | null): string => (each === null ? '' : tokenText(each, token));
  const why = voided === null ? '' : ` (${escaped(voided.reason)})`;
  const signatures = [...share.paidBy, ...share.creditedBy]
    .map((each) => `<code>${escaped(each)}</code>`)
    .join('<br>');
  const computed = sentence === null ? '' : `<p>${escaped(sentence)}</p>${fundingOf(row)}`;
  const paidBy = signatures === '' ? '' : `<p>Paid by ${signatures}</p>`;
  const summary = sentence === null ? 'How it was paid' : 'How it was computed';
  const told =
    computed + paidBy === ''
      ? ''
      : `<details><summary>${summary}</summary>${computed}${paidBy}</details>`;
  const to = share.label === null ? short(share.creatorWallet) : escaped(share.label);
  return [
    [
      'Closed (UTC)',
      details?.closedAtMs == null ? `slot ${share.slot}` : timeOf(details.closedAtMs),
    ],
    ['Market', marketOf(row), 'whole'],
    ...(of === 'subscriber' ? [['To', to] as const] : []),
    ['Net profit', units(netPnl), 'number'],
    ['Share', shareBps === null ? '' : `${shareBps / 100} %`, 'number'],
    ['Amount', units(amount), 'number'],
    ['Paid', units(paid), 'number'],
    ['State', `${STATUS[share.status] ?? share.status}${why}${told}`],
  ];
}
const classOf = (kind: Cell[2]): string => (kind === undefined ? '' : ` class="${kind}"`);

function tableOf({ link, rows }: Statement): string {
  const all = rows.map((row) => cellsOf(row, link.of));
  const head = (all[0] ?? []).map(
    ([name, , kind]) => `<th role="columnheader" scope="col"${classOf(kind)}>${name}</th>`,
  );
  const body = all.map(
    (cells) =>
      `<tr role="row">${cells.map(([name, html, kind]) => `<td role="cell" data-name="${name}"${classOf(kind)}><span>${html}</span></td>`).join('')}</tr>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-labelledby="shares"><table role="table"><caption>Profit shares, the newest first</caption><thead role="rowgroup"><tr role="row">${head.join('')}</tr></thead><tbody role="rowgroup">${body.join('')}</tbody></table></div>`;
}

const sumsOf = ({ token, ...sum }: StatementSum): string =>
  `<dl class="sums">${(
    [
      ['Shares', sum.accrued],
      ['Paid', sum.paid],
      ['Owed', sum.open],
      ['Given up', sum.voided],
    ] as const
  )
    .map(([name, of]) => `<div><dt>${name}</dt><dd>${tokenText(of, token)}</dd></div>`)
    .join('')}</dl>`;

/** The explanation of each number on the page, in the order of the page. */
const TOLD = [
  [
    'Shares',
    'The sum of the amounts of all closes in the period. Paid, owed and given up add up to it.',
  ],
  [
    'Net profit',
    "What the venue's record of the close shows, less its fee and the fees of opening what was closed. Funding is no part of it; a row tells it where it is known.",
  ],
  ['Share', 'The part of the profit that the terms give, in force when the position was opened.'],
  [
    'Amount',
    'That part of the profit, after what the terms leave out: a hurdle, a cap, earlier losses that are made good first. It is rounded down to the smallest unit of the token, and the rest counts for the next close. Each of the newest 200 rows tells its computation.',
  ],
  ['Paid', 'Final on the Solana chain, by the transactions that the row names.'],
  ['Owed', 'Not paid yet. It is paid as soon as the account and the fees allow.'],
  ['Given up', 'Ended unpaid, by the terms or by the platform; the row says why.'],
] as const;

/** The period in words: whole days as days, else times. */
function periodOf({ sinceMs, untilMs }: StatementLink): string {
  const whole = sinceMs % DAY_MS === 0 && untilMs % DAY_MS === 0;
  return whole
    ? `Closes of ${dayOf(sinceMs)} up to and including ${dayOf(untilMs - DAY_MS)}, UTC.`
    : `Closes of ${timeOf(sinceMs)} to ${timeOf(untilMs)} UTC.`;
}

const pageOf = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escaped(title)}</title>
<style>${STATEMENT_STYLE}</style>
<main>${body}</main></html>`;

/** The page for a person whose link opens nothing. `why` is the sentence of the problem. */
export const noStatementPage = (why: string): string =>
  pageOf('No statement', `<h1>No statement</h1><p>${escaped(why)}</p>`);

/** The page of a statement. `csvPath` is the path of the same rows as CSV. */
export function statementPage(statement: Statement, csvPath: string): string {
  const { link, rows, further } = statement;
  const sums = sumsOfStatement(rows);
  const title = link.of === 'subscriber' ? `Statement of ${link.id}` : `Earnings of ${link.id}`;
  const told = TOLD.map(([name, what]) => `<dt>${name}</dt><dd>${what}</dd>`).join('');
  return pageOf(
    title,
    `<h1>${escaped(title)}</h1><p class="period">${periodOf(link)} <a href="${csvPath}">Download as CSV</a>. This page can be opened until ${timeOf(link.expiresAtMs)} UTC.</p>
${
  rows.length === 0
    ? '<p>No profit share was booked in this period.</p>'
    : `${sums.map((each) => `${sumsOf(each)}${chartOf(statement, each)}`).join('')}
<h2 id="shares">Profit shares, the newest first</h2>${tableOf(statement)}
${further === 0 ? '' : `<p>Further shares that are not shown, and that the sums leave out: ${further}. Ask for a shorter period.</p>`}`
}
<h2>What the numbers are</h2><dl class="told">${told}</dl>`,
  );
}
