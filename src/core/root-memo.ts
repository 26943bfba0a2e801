// Root memo: the transaction by which the sponsor writes the commitment of a day on chain. The
// transaction holds one memo and the compute budget, and nothing else. This module has its text,
// the table of rules by which the pen signs it, and the steps of its life.
//
// A second transaction with the same memo does no harm but its fee. A memo is therefore
// given up when its blockhash has expired and no node shows it, without the proof of death that a
// payment needs; before another one is signed, the history of the sponsor is searched for it.
import { DEATH_MARGIN_BLOCKS } from './death.ts';
import type { Address } from './ids.ts';
import type { Effect } from './mandate.ts';
import type { Lamports } from './money.ts';
import type { Look } from './payment.ts';
import { objectionsTo, type Rule } from './rules.ts';

/** The day, such as 2026-11-26, and the commitment (64 hexadecimal digits) that a memo names. */
export type RootMemo = { readonly day: string; readonly commitment: string };

/**
 * Compute units of the transaction. The memo program took 287 for this text when it was measured;
 * the rest is room for another build of it.
 */
export const ROOT_MEMO_UNITS = 40_000;
/** The most that one transaction may spend on priority, in lamports. */
const PRIORITY_MOST: Lamports = 50_000n;
/** The highest price of a compute unit, in micro-lamports, that keeps within it. */
export const ROOT_MEMO_PRICE_MOST: bigint = (PRIORITY_MOST * 1_000_000n) / BigInt(ROOT_MEMO_UNITS);
/** The most such transactions within 24 hours: one for the day, and those that are tried again. */
export const ROOT_MEMOS_A_DAY_MOST = 8;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const COMMITMENT = /^[0-9a-f]{64}$/;
const MEMO = /(?:^|\s)bailiff-root:1:(\d{4}-\d{2}-\d{2}):([0-9a-f]{64})$/;

/** The text of the memo. The memo of a payment begins with `bailiff:`, and this one never does. */
export const rootMemoText = ({ day, commitment }: RootMemo): string =>
  `bailiff-root:1:${day}:${commitment}`;

/**
 * The day and the commitment that a memo names; null for any other memo. Accepts the memo as RPC
 * gives it (with its length in front) and as it was written.
 */
export function rootMemoIn(memo: string | null): RootMemo | null {
  const [, day, commitment] = MEMO.exec(memo ?? '') ?? [];
  return day === undefined || commitment === undefined ? null : { day, commitment };
}

/** A transaction that is about to be signed, decoded from its bytes. */
export type RootMemoWhole = {
  readonly feePayer: Address;
  readonly required: readonly Address[];
  readonly effects: readonly Effect[];
};
export type RootMemoMandate = RootMemo & { readonly sponsor: Address };

const RULES: readonly Rule<RootMemoWhole, RootMemoMandate>[] = [
  {
    must: 'name a day and a commitment in their fixed shape',
    holds: (_, { day, commitment }) => DAY.test(day) && COMMITMENT.test(commitment),
    objection: () => 'names no day and commitment',
  },
  {
    must: 'be paid for and signed by the sponsor alone',
    holds: ({ feePayer, required }, { sponsor }) =>
      feePayer === sponsor && required.length === 1 && required[0] === sponsor,
    objection: ({ required }) => `is signed by ${required.join(' and ')}`,
  },
  {
    must: 'hold a compute limit, at most a price, and one memo, in this order',
    holds: ({ effects }) =>
      ['compute_limit memo', 'compute_limit compute_price memo'].includes(
        effects.map(({ effect }) => effect).join(' '),
      ),
    objection: ({ effects }) => `holds ${effects.map(({ effect }) => effect).join(', ')}`,
  },
  {
    must: 'carry the memo of this day and commitment',
    holds: ({ effects }, mandate) =>
      effects.every((each) => each.effect !== 'memo' || each.text === rootMemoText(mandate)),
    objection: () => 'carries another memo',
  },
  {
    must: 'ask for the compute units of a memo',
    holds: ({ effects }) =>
      effects.every((each) => each.effect !== 'compute_limit' || each.units <= ROOT_MEMO_UNITS),
    objection: () => `asks for more than ${ROOT_MEMO_UNITS} compute units`,
  },
  {
    must: 'keep the priority fee within 50,000 lamports',
    holds: ({ effects }) =>
      effects.every(
        (each) => each.effect !== 'compute_price' || each.microLamports <= ROOT_MEMO_PRICE_MOST,
      ),
    objection: () => `spends more than ${PRIORITY_MOST} lamports on priority`,
  },
];

/** Every reason not to sign; empty for exactly the memo of the mandate. */
export const rootMemoObjections = (whole: RootMemoWhole, mandate: RootMemoMandate): string[] =>
  objectionsTo(RULES, whole, mandate);

/** The next step of a memo under way, after a look at its signature. */
export type RootMemoStep =
  /** A finalized block shows it. */
  | { readonly do: 'end'; readonly outcome: 'landed' | 'failed'; readonly slot: number }
  /** It has expired, and no node shows it. */
  | { readonly do: 'end'; readonly outcome: 'expired'; readonly slot: null }
  /** The same bytes are sent again. */
  | { readonly do: 'send' }
  | { readonly do: 'wait' };

/** The next step of a memo that was signed and has not ended. */
export function rootMemoStep(
  { lastValidBlockHeight }: { readonly lastValidBlockHeight: number },
  look: Look,
): RootMemoStep {
  if (look.seen === 'nothing') return { do: 'wait' };
  if (look.seen === 'absent')
    return look.finalizedBlockHeight > lastValidBlockHeight + DEATH_MARGIN_BLOCKS
      ? { do: 'end', outcome: 'expired', slot: null }
      : { do: 'send' };
  if (look.finality !== 'finalized') return { do: 'wait' };
  return { do: 'end', outcome: look.error === null ? 'landed' : 'failed', slot: look.slot };
}
