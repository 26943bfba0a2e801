// History: walks the transactions of an account, page by page, newest first. A row at or below the
// asked slot ends a walk. An empty page ends it only when its node keeps the slots in question:
// behind one URL there may be several nodes, and one that was pruned or has just started returns
// empty pages as well.

import type { Connection } from '@solana/web3.js';
import type { SignatureRow } from '../core/chain-ports.ts';
import type { Commitment } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { askNode, countOf, itemsOf, membersOf, textOf } from './question.ts';
import { askWithReach, type Reach, reachOf, type Span } from './reach.ts';
import { asking } from './rpc.ts';
import type { Question } from './rpc-batch.ts';
import { tellerOf, toldBy } from './teller.ts';

const PAGE = 1_000;
/** After this many answers in a row without evidence, the walk is given up for now. */
const TRIES = 3;
/**
 * The number of empty pages in a row that end a walk where every provider refuses batches. The
 * pages are asked of both providers in turn, if there are two, and after each page the node is
 * asked how far back it remembers. Every request may go to another node. Where a part p of the
 * nodes has pruned, a walk ends too early only if a pruned node gives each of the empty pages and a
 * node with the whole history answers each of the questions: (p(1 - p))^8, one in 65,000 at most.
 */
const ENDS_APART = 8;
/** The number of accounts for which a slot with history is remembered. */
const REMEMBERED_MOST = 200_000;

/** A page to ask for: the account's transactions before a row, newest first. */
export type PageOf = {
  readonly account: Address;
  readonly before: Row | undefined;
  readonly seenSlot: Slot;
  readonly commitment: Commitment;
};
type Row = {
  readonly signature: string;
  readonly slot: Slot;
  readonly blockIndex: number | null;
  readonly memo: string | null;
  readonly err: unknown;
};
type Page = readonly Row[];

const optionsOf = ({ before, seenSlot }: PageOf) => ({
  limit: PAGE,
  minContextSlot: seenSlot,
  ...(before === undefined ? {} : { before: before.signature }),
});

/** A row of an answer. Throws for a value that is none. */
function rowOf(value: unknown): Row {
  const row = membersOf(value, 'a row of the history');
  const { signature, slot, transactionIndex: index, memo, err } = row;
  return {
    signature: textOf(signature, 'signature'),
    slot: countOf(slot, 'slot'),
    blockIndex: typeof index === 'number' ? index : null,
    memo: memo == null ? null : textOf(memo, 'memo'),
    err: err ?? null,
  };
}

const METHOD = 'getSignaturesForAddress';
/**
 * The rows of an answer. Throws an Error for an answer that is no page, and for one that contains
 * the row before which it should begin, or begins above its slot: the walk would have no end. Rows
 * of one slot may stand on two pages.
 */
export function rowsOf(value: unknown, { before }: PageOf): Page {
  const rows = itemsOf(value, 'the history').map(rowOf);
  const [first] = rows;
  if (before === undefined || first === undefined) return rows;
  if (first.slot > before.slot || rows.some((row) => row.signature === before.signature))
    throw new Error(`the page does not begin before ${before.signature}`);
  return rows;
}

/** Reads one page. Throws `rpc_unavailable`, also when the node has not seen `seenSlot`. */
export const askPage = (connection: Connection, page: PageOf): Promise<Page> =>
  asking(METHOD, async () => {
    const { method, params } = pageQuestion(page);
    const told = await askNode(connection, method, params);
    return toldBy(rowsOf(told, page), tellerOf(told));
  });
const askFirst = (connection: Connection): Promise<Slot> =>
  asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock());

/** The same page as a question of a batch. */
export const pageQuestion = (page: PageOf): Question => ({
  method: METHOD,
  params: [page.account, { ...optionsOf(page), commitment: page.commitment }],
});
/** A page, and the reach of the node that returned it. `sure` when one node certainly gave both. */
export type Told = Reach & { readonly page: Page; readonly sure: boolean };

/**
 * Reads a page together with the node's reach: its first available block, and its blocks after
 * `afterSlot` where that is given. Where the provider refuses batches, the first available block is
 * asked for after the page.
 */
export async function askPageAndReach(
  connection: Connection,
  page: PageOf,
  afterSlot: Slot = page.seenSlot,
  nth = 0,
): Promise<Told> {
  const span = { afterSlot, seenSlot: page.seenSlot };
  const told = await askWithReach(connection, [pageQuestion(page)], span, nth);
  const rows = told?.answers[0];
  if (told !== null && Array.isArray(rows))
    return {
      ...told.reach,
      page: toldBy(await asking(METHOD, async () => rowsOf(rows, page)), tellerOf(rows)),
      sure: true,
    };
  const read = await askPage(connection, page);
  return { page: read, first: await askFirst(connection), blocks: null, sure: false };
}

/**
 * For each account a slot with finalized history that was seen before. A node that keeps this slot
 * must show that history again.
 */
export type Remembered = Map<Address, Slot>;

