// Reasons: removes secrets from the reason that a person gives for an act, before it is recorded,
// because reasons are kept and shown in many places.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { base58Bytes } from '../core/ids.ts';
import { withoutSecretText } from '../core/redaction.ts';

const SEED_BYTES = 32;
const KEYPAIR_BYTES = 64;

/**
 * Whether the text is a Solana keypair in base58. A signature has the same length, but its second
 * half is not the public key of the first.
 */
function isKeypair(text: string): boolean {
  const bytes = base58Bytes(text);
  if (bytes?.length !== KEYPAIR_BYTES) return false;
  const seed = Buffer.from(bytes.subarray(0, SEED_BYTES));
  const raw = { key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' } as const;
  const spki = createPublicKey(createPrivateKey(raw)).export({ format: 'der', type: 'spki' });
  return spki.subarray(-SEED_BYTES).equals(bytes.subarray(SEED_BYTES));
}

/** The reason with secrets replaced by `…`. */
function cleanReason(text: string): string {
  return withoutSecretText(text).replace(/[1-9A-HJ-NP-Za-km-z]{80,90}/g, (each) =>
    isKeypair(each) ? '…' : each,
  );
}

/** Cleans the `reason` of a body in place. */
export function cleanBody(body: unknown): void {
  if (body === null || typeof body !== 'object' || !('reason' in body)) return;
  const holder = body as { reason: unknown };
  if (typeof holder.reason === 'string') holder.reason = cleanReason(holder.reason);
}
