// Hashing: the hash of receipts and daily roots, the secrets of their salts, and a pause between
// many hashes.
import { hash, randomBytes } from 'node:crypto';

/** The SHA-256 of the bytes, 32 bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
/** 32 random bytes. */
export const newSecret = (): Uint8Array => randomBytes(32);
/** Resolves once the events that wait were handled. */
export const afterEvents = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
