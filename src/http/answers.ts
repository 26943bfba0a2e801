// Answers: writes the gate's answer and the stream's messages as JSON. Routes, the fast gate and
// the stream share them.
import type { Decision } from '../core/roster.ts';
import { wireEvidenceOf, wireOf, wireOwedOf } from '../core/wire.ts';

/** The gate's answer as an object, for the serialiser of a route. */
export function gateView(decision: Decision) {
  return {
    verdict: decision.verdict,
    allow: decision.allow,
    reason: decision.reason,
    standing: decision.standing,
    outstanding: decision.outstanding?.toString() ?? null,
    owed: decision.owed === null ? null : wireOwedOf(decision.owed),
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
 * The JSON of a text, kept in memory for up to 1,000 texts: most reasons repeat, except those of
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
 * The JSON text of `gateView`. The text is concatenated by hand, which is several times faster than
 * a serialiser, because the gate is asked before every copied trade.
 */
export function gateText(decision: Decision): string {
  const { standing, outstanding, owed, evidence, revision } = decision;
  const owedText =
    owed === null ? 'null' : owed.length === 0 ? '[]' : JSON.stringify(wireOwedOf(owed));
  return (
    `{"verdict":"${decision.verdict}","allow":${decision.allow},"reason":${quote(decision.reason)},` +
    `"standing":${standing === null ? 'null' : `"${standing}"`},"outstanding":${outstanding === null ? 'null' : `"${outstanding}"`},` +
    `"owed":${owedText},"evidence":${evidence === null ? 'null' : JSON.stringify(wireEvidenceOf(evidence))},"asOfSlot":${decision.asOfSlot},` +
    `"revision":${revision === null ? 'null' : `"${revision}"`},"stale":${decision.stale},"failOpen":${decision.failOpen},` +
    `"owedForMs":${decision.owedForMs},"owedForMsMost":${decision.owedForMsMost}}`
  );
}

/** A roster entry as the stream sends it. */
export const entryView = wireOf;
