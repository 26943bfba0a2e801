// Reasons: removes secrets from the reason that a person gives for an act, before it is recorded,
// because reasons are kept and shown in many places.
import type { Redaction } from '../core/redaction.ts';

/** Cleans the `reason` of a body in place. */
export function cleanBody(body: unknown, redaction: Redaction): void {
  if (body === null || typeof body !== 'object' || !('reason' in body)) return;
  const holder = body as { reason: unknown };
  if (typeof holder.reason === 'string') holder.reason = redaction.text(holder.reason);
}
