// Window: work on many items side by side, at most so many at once.

/**
 * Does the work on every item, `most` at a time, in their order. What a work throws ends the others
 * before their next item, and is thrown once all are done.
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
