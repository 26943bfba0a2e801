// Keys: the keys of web3.js by their address, and back. web3.js turns the text of an address into a
// big number and divides it again for each text; a payment names the same keys a dozen times.
import { PublicKey } from '@solana/web3.js';
import { type Address, base58Text } from '../core/ids.ts';
import { createRemembered } from '../core/remember.ts';

/** The most keys, and the most derived addresses of each kind, that are kept in memory. */
export const REMEMBERED_MOST = 100_000;

const texts = new WeakMap<PublicKey, Address>();

/** The key of an address. Throws for a text that is none. */
export const keyOf: (address: Address) => PublicKey = createRemembered((address: Address) => {
  const key = new PublicKey(address);
  texts.set(key, address);
  return key;
}, REMEMBERED_MOST);

/** The address of a key. `toBase58` of web3.js takes three times as long. */
export function addressOf(key: PublicKey): Address {
  return texts.get(key) ?? (base58Text(key.toBytes()) as Address);
}
