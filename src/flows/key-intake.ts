// Key intake: makes what a platform gives as an agent's key into what the ledger stores. A secret
// is sealed at once, and a service must sign before its key is taken.
import { Fault } from '../core/fault.ts';
import { type Address, base58Bytes } from '../core/ids.ts';
import { requireServiceKey, type ServiceKey } from '../core/service-key.ts';
import type { Signers } from '../core/signing-ports.ts';

/** A secret key, or the name of one at a service: one of the two. */
export type GivenKey = { readonly agentSecretKey?: string; readonly agentSigner?: ServiceKey };
/** A key as the ledger stores it. */
export type TakenKey = { readonly sealed: Uint8Array } | { readonly at: ServiceKey };

/**
 * A secret key in memory of its own. A typed array of at most 64 bytes that names no ArrayBuffer
 * lies where the garbage collector moves it and leaves copies that cannot be wiped. Wipes a given
 * array of bytes.
 */
function apart(bytes: Uint8Array | readonly number[]): Uint8Array {
  const secret = new Uint8Array(new ArrayBuffer(bytes.length));
  secret.set(bytes);
  if (bytes instanceof Uint8Array) bytes.fill(0);
  return secret;
}

/**
 * Reads a secret key in base58 or as a JSON array of 64 numbers. Throws `body_invalid`; no message
 * contains the key.
 */
export function secretKeyOf(text: string): Uint8Array {
  const wrong = () =>
    new Fault(
      'body_invalid',
      'agentSecretKey must be 64 bytes in base58, or a JSON array of 64 numbers.',
    );
  if (!text.trimStart().startsWith('[')) {
    const bytes = base58Bytes(text.trim());
    if (bytes?.length !== 64) throw wrong();
    return apart(bytes);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw wrong();
  }
  const valid =
    Array.isArray(parsed) &&
    parsed.length === 64 &&
    parsed.every((each) => Number.isInteger(each) && each >= 0 && each < 256);
  if (!valid) throw wrong();
  return apart(parsed as number[]);
}

/** Creates the function that takes a key; it gives null when no key is given. */
export function createKeyIntake(signers: Pick<Signers, 'seal' | 'prove'>) {
  const seal = (id: string, wallet: Address, text: string): Uint8Array => {
    const secret = secretKeyOf(text);
    try {
      return signers.seal(id, wallet, secret);
    } finally {
      secret.fill(0);
    }
  };
  /** Throws `body_invalid` when both forms are given, and what `Signers` throws. */
  return async function take(
    id: string,
    wallet: Address,
    { agentSecretKey, agentSigner }: GivenKey,
  ): Promise<TakenKey | null> {
    if (agentSigner === undefined)
      return agentSecretKey === undefined ? null : { sealed: seal(id, wallet, agentSecretKey) };
    if (agentSecretKey !== undefined)
      throw new Fault('body_invalid', 'Give agentSecretKey or agentSigner, not both.');
    requireServiceKey(agentSigner);
    await signers.prove(wallet, agentSigner);
    return { at: agentSigner };
  };
}
