// Debts: the commands that show debts, and the one that tries a debt now. debt-endings.ts has those
// that end debts.

import { type Command, Option } from 'commander';
import { explanationOf } from '../core/explain.ts';
import { formatUnits } from '../core/money.ts';
import type { ProfitShare } from '../core/profit-share.ts';
import { notRetriedBecause, SHARE_STATUSES } from '../core/share.ts';
import type { ShareDetails } from '../core/statement-ports.ts';
import { isoTime } from '../core/time.ts';
import { amountText } from '../core/token.ts';
import { marketNameAt } from '../core/venue.ts';
import type { Parts } from '../daemon-parts.ts';
import type { Tools } from './command-tools.ts';
import { addDebtEndings } from './debt-endings.ts';
import { dated, type ListOptions, listed, periodIn, showList } from './lists.ts';
import { type Output, table } from './output.ts';

/**
 * The row of the funding of a share's part, in quote base units. No other step of the computation
 * uses that figure.
 */
const fundingRow = (funding: bigint | null): readonly string[] => [
  '  funding',
  funding === null ? 'not known' : funding.toString(),
  funding === null
    ? 'account state has not been checked since the close, or the records do not tell it (ADR 110)'
    : 'paid to this part while it was open, negative when it paid; no part of the profit',
];

async function explainShare(
  { ledger, statements }: Parts,
  output: Output,
  id: string,
): Promise<number> {
  const explained = await explanationOf(ledger.shares, id);
  if (explained === null) {
    output.result({ share: id, found: false }, [`There is no profit share ${id}.`]);
    return 1;
  }
  const { sentence, steps } = explained;
  const { trade = null, funding = null } = (await statements.shares([id])).get(id) ?? {};
  output.result({ share: id, sentence, steps, funding }, [
    sentence,
    ...table([
      ...steps.map((each) => [`  ${each.name}`, each.value, each.formula]),
      // A brought debt has no close, and behind a cut log the parts of a close are not known.
      ...(trade === null ? [] : [fundingRow(funding)]),
    ]),
  ]);
  return 0;
}

