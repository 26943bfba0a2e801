// Signers: the keys of this process that sign: agent keys, sealed in the ledger and opened by the
// vault for one signature each, and the sponsor's key from the environment. What may be signed is
// decided in pen.ts. A service that keeps keys elsewhere would be another `Signers`.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { Keypair } from '@solana/web3.js';
import { agentKeyBinding } from '../core/bindings.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { type Address, base58Bytes } from '../core/ids.ts';
import type { SealedKey } from '../core/ports.ts';
import type { Signer, Signers, Vault } from '../core/signing-ports.ts';
import { isOwnTroubleCode } from '../core/trouble.ts';

/** The bytes before the 32 of an ed25519 seed, and of a public key, in DER (RFC 8410). */
const SEED_DER = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');
const SEED_BYTES = 32;

/** The address of a 64-byte secret key. Throws when its two halves do not belong together. */
export const publicKeyOf = (secretKey: Uint8Array): Address =>
  Keypair.fromSecretKey(secretKey).publicKey.toBase58() as Address;

/** Signs with a 64-byte secret key. The copy of the seed that OpenSSL takes is wiped here. */
function signWith(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  const der = Buffer.concat([SEED_DER, secretKey.subarray(0, SEED_BYTES)]);
  try {
    return sign(null, message, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  } finally {
    der.fill(0);
  }
}

/** Whether these 64 bytes are the address's signature over the message. */
export function isSignatureOf(
  address: Address,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const der = Buffer.concat([PUBLIC_DER, base58Bytes(address) as Uint8Array]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify(null, message, key, signature);
}

const unreadable = ({ subscriberId }: SealedKey): Fault =>
  new Fault(
    'key_unavailable',
    `The kept key of subscriber ${subscriberId} does not open, although the master key is right: its row was changed or moved. Bring the key in again.`,
    { context: { trouble: 'agent_key_unreadable' } },
  );

export type SignerKeys = {
  /** Seals and opens agent keys. */
  readonly vault: Vault;
  /** The sponsor's 64-byte secret key; null when no sponsor pays fees for agents without SOL. */
  readonly sponsorKey: Uint8Array | null;
};

/** Creates the signers. An agent key is opened for one signature, and wiped afterwards. */
export function createSigners({ vault, sponsorKey }: SignerKeys): Signers {
  /**
   * Opens a key, passes it to `use`, and wipes it, also when `use` throws. Throws `key_unavailable`
   * when the key does not open; an error of `use` is thrown as it is.
   */
  const withKey = <T>(key: SealedKey, use: (secretKey: Uint8Array) => T): T => {
    let opened = false;
    try {
      return vault.open(
        agentKeyBinding(key.subscriberId, key.publicKey),
        key.sealed,
        (secretKey) => {
          opened = true;
          return use(secretKey);
        },
      );
    } catch (thrown) {
      if (opened || thrown instanceof Fault) throw thrown;
      throw unreadable(key);
    }
  };
  const sponsor: Signer | null =
    sponsorKey === null
      ? null
      : {
          address: publicKeyOf(sponsorKey),
          sign: async (message) => signWith(sponsorKey, message),
        };
  return {
    sponsor,
    agent: (key) => ({
      address: key.publicKey,
      sign: async (message) => withKey(key, (secretKey) => signWith(secretKey, message)),
    }),
    seal(subscriberId, publicKey, secretKey) {
      const derived = publicKeyOf(secretKey);
      if (derived !== publicKey)
        throw new Fault(
          'key_mismatch',
          `The secret key belongs to ${derived}, not to ${publicKey}.`,
        );
      return vault.seal(agentKeyBinding(subscriberId, publicKey), secretKey);
    },
    async closed(key) {
      try {
        return withKey(key, () => null);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        const { trouble } = thrown.context;
        const code = isOwnTroubleCode(trouble) ? trouble : thrown.code;
        return { class: 'needs_authorisation', code, detail: thrown.message };
      }
    },
  };
}

/**
 * Asks a signer for its signature, and checks it. Throws `signer_unavailable` when the signer gives
 * none, and `pen_refused` when it gives one that is not its own: a payment with such a signature
 * could never be executed.
 */
export async function signatureBy(signer: Signer, message: Uint8Array): Promise<Uint8Array> {
  let signature: Uint8Array;
  try {
    signature = await signer.sign(message);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault(
      'signer_unavailable',
      `The signer of ${signer.address} gave no signature: ${messageOf(thrown)}.`,
      { cause: thrown },
    );
  }
  if (!isSignatureOf(signer.address, message, signature))
    throw new Fault(
      'pen_refused',
      `The signer of ${signer.address} gave a signature that is not its own.`,
    );
  return signature;
}
