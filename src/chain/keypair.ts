// Keypair: tells a Solana keypair from other texts and bytes of its length, and removes keypairs
// from what people give, before the daemon keeps it.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { createRedaction } from '../core/redaction.ts';

const SEED_BYTES = 32;
const KEYPAIR_BYTES = 64;

/**
 * Whether the bytes are a Solana keypair. A signature has the same length, but its second half is
 * not the public key of the first.
 */
function isKeypair(bytes: Uint8Array): boolean {
  if (bytes.length !== KEYPAIR_BYTES) return false;
  const seed = Buffer.from(bytes.subarray(0, SEED_BYTES));
  const raw = { key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' } as const;
  const spki = createPublicKey(createPrivateKey(raw)).export({ format: 'der', type: 'spki' });
  return spki.subarray(-SEED_BYTES).equals(bytes.subarray(SEED_BYTES));
}

/** The redaction of what clients and operators give. */
export const redaction = createRedaction(isKeypair);
