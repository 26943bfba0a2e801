// History: which transactions touched an account, as nodes tell it page by page. A row at or below
// the asked slot ends a walk. An empty page ends it only as the word of a node that would know:
// behind one URL there may be several, and a pruned or freshly booted one gives empty pages, too.
import { type Connection, PublicKey } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { SignatureRow } from '../core/outside.ts';
import { asking } from './rpc.ts';
import { askTogether, type Question } from './together.ts';

const PAGE = 1_000;
/** So many nodes in a row may give no evidence before the walk is given up for now. */
const TRIES = 3;
/**
 * Where a provider refuses batches and no second one is set, so many empty pages in a row end a
 * walk, each followed by the question how far back the node remembers.
 */
const ENDS_APART = 3;
/** So many accounts whose history is known to have begun are kept in mind. */
const REMEMBERED_MOST = 200_000;

/** What is asked of a node: the account's transactions before one, newest first. */
export type PageOf = {
  readonly account: Address;
  readonly before: string | undefined;
  readonly seenSlot: Slot;
  readonly commitment: 'confirmed' | 'finalized';
};
type Row = { signature: string; slot: Slot; memo: string | null; err: unknown };
type Page = readonly Row[];

const optionsOf = ({ before, seenSlot }: PageOf) => ({
  limit: PAGE,
  minContextSlot: seenSlot,
  ...(before === undefined ? {} : { before }),
});

/** One page. Throws `rpc_unavailable`, also when the node has not seen `seenSlot`. */
export const askPage = (connection: Connection, page: PageOf): Promise<Page> =>
  asking('getSignaturesForAddress', () =>
    connection.getSignaturesForAddress(
      new PublicKey(page.account),
      optionsOf(page),
      page.commitment,
    ),
  );
const askFirst = (connection: Connection): Promise<Slot> =>
  asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock());

/** The same page as a question among others. */
export const pageQuestion = (page: PageOf): Question => ({
  method: 'getSignaturesForAddress',
  params: [page.account, { ...optionsOf(page), commitment: page.commitment }],
});
export const FIRST_QUESTION: Question = { method: 'getFirstAvailableBlock', params: [] };

/**
 * A page, and the first available block of the node that gave it. `sure` where both surely come
 * from one node.
 */
export type Told = { readonly page: Page; readonly first: Slot; readonly sure: boolean };

/**
 * Asks for a page together with the reach of the node. The node is asked for its reach last, so
 * that it can't prune in between.
 */
export async function askPageAndReach(connection: Connection, page: PageOf): Promise<Told> {
  const answers = await askTogether(connection, [pageQuestion(page), FIRST_QUESTION]);
  if (answers !== null) {
    const [rows, first] = answers;
    if (Array.isArray(rows) && typeof first === 'number')
      return { page: rows as Page, first, sure: true };
  }
  const rows = await askPage(connection, page);
  return { page: rows, first: await askFirst(connection), sure: false };
}

/**
 * Rows of finalized history that were seen before: a node that keeps their slots must show them
 * again.
 */
export type Remembered = Map<Address, Slot>;

export type History = {
  readonly connection: Connection;
  /**
   * Another provider, whose empty page must agree where the first one refuses batches; null where
   * none is set.
   */
  readonly second: Connection | null;
  readonly remembered: Remembered;
  /** Rows of one history that are held at once. */
  readonly rowsMost: number;
};

/** Why this answer, whose page is empty, is no end of the history; null when it is one. */
function whyNoEnd({ first }: Told, afterSlot: Slot, known: Slot | undefined): string | null {
  if (first > afterSlot + 1)
    return `this node's history begins at slot ${first}, and what happened after slot ${afterSlot} is asked for`;
  if (known !== undefined && known <= afterSlot && known >= first)
    return `this node keeps slots from ${first} on, and does not show what happened in slot ${known}`;
  return null;
}

/**
 * After an empty page: the page that some node does have, or an empty one once the history surely
 * ends there. Throws `rpc_unavailable` when no node gives evidence.
 */
async function atTheEnd(history: History, asked: PageOf, afterSlot: Slot): Promise<Page> {
  const { connection, second, remembered } = history;
  const known = remembered.get(asked.account);
  let why: string | null = null;
  let ends = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    const told = await askPageAndReach(connection, asked);
    if (told.page.length > 0) return told.page;
    why = whyNoEnd(told, afterSlot, known);
    if (why !== null) continue;
    if (told.sure) return [];
    if (second !== null) {
      const other = await askPageAndReach(second, asked);
      if (other.page.length > 0) return other.page;
      why = whyNoEnd(other, afterSlot, known);
      if (why === null) return [];
    } else if (++ends === ENDS_APART) return [];
  }
  throw new Fault('rpc_unavailable', `getSignaturesForAddress: ${why ?? 'no node surely tells'}`);
}

/**
 * Walks an account's history from newest to oldest until below a slot, and returns it oldest first.
 * The end is a row at or below that slot, or an empty page of a node that would know. A short page
 * is no end. Throws `rpc_unavailable` otherwise. Of a longer history the oldest `rowsMost` rows are
 * returned, and the last one says `goesOn`: strangers can write any number of transactions to an
 * account, and memory must not depend on it.
 */
export async function walk(
  history: History,
  account: Address,
  afterSlot: Slot,
  seenSlot: Slot,
  commitment: 'confirmed' | 'finalized',
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
  let before: string | undefined;
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
      const index = (row as { transactionIndex?: unknown }).transactionIndex;
      rows.push({
        signature: row.signature as Signature,
        slot: row.slot,
        memo: row.memo,
        blockIndex: typeof index === 'number' ? index : null,
        failed: row.err !== null,
      });
    }
    if (rows.length > 2 * rowsMost) {
      rows = rows.slice(-rowsMost);
      cut = true;
    }
    before = last.signature;
  }
}