async function retryShare({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const done = await ledger.shares.retry(id);
  const known = done ? null : await ledger.shares.find(id);
  output.result({ share: id, due: done }, [
    done
      ? `${id} is due now.`
      : known === null
        ? `There is no profit share ${id}.`
        : notRetriedBecause(known),
  ]);
  return done ? 0 : 1;
}

/** Shares whose details are read in one query. */
const DETAILS_AT_ONCE = 500;
const BASE_DECIMALS = 9;
const WHY_LENGTH = 60;

/**
 * The cell WHY of a share: for a voided one who ended it, when and why; else the code of its
 * reason.
 */
function whyOf({ voided, observed, reason }: ProfitShare): string {
  if (voided !== null) {
    const who = voided.person ?? voided.actor;
    return `by ${who} on ${isoTime(voided.atMs)}: ${voided.reason}`.slice(0, 2 * WHY_LENGTH);
  }
  return observed ? 'observed' : (reason?.code ?? '');
}

type ShareFilter = {
  subscriber?: string;
  subscription?: string;
  creator?: string;
  status?: ProfitShare['status'];
};

/** Everything that a statement of shares shows, as columns of CSV. */
const shareColumns = (
  detailsOf: (id: string) => ShareDetails | undefined,
  marketName: (trade: ShareDetails['trade']) => string,
): readonly (readonly [string, (share: ProfitShare) => string])[] => {
  const trade = (id: string): ShareDetails['trade'] => detailsOf(id)?.trade ?? null;
  const units = (amount: bigint | null | undefined, { token }: ProfitShare): string =>
    amount == null ? '' : formatUnits(amount, token.decimals);
  const base = (amount: bigint | null | undefined): string =>
    amount == null ? '' : formatUnits(amount, BASE_DECIMALS);
  const time = (ms: number | null | undefined): string => (ms == null ? '' : isoTime(ms));
  return [
    ['share', ({ id }) => id],
    ['closed_at', ({ id }) => time(detailsOf(id)?.closedAtMs)],
    ['slot', ({ slot }) => String(slot)],
    ['subscriber', ({ subscriberId }) => subscriberId],
    ['subscription', ({ subscriptionId }) => subscriptionId],
    ['creator_wallet', ({ creatorWallet }) => creatorWallet],
    ['market', ({ id }) => String(trade(id)?.market ?? '')],
    ['market_name', ({ id }) => marketName(trade(id))],
    ['position', ({ id }) => trade(id)?.position ?? ''],
    ['base', ({ id }) => base(trade(id)?.base)],
    ['share_base', ({ id }) => base(detailsOf(id)?.base)],
    ['entry', (each) => units(trade(each.id)?.entry, each)],
    ['exit', (each) => units(trade(each.id)?.exit, each)],
    ['closing_fee', (each) => units(trade(each.id)?.closingFee, each)],
    ['opening_fee', (each) => units(detailsOf(each.id)?.openingFee, each)],
    ['funding', (each) => units(detailsOf(each.id)?.funding, each)],
    ['net_pnl', (each) => units(each.netPnl, each)],
    ['share_bps', ({ shareBps }) => String(shareBps ?? '')],
    ['recipient', ({ recipient, label }) => label ?? String(recipient)],
    ['token', ({ token }) => token.symbol],
    ['amount', (each) => units(each.amount, each)],
    ['paid', (each) => units(each.paid, each)],
    ['credited', (each) => units(each.credited, each)],
    ['status', ({ status }) => status],
    ['why', whyOf],
    ['close_signature', ({ signature }) => signature ?? ''],
    ['brought_as', ({ brought }) => brought?.id ?? ''],
    ['paid_by', ({ paidBy, creditedBy }) => [...paidBy, ...creditedBy].join(' ')],
  ];
};

function listShares(parts: Parts, output: Output, given: ShareFilter & ListOptions) {
  const { ledger, statements, venues } = parts;
  const marketName = (trade: ShareDetails['trade']): string =>
    trade === null ? '' : (marketNameAt(venues, trade) ?? '');
  let details: ReadonlyMap<string, ShareDetails> = new Map();
  return showList(ledger, output, given, {
    list: 'shares',
    filter: {
      subscriberId: given.subscriber,
      subscriptionId: given.subscription,
      creatorWallet: given.creator,
      status: given.status,
      ...periodIn(given),
    },
    turn: 'before',
    head: ['SHARE', 'CLOSED', 'SUBSCRIBER', 'TO', 'MARKET', 'OWED', 'PAID', 'STATUS', 'WHY'],
    async prepare(rows) {
      const found = new Map<string, ShareDetails>();
      for (let from = 0; from < rows.length; from += DETAILS_AT_ONCE) {
        const ids = rows.slice(from, from + DETAILS_AT_ONCE).map((each) => each.id);
        for (const [id, each] of await statements.shares(ids)) found.set(id, each);
      }
      details = found;
    },
    cells(each) {
      const { closedAtMs = null, trade = null } = details.get(each.id) ?? {};
      return [
        each.id,
        closedAtMs === null ? '' : isoTime(closedAtMs).slice(0, 19),
        each.subscriberId,
        each.label ?? `${each.creatorWallet.slice(0, 4)}…${each.creatorWallet.slice(-4)}`,
        each.brought !== null
          ? 'brought'
          : trade === null
            ? 'by state'
            : marketName(trade) || String(trade.market),
        amountText(each.amount, each.token),
        amountText(each.paid, each.token),
        each.status,
        whyOf(each),
      ];
    },
    document: (each) => ({ ...each, ...details.get(each.id) }),
    csv: shareColumns((id) => details.get(id), marketName),
  });
}

/** Adds the commands `shares list`, `shares explain` and `shares retry`. */
export function addDebts(program: Command, tools: Tools): void {
  const shares = program.command('shares').description('debts of subscribers to creators');
  dated(
    listed(
      shares.command('list', { isDefault: true }).description('profit shares, the newest first'),
      'before',
    ),
  )
    .option('--subscriber <id>')
    .option('--subscription <id>')
    .option('--creator <wallet>')
    .addOption(new Option('--status <status>').choices(SHARE_STATUSES))
    .action((given: ShareFilter & ListOptions) =>
      tools.look(({ parts }) => listShares(parts, tools.output(), given)),
    );
  shares
    .command('explain <share>')
    .description('how the amount of a share was computed, step by step')
    .action((id: string) => tools.look(({ parts }) => explainShare(parts, tools.output(), id)));
  shares
    .command('retry <share>')
    .description('try a debt now, including one that waits for a person')
    .action((id: string) =>
      tools.act('shares retry', { share: id }, ({ parts }) =>
        retryShare(parts, tools.output(), id),
      ),
    );
  addDebtEndings(program, shares, tools);
}