export type History = {
  /** Where pages are asked for: one provider, or a pool with both. */
  readonly connection: Connection;
  /** The first provider alone, in a history of both; absent for one of a single provider. */
  readonly first?: Connection;
  /**
   * A second provider, which must show the same end when the first one refuses batches; null when
   * none is set. Where the second gave the page itself, the first one must show it.
   */
  readonly second: Connection | null;
  readonly remembered: Remembered;
  /** The number of rows of one history that are held in memory at once. */
  readonly rowsMost: number;
};

/** Why an empty page does not end the history, by what its node says; null when it may. */
function whyNoEnd({ first }: Told, afterSlot: Slot, known: Slot | undefined): string | null {
  if (first > afterSlot + 1)
    return `this node's history begins at slot ${first}, and the history after slot ${afterSlot} is asked for`;
  if (known !== undefined && known <= afterSlot && known >= first)
    return `this node keeps slots from ${first} on, and does not show the transactions of slot ${known}`;
  return null;
}

/** Why an empty page of a node that does not show the blocks after a slot ends no history. */
const whyUnreached = ({ first }: Reach, afterSlot: Slot): string =>
  `this node names block ${first} as its first, and does not show the block after slot ${afterSlot}`;

/**
 * Called after an empty page. Returns the page that another node has, or an empty one when the
 * history certainly ends there. Throws `rpc_unavailable` when no node gives evidence.
 */
async function atTheEnd(history: History, asked: PageOf, afterSlot: Slot): Promise<Page> {
  const { connection, first = connection, second, remembered } = history;
  const known = remembered.get(asked.account);
  const span: Span = { afterSlot, seenSlot: asked.seenSlot };
  let why: string | null = null;
  let ends = 0;
  let window = 0;
  for (let misses = 0; misses < TRIES; ) {
    const told = await askPageAndReach(connection, asked, afterSlot, window);
    if (told.page.length > 0) return told.page;
    why = whyNoEnd(told, afterSlot, known);
    // One node behind the URL has pruned. Another node may have answered how far back it remembers,
    // so empty pages prove nothing.
    if (why !== null && ends > 0) break;
    misses += why === null ? 0 : 1;
    if (why !== null) continue;
    const reached = await reachOf(connection, told, span, window);
    if (reached === 'wider') window++;
    else if (reached === 'no') {
      why = whyUnreached(told, afterSlot);
      misses++;
    } else if (told.sure && reached !== 'elsewhere') return [];
    else if (second !== null) {
      const witness = tellerOf(told.page) === second ? first : second;
      const other = await askPageAndReach(witness, asked, afterSlot);
      if (other.page.length > 0) return other.page;
      why = whyNoEnd(other, afterSlot, known);
      const theirs = why === null ? await reachOf(witness, other, span, 0) : null;
      if (theirs === 'no') why = whyUnreached(other, afterSlot);
      else if (other.sure && (theirs === 'shown' || theirs === 'believed')) return [];
      if (why === null) ends += 2;
      else if (ends > 0) break;
      else misses++;
    } else ends++;
    if (ends >= ENDS_APART) return [];
  }
  throw new Fault(
    'rpc_unavailable',
    `getSignaturesForAddress: ${why ?? 'no node is known to have the whole history'}`,
  );
}

/**
 * Walks an account's history from the newest row down to a slot, and returns the rows above that
 * slot, oldest first. The walk ends at a row at or below the slot, or at an empty page of a node
 * that keeps the slots in question; a short page does not end it. Throws `rpc_unavailable`
 * otherwise. Of a longer history the oldest `rowsMost` rows are returned, the last with `goesOn`:
 * strangers can write any number of transactions to an account, and memory must not depend on it.
 */
export async function walk(
  history: History,
  account: Address,
  afterSlot: Slot,
  seenSlot: Slot,
  commitment: Commitment,
): Promise<SignatureRow[]> {
  const { rowsMost, remembered } = history;
  // Newest first.
  let rows: SignatureRow[] = [];
  let cut = false;
  const oldest = (): SignatureRow[] => {
    const kept = rows.slice(-rowsMost).reverse();
    const last = kept.at(-1);
    if (last !== undefined && (cut || rows.length > rowsMost))
      kept[kept.length - 1] = { ...last, goesOn: true };
    return kept;
  };
  const remember = (slot: Slot): void => {
    if (commitment !== 'finalized') return;
    if (remembered.size >= REMEMBERED_MOST && !remembered.has(account)) remembered.clear();
    remembered.set(account, slot);
  };
  let before: Row | undefined;
  for (;;) {
    const asked: PageOf = { account, before, seenSlot, commitment };
    let page = await askPage(history.connection, asked);
    if (page.length === 0) page = await atTheEnd(history, asked, afterSlot);
    const last = page.at(-1);
    if (last === undefined) return oldest();
    for (const row of page) {
      if (row.slot <= afterSlot) {
        remember(row.slot);
        return oldest();
      }
      rows.push({
        signature: row.signature as Signature,
        slot: row.slot,
        memo: row.memo,
        blockIndex: row.blockIndex,
        failed: row.err !== null,
      });
    }
    if (rows.length > 2 * rowsMost) {
      rows = rows.slice(-rowsMost);
      cut = true;
    }
    before = last;
  }
}
