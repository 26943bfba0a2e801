// Roots: the route lists the daily roots oldest first, a page at a time, and tells where to go on.
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import type { ListedRoot } from '../../src/core/root-ports.ts';
import { rootRoutes } from '../../src/http/roots.ts';

const MEMO = {
  signature: '5'.repeat(88) as Signature,
  outcome: 'landed',
  slot: 7,
  commitment: 'cd'.repeat(32),
} as const;
const rootOf = (day: string, previous: string | null): ListedRoot => ({
  day,
  leaves: 3,
  root: 'ab'.repeat(32),
  previous,
  commitment: 'cd'.repeat(32),
  madeAtMs: Date.UTC(2026, 10, 27, 1, 2, 3),
  memo: previous === null ? MEMO : null,
});
const DAYS = [
  rootOf('2026-11-24', null),
  rootOf('2026-11-25', 'cd'.repeat(32)),
  rootOf('2026-11-26', 'cd'.repeat(32)),
];

test('pages of roots go on after the last day that was shown, and end with null', async () => {
  const asked: unknown[] = [];
  await using app = Fastify();
  await app.register(rootRoutes, {
    roots: {
      list: async (given) => {
        asked.push(given);
        const later = DAYS.filter(({ day }) => given.after === null || day > given.after);
        return later.slice(0, given.limit);
      },
    },
  });
  const page = async (query: string) => {
    const answer = await app.inject(`/v1/roots?${query}`);
    return { status: answer.statusCode, body: answer.json() };
  };
  const first = await page('limit=2');
  expect(first).toMatchObject({ status: 200, body: { next: '2026-11-25' } });
  expect(first.body.roots).toEqual([
    {
      day: '2026-11-24',
      leaves: 3,
      root: 'ab'.repeat(32),
      previous: null,
      commitment: 'cd'.repeat(32),
      madeAt: '2026-11-27T01:02:03.000Z',
      memo: MEMO,
    },
    expect.objectContaining({ day: '2026-11-25', previous: 'cd'.repeat(32), memo: null }),
  ]);
  const last = await page('limit=2&after=2026-11-25');
  expect(last.body).toMatchObject({ roots: [{ day: '2026-11-26' }], next: null });
  // One row more than the page is read, which tells whether there is another page.
  expect(asked).toEqual([
    { after: null, limit: 3 },
    { after: '2026-11-25', limit: 3 },
  ]);
  expect((await page('after=yesterday')).status).toBe(400);
});
