// Vault: seals secrets. Each is sealed under a data key of its own, which the master key wraps, so
// a change of the master key only wraps data keys again and opens no secret. A sealed secret is
// bound to its purpose: in another row it does not open.
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto';
import { Fault } from '../core/fault.ts';
import type { Vault } from '../core/signing-ports.ts';

// Sealed form: version 1 | wrapped data key (12 nonce, 32 key, 16 tag) | secret (12 nonce, its
// bytes, 16 tag).
const VERSION = 1;
const NONCE = 12;
const TAG = 16;
const WRAPPED_END = 1 + NONCE + 32 + TAG;

// Parts are locked and unlocked with key objects. Where Node is given the bytes of a key, it throws
// and catches two errors with stacks to find that they are no key object, which takes longer than
// the opening of a part. OpenSSL wipes its copy of a key when the object is collected.
function lock(key: KeyObject, plain: Uint8Array, bound: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(bound));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens one part. The result is the only copy of the plain bytes that is left, and the caller wipes
 * it. In this mode `update` gives all of them; `final` gives none, and throws when the part was
 * changed or the key is another one.
 */
function unlock(key: KeyObject, locked: Uint8Array, bound: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, locked.subarray(0, NONCE));
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(locked.subarray(locked.length - TAG));
  const plain = decipher.update(locked.subarray(NONCE, locked.length - TAG));
  try {
    decipher.final();
    return plain;
  } catch (thrown) {
    plain.fill(0);
    throw thrown;
  }
}

export type MasterKeys = {
  /** 32 bytes. Null when no key is set: sealing and opening then throw `key_unavailable`. */
  readonly masterKey: Uint8Array | null;
  /** The master key that is taking over: new secrets are sealed with it, both keys open. */
  readonly nextMasterKey: Uint8Array | null;
};

/** Creates the vault. */
export function createVault({ masterKey, nextMasterKey }: MasterKeys): Vault {
  const current = masterKey === null ? null : createSecretKey(masterKey);
  const next = nextMasterKey === null ? null : createSecretKey(nextMasterKey);
  /** The key that seals comes first. */
  const masterKeys = (): [KeyObject, ...KeyObject[]] => {
    if (current === null)
      throw new Fault(
        'key_unavailable',
        'BAILIFF_MASTER_KEY is not set, so secrets can be neither kept nor used.',
        { context: { trouble: 'master_key_missing' } },
      );
    return next === null ? [current] : [next, current];
  };
  const wrap = (bound: string, dataKey: Uint8Array, locked: Uint8Array): Buffer =>
    Buffer.concat([Buffer.of(VERSION), lock(masterKeys()[0], dataKey, bound), locked]);
  const dataKeyOf = (bound: string, sealed: Uint8Array): Buffer => {
    if (sealed[0] !== VERSION) throw new RangeError(`sealed form ${sealed[0]} is not known`);
    const [first, ...older] = masterKeys();
    const wrapped = sealed.subarray(1, WRAPPED_END);
    for (const key of older)
      try {
        return unlock(key, wrapped, bound);
      } catch {
        // Another key may open it; the error of the last key is thrown.
      }
    return unlock(first, wrapped, bound);
  };
  return {
    seal(bound, plain) {
      // Memory of its own, which the garbage collector does not move.
      const dataKey = randomFillSync(new Uint8Array(new ArrayBuffer(32)));
      try {
        return wrap(bound, dataKey, lock(createSecretKey(dataKey), plain, bound));
      } finally {
        dataKey.fill(0);
      }
    },
    open(bound, sealed, use) {
      let plain: Buffer | null = null;
      let dataKey: Buffer | null = null;
      try {
        dataKey = dataKeyOf(bound, sealed);
        plain = unlock(createSecretKey(dataKey), sealed.subarray(WRAPPED_END), bound);
        return use(plain);
      } finally {
        plain?.fill(0);
        dataKey?.fill(0);
      }
    },
    rewrap(bound, sealed) {
      const dataKey = dataKeyOf(bound, sealed);
      try {
        return wrap(bound, dataKey, sealed.subarray(WRAPPED_END));
      } finally {
        dataKey.fill(0);
      }
    },
  };
}
