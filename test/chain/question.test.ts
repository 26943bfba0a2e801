// Question: questions of one method share requests while several are under way, and each gets its
// own answer, also from providers that answer batches in another order, in part, or not at all.
import { Connection } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { askNode } from '../../src/chain/question.ts';
import { carryWith } from '../../src/chain/rpc.ts';

type Asked = { readonly id: number; readonly method: string; readonly params: [string] };
type Answer = (asked: Asked | readonly Asked[]) => { status?: number; body: unknown };

const answered = (asked: Asked) => ({ jsonrpc: '2.0', id: asked.id, result: `of ${asked.params}` });
const isBatch = (asked: Asked | readonly Asked[]): asked is readonly Asked[] =>
  Array.isArray(asked);
/** A node that answers batches in the reverse order. */
const willing: Answer = (asked) => ({
  body: isBatch(asked) ? asked.map(answered).reverse() : answered(asked),
});

function setUp(answer: Answer) {
  /** How many questions each request carried. */
  const carried: number[] = [];
  const connection = new Connection('http://127.0.0.1:1');
  carryWith(connection, async (text) => {
    const asked = JSON.parse(text) as Asked | readonly Asked[];
    carried.push(isBatch(asked) ? asked.length : 1);
    const { status = 200, body } = answer(asked);
    return new Response(JSON.stringify(body), { status });
  });
  const ask = (name: string, method = 'getTransaction') => askNode(connection, method, [name]);
  const askMany = (count: number, method?: string) =>
    Promise.all(Array.from({ length: count }, (_, index) => ask(String(index), method)));
  return { ask, askMany, carried };
}
const results = (count: number) => Array.from({ length: count }, (_, index) => `of ${index}`);

test('one question is a request of its own; forty at once share three', async () => {
  const { ask, askMany, carried } = setUp(willing);
  expect(await ask('a')).toBe('of a');
  expect(await askMany(40)).toEqual(results(40));
  expect(carried).toEqual([1, 16, 16, 8]);
});

test('transactions are sent one by one', async () => {
  const { askMany, carried } = setUp(willing);
  expect(await askMany(3, 'sendTransaction')).toEqual(results(3));
  expect(carried).toEqual([1, 1, 1]);
});

test('a question that a batch answers with an error, or not at all, is put again by itself', async () => {
  const { askMany, carried } = setUp((asked) => {
    if (!isBatch(asked)) return willing(asked);
    const refused = { id: 1, error: { code: -32_600, message: 'not in batches' } };
    return { body: [answered(asked[0] as Asked), refused] };
  });
  expect(await askMany(3)).toEqual(results(3));
  expect(carried).toEqual([3, 1, 1]);
});

test('an error of one question is that of its own alone', async () => {
  const { askMany, carried, ask } = setUp((asked) => {
    const one = (each: Asked) =>
      each.params[0] === '1'
        ? { id: each.id, error: { code: -32_009, message: 'skipped' } }
        : answered(each);
    return { body: isBatch(asked) ? asked.map(one) : one(asked) };
  });
  const [first, second] = await Promise.allSettled([ask('0'), ask('1')]);
  expect([first, second]).toMatchObject([{ value: 'of 0' }, { reason: { code: -32_009 } }]);
  await expect(askMany(2)).rejects.toMatchObject({ message: 'skipped' });
  expect(carried).toEqual([2, 1, 2, 1]);
});

test('a provider that refuses batches is sent three of them, and single questions from then on', async () => {
  const { askMany, carried } = setUp((asked) =>
    isBatch(asked) ? { status: 400, body: { error: 'no batches' } } : willing(asked),
  );
  for (let n = 0; n < 4; n++) expect(await askMany(2)).toEqual(results(2));
  expect(carried).toEqual([2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1]);
});

test('a batch that a node could not answer now fails, and is not put again', async () => {
  const { askMany, carried } = setUp(() => ({ status: 503, body: {} }));
  await expect(askMany(2)).rejects.toThrow('HTTP 503');
  expect(carried).toEqual([2]);
});
