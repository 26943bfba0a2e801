// Hashing: the hash of receipts and daily roots, and the secrets of their salts.
import { createHash, randomBytes } from 'node:crypto';

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(bytes).digest();
/** 32 random bytes. */
export const newSecret = (): Uint8Array => randomBytes(32);
