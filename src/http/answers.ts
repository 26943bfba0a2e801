// Answers: the gate's answer and the stream's messages as JSON, written by hand once, for routes,
// the fast path and the stream alike.
import type { Decision } from '../core/roster.ts';
import { wireEvidenceOf, wireOf } from '../core/wire.ts';

export function gateView(decision: Decision) {
  return {
    verdict: decision.verdict,
    allow: decision.allow,
    reason: decision.reason,
    standing: decision.standing,
    outstanding: decision.outstanding?.toString() ?? null,
    evidence: wireEvidenceOf(decision.evidence),
    asOfSlot: decision.asOfSlot,
    revision: decision.revision?.toString() ?? null,
    stale: decision.stale,
    failOpen: decision.failOpen,
    owedForMs: decision.owedForMs,
    owedForMsMost: decision.owedForMsMost,
  };
}

const quoted = new Map<string, string>();
/**
 * JSON of a text that comes again and again: reasons, of which there are few, but for those of
 * delinquents.
 */
function quote(text: string): string {
  const known = quoted.get(text);
  if (known !== undefined) return known;
  const made = JSON.stringify(text);
  if (quoted.size < 1_000) quoted.set(text, made);
  return made;
}

/**
 * The text of `gateView`, several times faster than a serialiser: the gate is asked for every trade
 * of every copier.
 */
export function gateText(decision: Decision): string {
  const { standing, outstanding, evidence, revision } = decision;
  return (
    `{"verdict":"${decision.verdict}","allow":${decision.allow},"reason":${quote(decision.reason)},` +
    `"standing":${standing === null ? 'null' : `"${standing}"`},"outstanding":${outstanding === null ? 'null' : `"${outstanding}"`},` +
    `"evidence":${evidence === null ? 'null' : JSON.stringify(wireEvidenceOf(evidence))},"asOfSlot":${decision.asOfSlot},` +
    `"revision":${revision === null ? 'null' : `"${revision}"`},"stale":${decision.stale},"failOpen":${decision.failOpen},` +
    `"owedForMs":${decision.owedForMs},"owedForMsMost":${decision.owedForMsMost}}`
  );
}

export const entryView = wireOf;
