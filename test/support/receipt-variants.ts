// Receipt variants: a receipt with one figure changed by one unit, for every figure that the chain
// or arithmetic shows, and with one address or signature exchanged.
import { Keypair } from '@solana/web3.js';
import type { Address } from '../../src/core/ids.ts';
import type { Receipt } from '../../src/core/receipt.ts';

/**
 * What no chain shows: the slot of the state before the first terms. Readers refuse another version
 * and kind.
 */
const LEFT_OUT = new Set(['held.slot', 'version', 'kind']);

type Node = Record<string, unknown>;

/** Each variant by the place of its change. */
export function* variantsOf(receipt: Receipt): Generator<[string, Receipt]> {
  const stranger = Keypair.generate().publicKey.toBase58() as Address;
  const changed = (value: unknown): unknown[] => {
    if (typeof value === 'bigint') return [value + 1n, value - 1n];
    if (typeof value === 'number') return [value + 1];
    if (typeof value === 'boolean') return [!value];
    if (typeof value === 'string' && value.length > 30) return [stranger];
    return [];
  };
  function* within(
    value: unknown,
    at: string,
    put: (to: unknown) => Receipt,
  ): Generator<[string, Receipt]> {
    if (LEFT_OUT.has(at)) return;
    if (typeof value !== 'object' || value === null) {
      for (const to of changed(value)) yield [`${at}: ${value} → ${to}`, put(to)];
      return;
    }
    if (Array.isArray(value)) {
      for (const [index, each] of value.entries()) {
        yield* within(each, `${at}[${index}]`, (to) => put(value.with(index, to)));
        yield [`${at} without ${index}`, put(value.toSpliced(index, 1))];
        yield [`${at} with ${index} twice`, put(value.toSpliced(index, 0, each))];
      }
      return;
    }
    for (const [name, each] of Object.entries(value))
      yield* within(each, at === '' ? name : `${at}.${name}`, (to) =>
        put({ ...(value as Node), [name]: to }),
      );
  }
  yield* within(receipt, '', (to) => to as Receipt);
}
