// Wire: translates the messages of the gate stream to JSON and back. The server writes them, the
// gate client reads them.
import { type Doubt, type RosterOptions, UNEXPLAINED } from './roster.ts';
import {
  type Mark,
  ROSTER_STANDINGS,
  type RosterEntry,
  type RosterStanding,
} from './roster-entry.ts';
import type { Evidence } from './standing.ts';
import { isoTime } from './time.ts';
import type { Owed, Token } from './token.ts';

/** An amount of one token; `amount` is base units as decimal text. */
export type WireOwed = Token & { readonly amount: string };
export type WireEvidence = {
  readonly signature: string;
  readonly slot: number;
  readonly amount: string;
  readonly what: string;
  readonly owedThen: string;
  readonly owed?: WireOwed[];
};
export type WireEntry = {
  readonly subscriber: string;
  readonly agentWallet: string;
  readonly standing: RosterStanding;
  /** The sum over all tokens; `owed` has it by token, and is left out by earlier releases. */
  readonly outstanding: string;
  readonly owed?: readonly WireOwed[];
  readonly owedSince: string | null;
  readonly reason: string | null;
  readonly evidence: WireEvidence | null;
  readonly revision: string;
};
/** The first message: the rules by which the daemon decides. */
export type WireHello = {
  readonly staleAfterMs: number;
  readonly failOpen: boolean;
  readonly outstandingMost: string | null;
  readonly owedForMsMost: number | null;
};
/**
 * A message sent at short intervals: the state of the daemon's view, and whom it does not vouch
 * for.
 */
export type WireBeat = {
  readonly revision: string;
  readonly asOfSlot: number | null;
  /** The time since the daemon saw the chain; null before it has seen it. */
  readonly ageMs: number | null;
  /**
   * The ledger's time when the beat was sent. `owedSince` of an entry is in this time, and the
   * machine of an engine may have another. Left out by earlier releases.
   */
  readonly now?: string;
  readonly doubt: string | null;
  readonly doubted: readonly string[];
  /** The doubted subscribers that have a reason of their own, with that reason. */
  readonly doubts?: readonly WireDoubt[];
};

/** The message that tells of a doubt that has just begun; beats repeat it while it lasts. */
export type WireDoubt = Doubt & { readonly subscriber: string };

/** The id of an event: its mark as `revision:nonce`. */
export const markText = ({ revision, nonce }: Mark): string => `${revision}:${nonce ?? ''}`;
/**
 * The mark in an event id; null for every other text, also for the bare revision that earlier
 * releases sent.
 */
export function markOf(text: string): Mark | null {
  const [, revision, nonce] = /^(\d{1,18}):([0-9a-f-]{36})$/.exec(text) ?? [];
  return revision === undefined || nonce === undefined
    ? null
    : { revision: BigInt(revision), nonce };
}

/** The doubted subscribers of a beat, each with its reason. */
export function doubtsOf({ doubted, doubts = [] }: WireBeat): Map<string, Doubt> {
  const why = new Map(doubted.map((id) => [id, UNEXPLAINED]));
  for (const { subscriber, ...doubt } of doubts) why.set(subscriber, doubt);
  return why;
}

/** The message that carries the rules. */
export const helloOf = (rules: RosterOptions): WireHello => ({
  ...rules,
  outstandingMost: rules.outstandingMost?.toString() ?? null,
});
/** The rules in a message. Throws a SyntaxError for an amount that is no number. */
export const rulesOf = (hello: WireHello): RosterOptions => ({
  ...hello,
  outstandingMost: hello.outstandingMost === null ? null : BigInt(hello.outstandingMost),
});

const owedFrom = (wire: readonly WireOwed[]): Owed[] =>
  wire.map((each) => ({ ...each, amount: BigInt(each.amount) }));
/** Debts by token as a message carries them. */
export const wireOwedOf = (owed: readonly Owed[]): WireOwed[] =>
  owed.map(({ mint, symbol, decimals, amount }) => ({
    mint,
    symbol,
    decimals,
    amount: amount.toString(),
  }));

/** The entry in a message. Throws a RangeError, SyntaxError or TypeError for any other message. */
export function entryOf(wire: WireEntry): RosterEntry {
  const { evidence } = wire;
  if (!ROSTER_STANDINGS.includes(wire.standing))
    throw new RangeError(`not a standing: ${String(wire.standing)}`);
  return {
    subscriberId: wire.subscriber,
    agentWallet: wire.agentWallet,
    standing: wire.standing,
    outstanding: BigInt(wire.outstanding),
    ...(wire.owed === undefined ? {} : { owed: owedFrom(wire.owed) }),
    owedSinceMs: wire.owedSince === null ? null : Date.parse(wire.owedSince),
    reason: wire.reason,
    evidence:
      evidence === null
        ? null
        : {
            slot: evidence.slot,
            what: evidence.what,
            signature: evidence.signature as never,
            amount: BigInt(evidence.amount),
            owedThen: BigInt(evidence.owedThen),
            ...(evidence.owed === undefined ? {} : { owed: owedFrom(evidence.owed) }),
          },
    revision: BigInt(wire.revision),
  };
}

/** Evidence as a message carries it; null for none. */
export const wireEvidenceOf = (evidence: Evidence | null): WireEvidence | null =>
  evidence === null
    ? null
    : {
        signature: evidence.signature,
        slot: evidence.slot,
        amount: evidence.amount.toString(),
        what: evidence.what,
        owedThen: evidence.owedThen.toString(),
        ...(evidence.owed === undefined ? {} : { owed: wireOwedOf(evidence.owed) }),
      };

/** The entry as a message carries it. */
export function wireOf(entry: RosterEntry): WireEntry {
  return {
    subscriber: entry.subscriberId,
    agentWallet: entry.agentWallet,
    standing: entry.standing,
    outstanding: entry.outstanding.toString(),
    ...(entry.owed === undefined ? {} : { owed: wireOwedOf(entry.owed) }),
    owedSince: entry.owedSinceMs === null ? null : isoTime(entry.owedSinceMs),
    reason: entry.reason,
    evidence: wireEvidenceOf(entry.evidence),
    revision: entry.revision.toString(),
  };
}
