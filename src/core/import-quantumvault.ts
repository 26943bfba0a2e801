// QuantumVault: turns a plain-text pg_dump of QuantumVault's tables into import rows. Columns are
// those of kynomatix/QuantumVault, shared/schema.ts, at e67a0fd4 (22 August 2026);
// docs/importing.md lists them. Agent keys are not in the rows: the dump holds them under
// QuantumVault's own envelopes.
import type { GivenRow } from './import-rows.ts';

type Cells = Readonly<Record<string, string | null>>;
type Tabled = { readonly line: number; readonly cells: Cells };
/** The rows of each table of a dump, by the table's name. */
export type Dump = ReadonlyMap<string, readonly Tabled[]>;

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
/** A cell of COPY text (PostgreSQL, COPY, File Formats): `\N` is null, a backslash escapes. */
const cellOf = (text: string): string | null =>
  text === '\\N' ? null : text.replace(/\\(.)/g, (_, each: string) => ESCAPES[each] ?? each);

/** Reads the COPY blocks of a plain-text pg_dump. */
export function dumpOf(text: string): Dump {
  const tables = new Map<string, Tabled[]>();
  let into: { rows: Tabled[]; columns: string[] } | null = null;
  for (const [index, each] of text.split('\n').entries()) {
    if (into === null) {
      const found = /^COPY (?:\w+\.)?"?(\w+)"? \((.+)\) FROM stdin;\r?$/.exec(each);
      if (found === null) continue;
      const [, table = '', columns = ''] = found;
      const rows = tables.get(table) ?? [];
      tables.set(table, rows);
      into = { rows, columns: columns.split(',').map((one) => one.trim().replaceAll('"', '')) };
    } else if (each.trimEnd() === '\\.') into = null;
    else {
      const cells = each.replace(/\r$/, '').split('\t').map(cellOf);
      const named = into.columns.map((column, at) => [column, cells[at] ?? null] as const);
      into.rows.push({ line: index + 1, cells: Object.fromEntries(named) });
    }
  }
  return tables;
}

const DECIMALS = 6;
/** A decimal with at most six places as base units, in text; null for another text. */
function baseUnits(text: string | null | undefined): string | null {
  const found = /^(-?)(\d{1,14})(?:\.(\d{1,6}))?$/.exec(text ?? '');
  if (found === null) return null;
  const [, sign, whole = '0', part = ''] = found;
  const units = BigInt(whole + part.padEnd(DECIMALS, '0'));
  return `${units === 0n ? '' : sign}${units}`;
}
/** A percentage with at most two places as basis points; null for another text. */
function bpsOf(percent: string | null | undefined): number | null {
  const found = /^(\d{1,3})(?:\.(\d{1,2}))?$/.exec(percent ?? '');
  return found === null ? null : Number((found[1] ?? '0') + (found[2] ?? '').padEnd(2, '0'));
}

const byId = (rows: readonly Tabled[] = [], column = 'id') =>
  new Map(rows.flatMap((each) => (each.cells[column] == null ? [] : [[each.cells[column], each]])));
const present = (cells: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(cells).filter(([, value]) => value !== null && value !== undefined),
  );

const TABLES = [
  'wallets',
  'trading_bots',
  'published_bots',
  'bot_subscriptions',
  'pending_profit_shares',
] as const;

/**
 * The remedy for a debt whose state keeps it from being brought; null for a debt that is brought.
 */
function notBrought({ status, protocol }: Cells): string | null {
  if (status === 'processing')
    return 'QuantumVault is paying this debt, or stopped while it did. Stop it, see on chain whether the creator was paid, set the row to paid or pending, and dump again.';
  if (protocol != null && protocol !== 'drift')
    return `It is owed at ${protocol}, which Bailiff does not serve. Settle it there.`;
  return null;
}

/** A subscription of a dump, whose bot, published bot and wallet are there. */
type Subscribed = {
  readonly line: number;
  readonly id: string;
  readonly botId: string;
  readonly active: boolean;
  readonly wallet: Tabled;
  readonly subAccountId: number;
  readonly creatorWallet: string | null;
  readonly shareBps: number | null;
};
/** The sub-account of a subscription, as a key. */
const placeOf = ({ wallet, subAccountId }: Subscribed): string =>
  `${wallet.cells.address} ${subAccountId}`;

