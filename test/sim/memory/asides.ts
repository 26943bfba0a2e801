// Asides: the list of things that cannot be read for now, in memory.
import { restMs } from '../../../src/core/backoff.ts';
import type { Asides } from '../../../src/core/hearing-ports.ts';
import type { State } from './state.ts';

export function createMemoryAsides(state: State): Asides {
  const keyOf = (kind: string, subject: string): string => `${kind}/${subject}`;
  return {
    async put({ kind, subject, nowMs, firstMs, mostMs }) {
      const attempts = (state.asides.get(keyOf(kind, subject))?.attempts ?? 0) + 1;
      const retryMs = nowMs + restMs({ firstMs, mostMs }, attempts);
      state.asides.set(keyOf(kind, subject), { kind, subject, attempts, retryMs });
      return { attempts, retryMs };
    },
    async clear(kind, subject) {
      const attempts = state.asides.get(keyOf(kind, subject))?.attempts ?? 0;
      state.asides.delete(keyOf(kind, subject));
      return attempts;
    },
    of: async (kind) =>
      new Map(
        [...state.asides.values()]
          .filter((each) => each.kind === kind)
          .map((each) => [each.subject, each.retryMs]),
      ),
    list: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    counts: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    subscribersBefore: () => Promise.reject(new RangeError('nobody asks for this in memory')),
  };
}
