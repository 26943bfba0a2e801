// Debts: the commands that show debts, and the acts of an operator on them. They change the ledger;
// running daemons see the change at their next reading of it.

import { type Command, Option } from 'commander';
import type { ProfitShare } from '../core/debt-ports.ts';
import { explanationOf } from '../core/explain.ts';
import { Fault } from '../core/fault.ts';
import { formatUnits } from '../core/money.ts';
import { SHARE_STATUSES, type Voiding } from '../core/share.ts';
import { judge } from '../core/standing.ts';
import type { ShareDetails } from '../core/statement-ports.ts';
import { isoTime } from '../core/time.ts';
import { amountsText, amountText, sumsOf, type Token } from '../core/token.ts';
import { marketNameAt } from '../core/venue.ts';
import type { Parts } from '../daemon-parts.ts';
import { createBooks } from '../flows/books-comparison.ts';
import { createEndings, type Endings } from '../flows/ending.ts';
import { type Opened, reasoned, type Tools } from './command-tools.ts';
import { dated, type ListOptions, listed, periodIn, showList } from './lists.ts';
import { type Output, table } from './output.ts';
import { untilNothingFlies } from './rebuild.ts';

async function explainShare({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const explained = await explanationOf(ledger.shares, id);
  if (explained === null) {
    output.result({ share: id, found: false }, [`There is no profit share ${id}.`]);
    return 1;
  }
  const { sentence, steps } = explained;
  output.result({ share: id, sentence, steps }, [
    sentence,
    ...table(steps.map((each) => [`  ${each.name}`, each.value, each.formula])),
  ]);
  return 0;
}

/**
 * What ends debts or makes them payable, on books of its own that are held against the chain. With
 * `wait` it first waits until the database is whole for this process: where the database was
 * replaced, or does not tell its timeline, until nothing that was signed before can land any more.
 */
async function endingsOf(
  { parts, log }: Opened,
  { output, clock }: Pick<Tools, 'output' | 'clock'>,
  wait: boolean,
): Promise<Endings> {
  const books = createBooks({ ...parts, log });
  for (let broken = await books.doubt(); broken !== null; broken = await books.doubt()) {
    if (!wait)
      throw new Fault(
        'books_behind',
        `${broken.detail} With --wait this command waits for that, and goes on once ledger and chain agree.`,
      );
    await untilNothingFlies(parts, clock, output());
  }
  return createEndings({ ...parts, books, clock, log });
}

/** Adds --wait to a command that needs books which agree with the chain. */
const waiting = (command: Command): Command =>
  command.option(
    '--wait',
    'on a database that was replaced or does not tell its timeline: wait 182 blocks, then compare with the chain',
  );
type Waiting = { readonly wait?: boolean };

/**
 * Ends one debt unpaid. Returns exit code 1 when the debt is not open, or a payment of it is on its
 * way.
 */
async function voidShare(
  opened: Opened,
  tools: Pick<Tools, 'output' | 'clock'>,
  id: string,
  voiding: Voiding,
  wait: boolean,
): Promise<number> {
  const { ledger } = opened.parts;
  const known = await ledger.shares.find(id);
  const done =
    known !== null && (await (await endingsOf(opened, tools, wait)).void(known, voiding));
  if (done) await ledger.standings.update(known.subscriberId, judge);
  const status = (await ledger.shares.find(id))?.status ?? 'unknown here';
  tools
    .output()
    .result({ share: id, voided: done, status }, [
      done
        ? `${id} is voided: ${voiding.reason}`
        : `${id} is ${status}; only a debt that waits can be voided.`,
    ]);
  return done ? 0 : 1;
}

async function retryShare({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const done = await ledger.shares.retry(id);
  output.result({ share: id, due: done }, [
    done ? `${id} is due now.` : `${id} is not a debt that waits.`,
  ]);
  return done ? 0 : 1;
}

/**
 * Ends every open debt of a subscriber that no payment is on its way for. Returns exit code 1 when
 * there is none.
 */
async function forgive(
  opened: Opened,
  tools: Pick<Tools, 'output' | 'clock'>,
  subscriber: string,
  voiding: Voiding,
  wait: boolean,
): Promise<number> {
  const { ledger } = opened.parts;
  const endings = await endingsOf(opened, tools, wait);
  const forgiven: { share: string; left: bigint; token: Token }[] = [];
  for (const each of await ledger.shares.open(subscriber))
    if (await endings.void(each, voiding))
      forgiven.push({ share: each.id, left: each.amount - each.paid, token: each.token });
  // Judged here, the subscriber does not wait for the daemons' next round.
  if (forgiven.length > 0) await ledger.standings.update(subscriber, judge);
  const total = sumsOf(forgiven.map((each) => ({ ...each.token, amount: each.left })));
  tools
    .output()
    .result({ subscriber, forgiven, total }, [
      forgiven.length === 0
        ? `${subscriber} has no open debt that can be ended; a payment that is on its way must end first.`
        : `${amountsText(total)} in ${forgiven.length} shares are forgiven, and the standing of ${subscriber} is judged again.`,
    ]);
  return forgiven.length === 0 ? 1 : 0;
}

/**
 * Makes debts payable that were booked in mode observe. A second run finds none. Returns exit code
 * 1 when debts of some subscribers have to wait.
 */
async function adopt(
  opened: Opened,
  tools: Pick<Tools, 'output' | 'clock'>,
  fromSlot: number,
  reason: string,
  wait: boolean,
): Promise<number> {
  const { ledger } = opened.parts;
  const { adopted, waiting: behind } = await (await endingsOf(opened, tools, wait)).adopt(fromSlot);
  const left = sumsOf(adopted.map((each) => ({ ...each.token, amount: each.left })));
  const still = await ledger.shares.observed();
  tools
    .output()
    .result({ fromSlot, reason, adopted, left, still, waiting: behind }, [
      adopted.length === 0
        ? `No debt of a close in slot ${fromSlot} or later waits to be adopted.`
        : `${adopted.length} debts of ${amountsText(left)} are payable now; daemons in mode settle pay them within seconds.`,
      ...(still.count === 0
        ? []
        : [
            `${still.count} debts of ${amountsText(still.left)} stay observed. Void those of earlier slots once they are settled elsewhere.`,
          ]),
      ...behind.map((each) => `${each.subscriberId} waits: ${each.reason}`),
    ]);
  return behind.length === 0 ? 0 : 1;
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
  const usdc = (amount: bigint | null | undefined): string =>
    amount == null ? '' : formatUnits(amount);
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
    ['entry', ({ id }) => usdc(trade(id)?.entry)],
    ['exit', ({ id }) => usdc(trade(id)?.exit)],
    ['closing_fee', ({ id }) => usdc(trade(id)?.closingFee)],
    ['opening_fee', ({ id }) => usdc(detailsOf(id)?.openingFee)],
    ['funding', ({ id }) => usdc(detailsOf(id)?.funding)],
    ['net_pnl', ({ netPnl }) => usdc(netPnl)],
    ['share_bps', ({ shareBps }) => String(shareBps ?? '')],
    ['token', ({ token }) => token.symbol],
    ['amount', ({ amount }) => usdc(amount)],
    ['paid', ({ paid }) => usdc(paid)],
    ['credited', ({ credited }) => usdc(credited)],
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
    head: ['SHARE', 'CLOSED', 'SUBSCRIBER', 'MARKET', 'OWED', 'PAID', 'STATUS', 'WHY'],
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
  waiting(reasoned(shares.command('void <share>').description('end a debt unpaid'))).action(
    (id: string, { reason, wait = false }: { reason: string } & Waiting) =>
      tools.act('shares void', { share: id, reason }, (opened) =>
        voidShare(opened, tools, id, { reason, ...tools.byWhom() }, wait),
      ),
  );
  const forgiving = shares
    .command('forgive <subscriber>')
    .description('end every open debt of a subscriber, unpaid');
  waiting(reasoned(forgiving)).action(
    (id: string, { reason, wait = false }: { reason: string } & Waiting) =>
      tools.act('shares forgive', { id, reason }, (opened) =>
        forgive(opened, tools, id, { reason, ...tools.byWhom() }, wait),
      ),
  );
  const adopting = program
    .command('adopt')
    .description('make debts payable that were booked in mode observe')
    .requiredOption('--from-slot <slot>', 'debts of closes in this slot and later');
  type Adopting = { readonly fromSlot: string; readonly reason: string } & Waiting;
  waiting(reasoned(adopting)).action(({ fromSlot, reason, wait = false }: Adopting) => {
    if (!/^\d{1,15}$/.test(fromSlot)) {
      tools
        .output()
        .result({ fromSlot }, [`--from-slot is a slot, a whole number; got: ${fromSlot}`]);
      return tools.exitWith(2);
    }
    return tools.act('adopt', { fromSlot, reason }, (opened) =>
      adopt(opened, tools, Number(fromSlot), reason, wait),
    );
  });
}
