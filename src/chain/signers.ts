// Signers: finds the signer of an agent and of the sponsor. An agent key is sealed in the ledger,
// and opened by the vault for one signature, or kept by a service that is asked for signatures
// (remote-signers.ts). The sponsor's key comes from the environment, or is kept by a service. The
// pen decides which messages are signed (pen.ts).
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { SealedKey } from '../core/agent-key.ts';
import { agentKeyBinding } from '../core/bindings.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { type Address, base58Bytes, base58Text } from '../core/ids.ts';
import { proofText, type ServiceKey } from '../core/service-key.ts';
import type { Signer, Signers, Vault } from '../core/signing-ports.ts';
import { isOwnTroubleCode, type Trouble } from '../core/trouble.ts';
import { createRemoteSigners, type RemoteSigners } from './remote-signers.ts';

/** The bytes before the 32 of an ed25519 public key in DER (RFC 8410). */
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');
const SEED_BYTES = 32;
const SIGNATURE_BYTES = 64;

/**
 * OpenSSL's form of a secret key, which OpenSSL wipes when the key object is collected. The seed is
 * given raw: where OpenSSL reads DER, it frees a copy of it that it does not wipe.
 */
const privateKeyOf = (secretKey: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.from(secretKey.buffer, secretKey.byteOffset, SEED_BYTES),
    format: 'raw-private',
    asymmetricKeyType: 'ed25519',
  });

/** The address of a 64-byte secret key. Throws when its two halves do not belong together. */
export function publicKeyOf(secretKey: Uint8Array): Address {
  const found = createPublicKey(privateKeyOf(secretKey))
    .export({ format: 'der', type: 'spki' })
    .subarray(PUBLIC_DER.length);
  if (secretKey.length !== 2 * SEED_BYTES || !found.equals(secretKey.subarray(SEED_BYTES)))
    throw new RangeError('the two halves of the secret key do not belong together');
  return base58Text(found) as Address;
}

/** Signs with a 64-byte secret key. */
const signWith = (secretKey: Uint8Array, message: Uint8Array): Uint8Array =>
  sign(null, message, privateKeyOf(secretKey));

/** Whether these 64 bytes are the address's signature over the message. */
export function isSignatureOf(
  address: Address,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const der = Buffer.concat([PUBLIC_DER, base58Bytes(address) as Uint8Array]).toString('base64');
  // The key is given as text: where it is given as bytes, Node throws and catches four errors with
  // stacks to find that they are no key object.
  const pem = `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----`;
  return verify(null, message, createPublicKey(pem), signature);
}

/** The remote signers of a daemon without any configured service. */
const NO_REMOTE: RemoteSigners = createRemoteSigners({
  openers: new Map(),
  answerMs: 0,
  clock: { elapsedMs: () => 0, sleep: async () => {}, random: () => 0 },
  log: { debug() {}, info() {}, warn() {}, error() {} },
});

const unreadable = ({ subscriberId }: SealedKey): Fault =>
  new Fault(
    'key_unavailable',
    `The kept key of subscriber ${subscriberId} does not open, although the master key is right: its row was changed or moved. Bring the key in again.`,
    { context: { trouble: 'agent_key_unreadable' } },
  );

export type SignerKeys = {
  /** Seals and opens agent keys. */
  readonly vault: Vault;
  /** The sponsor's 64-byte secret key; null when a service keeps it, or there is no sponsor. */
  readonly sponsorKey: Uint8Array | null;
  /** The services that keep keys; left out when none is configured. */
  readonly remote?: RemoteSigners;
  /** The sponsor's key at a service; null when there is none. */
  readonly remoteSponsor?: { readonly address: Address; readonly at: ServiceKey } | null;
};

/** The trouble of a key that cannot sign until a person acts. */
const troubleOf = ({ code, message, context: { trouble } }: Fault): Trouble => ({
  class: 'needs_authorisation',
  code: isOwnTroubleCode(trouble) ? trouble : code,
  detail: message,
});

/**
 * Throws the error of a signer again. A refusal becomes `key_mismatch`, a fault of the named key.
 */
function refusedKey(thrown: unknown): never {
  if (thrown instanceof Fault && thrown.code === 'key_unavailable')
    throw new Fault('key_mismatch', thrown.message, { cause: thrown });
  throw thrown;
}

/** Creates the signers. A sealed agent key is opened for one signature, and wiped afterwards. */
export function createSigners({
  vault,
  sponsorKey,
  remote = NO_REMOTE,
  remoteSponsor = null,
}: SignerKeys): Signers {
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
  const ownSponsor = (secretKey: Uint8Array): Signer => ({
    address: publicKeyOf(secretKey),
    sign: async (message) => signWith(secretKey, message),
  });
  const sponsorElsewhere =
    remoteSponsor === null ? null : remote.signer(remoteSponsor.address, remoteSponsor.at);
  return {
    sponsor: sponsorKey === null ? sponsorElsewhere : ownSponsor(sponsorKey),
    agent: (key) =>
      'at' in key
        ? remote.signer(key.publicKey, key.at)
        : {
            address: key.publicKey,
            sign: async (message) => withKey(key, (secretKey) => signWith(secretKey, message)),
          },
    seal(subscriberId, publicKey, secretKey) {
      const derived = publicKeyOf(secretKey);
      if (derived !== publicKey)
        throw new Fault(
          'key_mismatch',
          `The secret key belongs to ${derived}, not to ${publicKey}.`,
        );
      return vault.seal(agentKeyBinding(subscriberId, publicKey), secretKey);
    },
    async prove(address, at) {
      const text = proofText(address);
      const signature = await remote.signer(address, at).sign(text).catch(refusedKey);
      if (signature.length !== SIGNATURE_BYTES || !isSignatureOf(address, text, signature))
        throw new Fault(
          'key_mismatch',
          `${at.service} signs with another key than that of ${address} under the name ${at.key}.`,
        );
    },
    async closed(key) {
      if ('at' in key) {
        const obstacle = remote.obstacle(key.at.service);
        if (obstacle?.code === 'signer_unavailable') throw obstacle;
        return obstacle === null ? null : troubleOf(obstacle);
      }
      try {
        return withKey(key, () => null);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        return troubleOf(thrown);
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
