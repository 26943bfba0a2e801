// Remembered: pure functions of the client library that every history asks the same few questions
// of. Their answers are kept, because deriving an address tries points of the curve, a third of a
// millisecond each, and a base58 text is a long division.
import { Keypair, PublicKey } from '@solana/web3.js';

/**
 * Answers by what was asked; at most so many, because signatures and blockhashes are new in each
 * history.
 */
const MOST = 50_000;
function remember<T>(known: Map<string, T>, name: string, make: () => T): T {
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = make();
  if (known.size >= MOST) known.clear();
  known.set(name, made);
  return made;
}
const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

const derive = PublicKey.findProgramAddressSync.bind(PublicKey);
const derived = new Map<string, [PublicKey, number]>();
PublicKey.findProgramAddressSync = (seeds, program) =>
  remember(derived, `${seeds.map(latin1).join('/')}/${program.toBase58()}`, () =>
    derive(seeds, program),
  );
PublicKey.findProgramAddress = async (seeds, program) =>
  PublicKey.findProgramAddressSync(seeds, program);

const { toBase58 } = PublicKey.prototype;
const texts = new Map<string, string>();
PublicKey.prototype.toBase58 = function text(this: PublicKey): string {
  return remember(texts, latin1(this.toBytes()), () => toBase58.call(this));
};

const fromSecretKey = Keypair.fromSecretKey.bind(Keypair);
const keypairs = new Map<string, Keypair>();
Keypair.fromSecretKey = (secretKey, options) =>
  remember(keypairs, latin1(secretKey), () => fromSecretKey(secretKey, options));
