// Picture samples: makes the answers of a daemon the same in every run. Signatures, slots and ids
// become samples of the same form; a world of one minute tells no day of payments, so that one is
// put in its place.
import type { Route } from 'playwright-core';
import { base58Text } from '../../src/core/ids.ts';
import type { OwnDaemon } from '../bench/own-daemon.ts';
import { hashOf, LAMPORTS, SHOWN_AT } from './picture-world.ts';

/** Everything with a slot, a signature or an id that a page of this subscriber shows. */
async function answersOf({ ask }: OwnDaemon, id: string): Promise<unknown[]> {
  const at = `/v1/subscribers/${id}`;
  const routes = ['facts?limit=100', 'closes', 'subscriptions'].map((each) => `${at}/${each}`);
  const lists = ['shares', 'payments'].map((each) => `/v1/${each}?subscriber=${id}`);
  return Promise.all([...routes, ...lists].map(async (route) => (await ask(route)).json()));
}

/** Calls `see` with each object within a value. */
function walk(value: unknown, see: (object: Record<string, unknown>) => void): void {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) see(value as Record<string, unknown>);
  for (const each of Object.values(value)) walk(each, see);
}

const FIRST_SLOT = 372_000_000;
const SLOTS_APART = 161_803;
const SHORTLY = 12;
const LINK_ENDS = '2026-11-07 14:40';

/**
 * Returns a function that puts samples in the place of signatures, slots and ids in an answer of
 * the daemon. The slot of a transaction becomes one by its rank, another slot one shortly after the
 * transaction before it, and a signature or id one by the slot of its row.
 */
async function steadying(daemon: OwnDaemon): Promise<(text: string) => string> {
  const answers = await Promise.all(Object.keys(LAMPORTS).map((id) => answersOf(daemon, id)));
  const found = new Set<number>();
  walk(answers, ({ slot, signature }) => {
    if (typeof slot === 'number' && typeof signature === 'string') found.add(slot);
  });
  const slots = [...found].sort((a, b) => a - b);
  const sampleSlot = (slot: number): number => {
    const rank = slots.findLastIndex((each) => each <= slot);
    return FIRST_SLOT + rank * SLOTS_APART + (slots[rank] === slot ? 0 : SHORTLY);
  };
  const samples = new Map<string, string>();
  walk(answers, ({ slot, signature, id, close }) => {
    const own = slot ?? (close as { slot?: unknown } | undefined)?.slot;
    if (typeof own !== 'number') return;
    const sample = (what: string): string => base58Text(hashOf(`${what} ${sampleSlot(own)}`));
    if (typeof signature === 'string') samples.set(signature, sample('transaction'));
    if (typeof id === 'string' && id.startsWith('ps_'))
      samples.set(id, `ps_${sample('share').slice(0, 22)}`);
  });
  const known = new RegExp([...samples.keys()].join('|'), 'g');
  return (text) =>
    text
      .replace(known, (each) => samples.get(each) ?? each)
      .replace(
        /(slot"?:? ?)(\d{9})/gi,
        (_, before: string, slot: string) => `${before}${sampleSlot(Number(slot))}`,
      )
      .replace(/(?<=opened until )[\d: -]+(?= UTC)/, LINK_ENDS);
}

/** Payments of each of the 24 hours before, and their median in seconds. */
const PAYMENTS = [2, 0, 1, 3, 5, 4, 2, 0, 0, 1, 0, 2, 3, 6, 8, 5, 4, 3, 7, 9, 6, 4, 5, 3];
const MEDIANS = [
  18, 0, 19, 17, 21, 18, 18, 0, 0, 17, 0, 19, 18, 22, 26, 19, 18, 18, 31, 24, 20, 18, 19, 18,
];
const HOUR_MS = 3_600_000;
/** How long ago each source was heard, in ms; another one 400, the time of a slot. */
const HEARD_MS: Readonly<Record<string, number>> = {
  webhooks: 8_000,
  backfill: 41_200,
  sweep: 2_000,
};
const SLOT_MS = 400;
const LAST_SLOT = 379_999_999;

type Source = { lastSlot: number | null; ageMs: number | null };
/** An answer with the hours of payments, or with the ages of sources, of the samples. */
function withSamples(text: string): string {
  const told = JSON.parse(text) as { hours?: unknown[]; sources?: Record<string, Source> };
  const last = Math.floor(Date.parse(SHOWN_AT) / HOUR_MS) * HOUR_MS;
  if (told.hours !== undefined)
    told.hours = PAYMENTS.map((payments, nth) => ({
      at: new Date(last - (PAYMENTS.length - 1 - nth) * HOUR_MS).toISOString(),
      payments,
      medianMs: (MEDIANS[nth] ?? 0) * 1_000,
    })).filter(({ payments }) => payments > 0);
  for (const [name, source] of Object.entries(told.sources ?? {})) {
    source.ageMs = HEARD_MS[name] ?? SLOT_MS;
    source.lastSlot = LAST_SLOT - source.ageMs / SLOT_MS;
  }
  return JSON.stringify(told);
}

/**
 * Returns what answers the requests of a page: it asks the daemon, and says the same each time that
 * the page asks again.
 */
export async function sampling(daemon: OwnDaemon): Promise<(route: Route) => Promise<void>> {
  const steady = await steadying(daemon);
  const said = new Map<string, string>();
  return async (route) => {
    const { href, pathname } = new URL(route.request().url());
    const response = await route.fetch();
    const text = said.get(href) ?? steady(await response.text());
    if (pathname !== '/statements') said.set(href, text);
    const isTold = ['/v1/overview', '/v1/hearing'].includes(pathname) && response.ok();
    await route.fulfill({ response, body: isTold ? withSamples(text) : text });
  };
}
