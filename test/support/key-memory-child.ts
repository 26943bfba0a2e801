// Key memory child: seals a key, signs with it, and looks through the memory of this process for
// its seed. The searched seed is kept inverted, so that the search does not find itself.
import { createPrivateKey, createPublicKey, randomFillSync } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { createSigners, isSignatureOf, publicKeyOf } from '../../src/chain/signers.ts';
import { createVault } from '../../src/chain/vault.ts';
import { agentKeyBinding } from '../../src/core/bindings.ts';
import { secretKeyOf } from '../../src/flows/key-intake.ts';

const SEED_BYTES = 32;
const CHUNK = 1 << 20;
const chunk = Buffer.allocUnsafeSlow(CHUNK + SEED_BYTES);

/** How many copies of the inverted seed's original stand in the writable memory of this process. */
function copiesOf(inverted: Uint8Array): number {
  const own = openSync('/proc/self/mem', 'r');
  let found = 0;
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (from === undefined || to === undefined) continue;
    const end = Number.parseInt(to, 16);
    for (let at = Number.parseInt(from, 16); at < end; at += CHUNK) {
      const wanted = Math.min(CHUNK + SEED_BYTES, end - at);
      let read = 0;
      try {
        read = readSync(own, chunk, 0, wanted, at);
      } catch {
        // A region that cannot be read holds nothing that a core dump would show.
      }
      const first = 255 - (inverted[0] ?? 0);
      for (let place = chunk.indexOf(first); place >= 0 && place + SEED_BYTES <= read; ) {
        let same = 0;
        while (same < SEED_BYTES && chunk[place + same] === 255 - (inverted[same] ?? 0)) same++;
        if (same === SEED_BYTES) found++;
        place = chunk.indexOf(first, place + 1);
      }
      // What was read must not be found a second time in this buffer.
      chunk.fill(0);
    }
  }
  closeSync(own);
  return found;
}

/** A new secret key of 64 bytes, in memory of its own, and the inversion of its seed. */
function made(): { secret: Buffer; inverted: Uint8Array } {
  const secret = Buffer.from(new ArrayBuffer(2 * SEED_BYTES));
  randomFillSync(secret, 0, SEED_BYTES);
  const seed = secret.subarray(0, SEED_BYTES);
  const raw = { key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' } as const;
  const publicKey = createPublicKey(createPrivateKey(raw));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  spki.copy(secret, SEED_BYTES, spki.length - SEED_BYTES);
  return {
    secret,
    inverted: Uint8Array.from(secret.subarray(0, SEED_BYTES), (each) => 255 - each),
  };
}

const master = Buffer.allocUnsafeSlow(SEED_BYTES).fill(7);
const vault = createVault({ masterKey: master, nextMasterKey: null });
const signers = createSigners({ vault, sponsorKey: null });
const message = Buffer.from('a message');

async function work() {
  const { secret, inverted } = made();
  const address = publicKeyOf(secret);
  const whileHeld = copiesOf(inverted) > 0;
  const taken = secretKeyOf(JSON.stringify([...secret]));
  const sealed = signers.seal('ana', address, taken);
  taken.fill(0);
  secret.fill(0);
  let signed = true;
  for (let times = 0; times < 50; times++) {
    const signer = signers.agent({ subscriberId: 'ana', publicKey: address, sealed });
    signed &&= isSignatureOf(address, message, await signer.sign(message));
  }
  return { inverted, whileHeld, signed, sealed, address };
}

const { inverted, whileHeld, signed, sealed, address } = await work();
// OpenSSL wipes its copies when the key objects are collected. The runtime ends some of them in
// tasks of its own, which a busy machine runs later.
let afterwards = Number.POSITIVE_INFINITY;
for (let times = 0; times < 20 && afterwards > 0; times++) {
  for (let turns = 0; turns < 5; turns++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  afterwards = copiesOf(inverted);
}
// Nothing is collected between these and the search, so each copy that is not wiped is found.
for (let times = 0; times < 50; times++)
  vault.open(agentKeyBinding('ana', address), sealed, () => null);
const opened = copiesOf(inverted);
process.stdout.write(JSON.stringify({ whileHeld, afterwards, opened, signed }));
