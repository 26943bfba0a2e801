// Signatures: whether those of a transaction are of the keys that must sign it.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { VersionedTransaction } from '@solana/web3.js';
import { base58Text } from '../../core/ids.ts';

const ED25519_DER = Buffer.from('302a300506032b6570032100', 'hex');

/** The keys that signed last, by their texts: to make a key object takes 25 µs. */
const signers = new Map<string, KeyObject>();
const MOST_SIGNERS = 65_536;

function signerOf(bytes: Uint8Array): KeyObject {
  const text = base58Text(bytes);
  const found = signers.get(text);
  if (found !== undefined) return found;
  const der = Buffer.concat([ED25519_DER, bytes]);
  const made = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (signers.size >= MOST_SIGNERS) signers.clear();
  signers.set(text, made);
  return made;
}

const SIGNATURE_BYTES = 64;

/** Whether each signature of a transaction with these bytes is of the key at its place. */
export function signaturesHold(transaction: VersionedTransaction, bytes: Uint8Array): boolean {
  // Their count takes one byte: 19 of them already fill a packet.
  const message = bytes.subarray(1 + SIGNATURE_BYTES * transaction.signatures.length);
  return transaction.signatures.every((signature, index) => {
    const key = transaction.message.staticAccountKeys[index];
    return key !== undefined && verify(null, message, signerOf(key.toBytes()), signature);
  });
}
