// Root memos: has the sponsor write the commitment of each sealed day on chain, one transaction a
// day. Each transaction is recorded before it is sent, sent again until its blockhash expires, and
// signed anew after that. Before one is signed, the history of the sponsor is searched, so that a
// ledger that lost its record does not write a day twice, and never another commitment for the same
// day.
import type { Chain, FeeMarket, SignatureRow } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { least } from '../core/money.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import {
  ROOT_MEMO_PRICE_MOST,
  ROOT_MEMO_UNITS,
  type RootMemo,
  rootMemoIn,
  rootMemoStep,
} from '../core/root-memo.ts';
import type { RootMemoBook } from '../core/root-ports.ts';
import type { Pen } from '../core/signing-ports.ts';
import type { Books } from './books-comparison.ts';

export type RootMemoPorts = {
  readonly ledger: Pick<Ledger, 'halts'>;
  readonly rootMemos: RootMemoBook;
  readonly books: Pick<Books, 'doubt'>;
  readonly chain: Chain;
  readonly fees: FeeMarket;
  readonly pen: Pen;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
};
export type RootMemoOptions = { readonly sponsorReserve: bigint };
type Found = RootMemo & { readonly signature: Signature; readonly slot: Slot };

const DAY_MS = 24 * 3_600_000;
/** The shortest slot, in milliseconds. It bounds how many slots ago a day ended. */
const SLOT_MS_LEAST = 200;
/** The most signatures that are remembered as not being memos of the sponsor. */
const STRANGERS_MOST = 10_000;

/** Creates one round of writing: a step of the memo under way, or the next memo. */
export function createRootMemos(
  { ledger, rootMemos, books, chain, fees, pen, clock, log }: RootMemoPorts,
  { sponsorReserve }: RootMemoOptions,
): () => Promise<void> {
  const strangers = new Set<Signature>();

  /** Whether the sponsor paid for the transaction: a stranger's may name the sponsor as well. */
  const isOurs = async ({ signature }: SignatureRow, sponsor: Address): Promise<boolean> => {
    if (strangers.has(signature)) return false;
    const transaction = await chain.transaction(signature, 'finalized');
    // The history shows it, so a node that cannot give it has not shown that it is a stranger's.
    if (transaction === null)
      throw new Fault('rpc_unavailable', `getTransaction: this node does not give ${signature}`);
    const ours = transaction.signers[0] === sponsor && transaction.error === null;
    if (!ours && strangers.size < STRANGERS_MOST) strangers.add(signature);
    return ours;
  };
  /** The first memo of the sponsor about a day in the finalized chain; null when there is none. */
  const search = (day: string, sponsor: Address): Promise<Found | null> =>
    chain.witnessed(async () => {
      const tip = await chain.slot('finalized');
      const agoMs = Math.max(0, clock.nowMs() - (Date.parse(day) + DAY_MS));
      const since = Math.max(0, tip - Math.ceil(agoMs / SLOT_MS_LEAST));
      for (let after: Slot | null = since; after !== null; ) {
        const rows: SignatureRow[] = await chain.signatures(sponsor, after, tip, 'finalized');
        for (const row of rows) {
          const memo = rootMemoIn(row.memo);
          if (memo?.day === day && !row.failed && (await isOurs(row, sponsor)))
            return { ...memo, signature: row.signature, slot: row.slot };
        }
        const last = rows.at(-1);
        after = last?.goesOn === true ? last.slot - 1 : null;
      }
      return null;
    });
  const tell = ({ day, signature, slot, commitment }: Found, isSame: boolean): void =>
    isSame
      ? log.info('root.memo_landed', { day, signature, slot })
      : log.error('root.memo_contradicted', { day, signature, slot, commitment });

  async function write(memo: RootMemo, sponsor: Address): Promise<void> {
    const found = await search(memo.day, sponsor);
    if (found !== null) {
      if (await rootMemos.found(found)) tell(found, found.commitment === memo.commitment);
      return;
    }
    const microLamports = least(await fees.microLamports(), ROOT_MEMO_PRICE_MOST);
    const cost =
      (await fees.lamportsPerSignature()) + (microLamports * BigInt(ROOT_MEMO_UNITS)) / 1_000_000n;
    const { accounts } = await chain.accounts([sponsor]);
    if ((accounts[0]?.lamports ?? 0n) < cost + sponsorReserve) {
      log.warn('root.memo_needs_sol', { day: memo.day, sponsor });
      return;
    }
    const { blockhash, lastValidBlockHeight } = await chain.recentBlockhash();
    const signedToday = await rootMemos.signedToday();
    const signed = await pen.signRootMemo({ ...memo, blockhash, microLamports, signedToday });
    if (!(await rootMemos.keep({ ...memo, ...signed, lastValidBlockHeight }))) return;
    log.info('root.memo_signed', { day: memo.day, signature: signed.signature });
    await chain.send(signed.bytes);
  }

  return async function round() {
    const { sponsor } = pen;
    if (sponsor === null) return;
    const under = await rootMemos.underWay();
    if (under !== null) {
      const step = rootMemoStep(under, await chain.look(under.signature));
      if (step.do === 'send') await chain.send(under.bytes);
      if (step.do !== 'end') return;
      if (!(await rootMemos.end(under.signature, step.outcome, step.slot))) return;
      if (step.outcome === 'landed') tell({ ...under, slot: step.slot ?? 0 }, true);
      else log.warn('root.memo_failed', { ...step, day: under.day, signature: under.signature });
      return;
    }
    const next = await rootMemos.nextDay();
    if (next === null || (await ledger.halts.list()).some(({ scope }) => scope === 'all')) return;
    // A database that went back may lack a memo that is on its way, which no search finds yet.
    if ((await books.doubt()) === null) await write(next, sponsor);
  };
}
