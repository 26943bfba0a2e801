// Oracle: Pyth v1 price accounts, the simplest form that the venue reads. Prices are in PRICE
// precision, 1e6.
import { type Account, bufferOf } from '../chain/account.ts';
import { PYTH } from './addresses.ts';

const BYTES = 3312;
const EXPONENT = -8;

/** A price account. Confidence is a ten-thousandth of the price. */
export function priceAccount(price: bigint, slot: bigint): Account {
  const data = Buffer.alloc(BYTES);
  for (const [index, value] of [0xa1b2c3d4, 2, 3, BYTES, 1].entries())
    data.writeUInt32LE(value, index * 4);
  data.writeInt32LE(EXPONENT, 20);
  data.writeUInt32LE(3, 24);
  data.writeUInt32LE(3, 28);
  data.writeBigUInt64LE(slot, 32);
  data.writeBigUInt64LE(slot, 40);
  data.writeBigInt64LE(price * 100n, 48);
  data.writeBigInt64LE(price * 100n, 208);
  data.writeBigUInt64LE((price * 100n) / 10_000n, 216);
  data.writeUInt32LE(1, 224);
  data.writeBigUInt64LE(slot, 232);
  return {
    lamports: 50_000_000n,
    owner: PYTH.toBase58(),
    data: new Uint8Array(data),
    executable: false,
  };
}

/** The price of a price account in PRICE precision, its confidence, and its age in slots. */
export function readQuote(
  account: Account,
  slot: bigint,
): { price: bigint; confidence: bigint; delay: bigint } {
  const data = bufferOf(account.data);
  return {
    price: data.readBigInt64LE(208) / 100n,
    confidence: data.readBigUInt64LE(216) / 100n,
    delay: slot - data.readBigUInt64LE(40),
  };
}
