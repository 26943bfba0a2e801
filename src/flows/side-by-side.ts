// Side by side: does work on many items side by side, with a limit on how many at once.

/**
 * Does the work on every item in order, `most` at a time. When a work throws, no further item is
 * begun, and the error is thrown once the running ones have ended.
 */
export async function sideBySide<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly thrown: unknown } | null = null;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined && failure === null; item = items[next++]) {
      try {
        await work(item);
      } catch (thrown) {
        failure ??= { thrown };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  const ended = failure as { readonly thrown: unknown } | null;
  if (ended !== null) throw ended.thrown;
}
