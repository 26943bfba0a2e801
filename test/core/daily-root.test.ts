// Daily root: every leaf of a day leads to its root by its path, and nothing else does.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  climb,
  commitmentOf,
  compareHashes,
  hexOf,
  joinLevel,
  leafHash,
  pathIn,
  paymentLeaf,
  placeOf,
  saltOf,
} from '../../src/core/daily-root.ts';

const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
/** The root over hashes of leaves in their order. Without a leaf it is the hash of nothing. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves;
  while (level.length > 1) level = joinLevel(level, hash);
  return level[0] ?? hash(new Uint8Array());
}
const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => leafHash(Uint8Array.of(1), `leaf ${at}`, hash)).sort(
    compareHashes,
  );

describe('a tree', () => {
  test('has a path from each leaf to its root, which leads there from no other leaf', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), (count) => {
        const leaves = leavesOf(count);
        const root = hexOf(rootOf(leaves));
        const levels = [leaves];
        while ((levels.at(-1)?.length ?? 0) > 1) levels.push(joinLevel(levels.at(-1) ?? [], hash));
        for (const [index, leaf] of leaves.entries()) {
          expect(placeOf(leaves, leaf)).toBe(index);
          const path = pathIn(levels, index);
          expect(hexOf(climb(leaf, path, hash))).toBe(root);
          const other = leafHash(Uint8Array.of(2), `leaf ${index}`, hash);
          expect(hexOf(climb(other, path, hash))).not.toBe(root);
          expect(placeOf(leaves, other)).toBe(-1);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('is that of RFC 6962 over the same leaves', () => {
    /** The definition of section 2.1 there: split at the largest power of two below the count. */
    const defined = (leaves: readonly Uint8Array[]): Uint8Array => {
      const [first] = leaves;
      if (first === undefined) return hash(new Uint8Array());
      if (leaves.length === 1) return first;
      const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
      const halves = [defined(leaves.slice(0, split)), defined(leaves.slice(split))];
      return hash(Buffer.concat([Uint8Array.of(1), ...halves]));
    };
    for (let count = 0; count <= 70; count++) {
      const leaves = leavesOf(count);
      expect(hexOf(rootOf(leaves)), `${count} leaves`).toBe(hexOf(defined(leaves)));
    }
  });
});

test('the format is pinned: another release makes the same hashes of the same records', () => {
  const secret = new Uint8Array(32).fill(3);
  const payment = { id: 'p1', signature: 'sig', slot: 7, mint: 'mint', amount: 12n };
  const text = paymentLeaf(payment);
  expect(text).toBe('["payment","p1","sig",7,"mint","12"]');
  const salt = saltOf(secret, text, hash);
  const root = hexOf(rootOf([leafHash(salt, text, hash)]));
  const claim = { genesisHash: 'here', day: '2026-11-26', leaves: 1, root, previous: null };
  const direct = (...parts: (string | Uint8Array)[]) =>
    hash(Buffer.concat(parts.map((each) => Buffer.from(each as string))));
  expect(hexOf(salt)).toBe(hexOf(direct(secret, direct(text)).subarray(0, 16)));
  expect(root).toBe(hexOf(direct(Uint8Array.of(0), salt, text)));
  expect(commitmentOf(claim, hash)).toBe(
    hexOf(direct(`["bailiff.root",1,"here","2026-11-26",1,"${root}",null]`)),
  );
});

test('bytes and hexadecimal are each other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(bytesOf(hexOf(bytes))).toEqual(bytes);
    }),
  );
});