/** The subscriptions that can be brought; `rows` gets the lines and problems of the others. */
function subscriptionsOf(
  dump: Dump,
  owing: ReadonlySet<string | null | undefined>,
  rows: GivenRow[],
): Subscribed[] {
  const wallets = byId(dump.get('wallets'), 'address');
  const bots = byId(dump.get('trading_bots'));
  const published = byId(dump.get('published_bots'));
  return (dump.get('bot_subscriptions') ?? []).flatMap(({ line, cells }): Subscribed[] => {
    const refused = (problem: string): [] => {
      rows.push({ line, problem });
      return [];
    };
    const botId = cells.subscriber_bot_id ?? '';
    const active = cells.status === 'active';
    // A subscription that has ended is brought only as far as something is still owed under it.
    if (!active && !owing.has(botId)) return [];
    const bot = bots.get(botId);
    const copied = published.get(cells.published_bot_id ?? '');
    const wallet = wallets.get(cells.subscriber_wallet_address ?? '');
    if (bot === undefined || copied === undefined || wallet === undefined)
      return refused('Its bot, its published bot or its wallet is not in the dump.');
    if (bot.cells.active_protocol !== 'drift')
      return refused(
        `Its bot trades at ${bot.cells.active_protocol}, which Bailiff does not serve.`,
      );
    const subAccountId = Number(bot.cells.drift_subaccount_id ?? Number.NaN);
    if (!Number.isInteger(subAccountId)) return refused('Its bot has no drift_subaccount_id.');
    const creatorWallet = copied.cells.creator_wallet_address ?? null;
    const shareBps = bpsOf(copied.cells.profit_share_percent);
    const found = { line, id: cells.id ?? '', botId, active, wallet, subAccountId };
    return [{ ...found, creatorWallet, shareBps }];
  });
}

/**
 * The subscription under which a debt to a creator is brought: the one that has the sub-account of
 * the bot. `own` are the subscriptions of the bot, and `brought` are those that are brought, by
 * sub-account. A text says why there is none.
 */
function debtorOf(
  { creator_wallet_address }: Cells,
  own: readonly Subscribed[],
  brought: ReadonlyMap<string, Subscribed>,
): Subscribed | string {
  const holder = own[0] === undefined ? undefined : brought.get(placeOf(own[0]));
  if (holder === undefined) return 'Its subscription is not in the dump, or not brought.';
  const isOwedTo = (each: Subscribed) => each.creatorWallet === creator_wallet_address;
  const earlier = isOwedTo(holder) ? undefined : own.find(isOwedTo);
  return earlier === undefined || earlier.active
    ? (earlier ?? holder)
    : `It is owed under subscription ${earlier.id}, which has ended. Its sub-account ${holder.subAccountId} has subscription ${holder.id} of another creator now, and Bailiff keeps one subscription for a sub-account. Pay the debt with QuantumVault before the cut-over.`;
}

/** The import rows of a dump. A row that cannot be brought has its line and the reason. */
export function quantumVaultRows(text: string): GivenRow[] {
  const dump = dumpOf(text);
  const missing = TABLES.filter((each) => !dump.has(each));
  if (missing.length > 0)
    return [{ line: 1, problem: `The dump lacks the tables ${missing.join(', ')}.` }];
  const rows: GivenRow[] = [];
  const debts = (dump.get('pending_profit_shares') ?? []).filter(
    ({ cells }) => cells.status !== 'paid' && cells.status !== 'voided',
  );
  const owing = new Set(debts.map(({ cells }) => cells.subscriber_bot_id));
  const all = subscriptionsOf(dump, owing, rows);
  // Of the subscriptions of one sub-account, the active one is brought. An ended one is brought
  // only where the sub-account has no active one.
  const brought = new Map<string, Subscribed>();
  for (const each of [...all.filter(({ active }) => active), ...all])
    if (!brought.has(placeOf(each))) brought.set(placeOf(each), each);
  const ofBot = Map.groupBy(all, ({ botId }) => botId);
  const subAccounts = new Map<string, { line: number; wallet: string; ids: Set<number> }>();
  for (const each of all) {
    const { line, id, active, wallet, subAccountId, creatorWallet, shareBps } = each;
    if (!active && brought.get(placeOf(each)) !== each) continue;
    const address = wallet.cells.address ?? '';
    const known = subAccounts.get(address) ?? {
      line: wallet.line,
      wallet: wallet.cells.agent_public_key ?? '',
      ids: new Set<number>(),
    };
    subAccounts.set(address, known);
    known.ids.add(subAccountId);
    rows.push({
      line,
      value: present({
        kind: 'subscription',
        id,
        subscriber: address,
        venue: 'drift-v2',
        subAccountId,
        creatorWallet,
        shareBps,
        open: active ? 'charged' : 'free',
        ended: active ? null : true,
      }),
    });
  }
  for (const [id, { line, wallet, ids }] of subAccounts)
    rows.push({
      line,
      value: {
        kind: 'subscriber',
        id,
        agentWallet: wallet,
        venue: 'drift-v2',
        subAccountIds: [...ids].sort((a, b) => a - b),
      },
    });
  for (const { line, cells } of debts) {
    const subscription =
      notBrought(cells) ?? debtorOf(cells, ofBot.get(cells.subscriber_bot_id ?? '') ?? [], brought);
    if (typeof subscription === 'string') {
      rows.push({ line, problem: subscription });
      continue;
    }
    rows.push({
      line,
      value: present({
        kind: 'debt',
        id: cells.id,
        subscriber: subscription.wallet.cells.address,
        subscription: subscription.id,
        creatorWallet: cells.creator_wallet_address,
        amount: baseUnits(cells.amount),
        netPnl: baseUnits(cells.realized_pnl),
        shareBps: bpsOf(cells.profit_share_percent),
        at: cells.created_at == null ? null : `${cells.created_at.slice(0, 19).replace(' ', 'T')}Z`,
        origin: `trade ${cells.trade_id}`,
      }),
    });
  }
  return rows;
}
