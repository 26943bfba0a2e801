// Statements: a page reads the figures of all its shares at once, and a reader that is gone has
// nothing more read.
import { expect, test } from 'vitest';
import { explanationOf } from '../../src/core/explain.ts';
import { openStatements } from '../support/statement-desk.ts';

const SHARES = 21;
const WAITING = new AbortController().signal;

test('a statement of many shares is read with as many statements as one of a single share', async () => {
  await using held = await openStatements(SHARES - 1);
  const desk = held.deskOf();
  const link = held.link();
  const one = await held.asks(() => desk.read(link, 1, WAITING));
  const all = await held.asks(() => desk.read(link, SHARES, WAITING));
  expect(all).toBe(one);
  const { rows } = await desk.read(link, SHARES, WAITING);
  expect(rows).toHaveLength(SHARES);
  const sentences = await Promise.all(
    rows.map(async ({ share }) => (await explanationOf(held.ledger.shares, share.id))?.sentence),
  );
  expect(rows.map((row) => row.sentence)).toEqual(sentences);
  expect(sentences.filter((each) => each?.includes('brought from another system'))).toHaveLength(1);
  expect(sentences.filter((each) => each?.includes('10 % of that is'))).toHaveLength(SHARES - 1);
  const { rows: first } = await desk.read(link, 2, WAITING);
  expect(first.filter((row) => row.sentence !== null)).toHaveLength(2);
});

test('once the request is late or its client gone, nothing more is read for it', async () => {
  await using held = await openStatements(1);
  const ended = new AbortController();
  const desk = held.deskOf();
  // The client goes while the shares are listed.
  const { lists } = held.ledger;
  const leaving = held.deskOf({
    ledger: {
      ...held.ledger,
      lists: {
        ...lists,
        async total(...asked) {
          ended.abort();
          return lists.total(...asked);
        },
      },
    },
  });
  const whole = await held.asks(() => desk.read(held.link(), 1, WAITING));
  const refused = { code: 'not_ready' };
  // The ledger with the client that goes is not counted: what follows the list is.
  expect(
    await held.asks(() =>
      expect(leaving.read(held.link(), 1, ended.signal)).rejects.toMatchObject(refused),
    ),
  ).toBe(0);
  expect(
    await held.asks(() =>
      expect(desk.read(held.link(), 1, ended.signal)).rejects.toMatchObject(refused),
    ),
  ).toBe(0);
  expect(whole).toBeGreaterThan(0);
});
