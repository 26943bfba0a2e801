// Remember: keeps results that take long to compute, within a bound. The results live in two
// halves: when the newer half is full, the older one is dropped, so that results that were asked
// for lately stay, and a full memory is never emptied at once.

/**
 * Creates a function that computes each result once, as long as it is asked for among the last
 * `most` / 2 different ones; at most `most` results are kept.
 */
export function createRemembered<K, T>(make: (key: K) => T, most: number): (key: K) => T {
  let newer = new Map<K, { readonly value: T }>();
  let older: typeof newer = new Map();
  return (key) => {
    const known = newer.get(key);
    if (known !== undefined) return known.value;
    const entry = older.get(key) ?? { value: make(key) };
    if (newer.size >= most / 2) {
      older = newer;
      newer = new Map();
    }
    newer.set(key, entry);
    return entry.value;
  };
}
