// Asked: the calls to nodes that daemons made, by the part of the daemon that asked and the method.
import type { Stage } from './burst-stage.ts';
import { say } from './say.ts';

/** Calls of each daemon since its start, by the part that asked and the method. */
export type Asked = readonly ReadonlyMap<string, number>[];

const ASKED = /^bailiff_rpc_source_calls_total\{method="(\w+)".*source="([\w-]+)"\} (\d+)/gm;

/** The calls of each daemon since its start, from its metrics. */
export const askedOf = ({ daemons }: Pick<Stage, 'daemons'>): Promise<Asked> =>
  Promise.all(
    daemons.map(async ({ url }) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const counts = new Map<string, number>();
      for (const [, method, source, count] of text.matchAll(ASKED)) {
        const key = `${source} ${method}`;
        counts.set(key, (counts.get(key) ?? 0) + Number(count));
      }
      return counts;
    }),
  );
const SEARCHES = ['scan', 'walk-joined'].map((source) => `${source} getSignaturesForAddress`);
/**
 * The histories that the daemons searched since their start, for changes and of accounts that
 * joined.
 */
export const scansOf = async (daemons: Stage['daemons']): Promise<number> =>
  (await askedOf({ daemons })).reduce(
    (sum, counts) => sum + SEARCHES.reduce((own, each) => own + (counts.get(each) ?? 0), 0),
    0,
  );
/** Prints the calls between two readings, a column for each daemon, the most frequent first. */
export function sayAsked(before: Asked, after: Asked): void {
  const keys = [...new Set(after.flatMap((each) => [...each.keys()]))];
  const rows = keys.map((key) => ({
    key,
    counts: after.map((each, nth) => (each.get(key) ?? 0) - (before[nth]?.get(key) ?? 0)),
  }));
  const sum = (counts: readonly number[]): number => counts.reduce((all, each) => all + each, 0);
  for (const { key, counts } of rows.toSorted((a, b) => sum(b.counts) - sum(a.counts)))
    if (sum(counts) > 0) say(`    ${String(sum(counts)).padStart(5)} ${key}: ${counts.join(', ')}`);
}
