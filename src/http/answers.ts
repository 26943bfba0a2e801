// Answers: the gate's answer and the stream's messages as JSON, written by hand once, for routes, the fast path and the stream
// alike.
import type { Decision, RosterEntry } from '../core/roster.ts';
import type { Evidence } from '../core/standing.ts';
import { isoTime } from '../core/time.ts';
import type { WireEntry, WireEvidence } from '../core/wire.ts';

const evidenceView = (evidence: Evidence | null): WireEvidence | null =>
  evidence === null
    ? null
    : {
        signature: evidence.signature,
        slot: evidence.slot,
        amount: evidence.amount.toString(),
        what: evidence.what,
        owedThen: evidence.owedThen.toString(),
      };

export function gateView(decision: Decision) {
  return {
    verdict: decision.verdict,
    allow: decision.allow,
    reason: decision.reason,
    standing: decision.standing,
    outstanding: decision.outstanding?.toString() ?? null,
    evidence: evidenceView(decision.evidence),
    asOfSlot: decision.asOfSlot,
    revision: decision.revision?.toString() ?? null,
    stale: decision.stale,
    failOpen: decision.failOpen,
    owedForMs: decision.owedForMs,
    owedForMsMost: decision.owedForMsMost,
  };
}

const quoted = new Map<string, string>();
/** JSON of a text that comes again and again: reasons, of which there are few, but for those of delinquents. */
function quote(text: string): string {
  const known = quoted.get(text);
  if (known !== undefined) return known;
  const made = JSON.stringify(text);
  if (quoted.size < 1_000) quoted.set(text, made);
  return made;
}

/** The text of `gateView`, several times faster than a serialiser: the gate is asked for every trade of every copier. */
export function gateText(decision: Decision): string {
  const { standing, outstanding, evidence, revision } = decision;
  return (
    `{"verdict":"${decision.verdict}","allow":${decision.allow},"reason":${quote(decision.reason)},` +
    `"standing":${standing === null ? 'null' : `"${standing}"`},"outstanding":${outstanding === null ? 'null' : `"${outstanding}"`},` +
    `"evidence":${evidence === null ? 'null' : JSON.stringify(evidenceView(evidence))},"asOfSlot":${decision.asOfSlot},` +
    `"revision":${revision === null ? 'null' : `"${revision}"`},"stale":${decision.stale},"failOpen":${decision.failOpen},` +
    `"owedForMs":${decision.owedForMs},"owedForMsMost":${decision.owedForMsMost}}`
  );
}

export function entryView(entry: RosterEntry): WireEntry {
  return {
    subscriber: entry.subscriberId,
    agentWallet: entry.agentWallet,
    standing: entry.standing,
    outstanding: entry.outstanding.toString(),
    owedSince: entry.owedSinceMs === null ? null : isoTime(entry.owedSinceMs),
    reason: entry.reason,
    evidence: evidenceView(entry.evidence),
    revision: entry.revision.toString(),
  };
}
