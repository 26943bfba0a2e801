// Gather: callers share requests without a timer, each gets its own answer, and an answer is never
// older than the question.
import { expect, test } from 'vitest';
import { createGatherer, createShared, upTo, upToDistinct } from '../../src/core/gather.ts';

/** A request whose answer is given by hand. */
function byHand() {
  const asked: {
    questions: readonly number[];
    answer: (value: readonly number[]) => void;
    fail: (thrown: Error) => void;
  }[] = [];
  const ask = (questions: readonly number[]) =>
    new Promise<readonly number[]>((answer, fail) => asked.push({ questions, answer, fail }));
  return { asked, ask };
}

test('the first question goes at once; those that come meanwhile share the next request', async () => {
  const { asked, ask } = byHand();
  const answerOf = createGatherer(ask, { count: upTo(3), atOnce: 1 });
  const all = [answerOf(1)];
  await Promise.resolve();
  all.push(answerOf(2), answerOf(3), answerOf(4), answerOf(5));
  await Promise.resolve();
  expect(asked.map((each) => each.questions)).toEqual([[1]]);
  asked[0]?.answer([10]);
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.answer([20, 30, 40]);
  await expect.poll(() => asked.length).toBe(3);
  asked[2]?.answer([50]);
  expect(await Promise.all(all)).toEqual([10, 20, 30, 40, 50]);
});

test('a question that goes ahead is put before those that wait, behind others that go ahead', async () => {
  const { asked, ask } = byHand();
  const ahead = (question: number) => question >= 100;
  const answerOf = createGatherer(ask, { count: upTo(2), atOnce: 1, ahead });
  const all = [answerOf(1)];
  await Promise.resolve();
  all.push(...[2, 3, 100, 4, 101].map(answerOf));
  await Promise.resolve();
  asked[0]?.answer([1]);
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.answer([100, 101]);
  await expect.poll(() => asked.length).toBe(3);
  asked[2]?.answer([2, 3]);
  await expect.poll(() => asked.length).toBe(4);
  asked[3]?.answer([4]);
  expect(asked.map((each) => each.questions)).toEqual([[1], [100, 101], [2, 3], [4]]);
  expect(await Promise.all(all)).toEqual([1, 2, 3, 100, 4, 101]);
});

test('an error, or a wrong number of answers, fails the questions of that request alone', async () => {
  const { asked, ask } = byHand();
  const answerOf = createGatherer(ask, { count: upTo(2), atOnce: 1 });
  const all = Promise.allSettled([1, 2, 3, 4, 5].map(answerOf));
  await expect.poll(() => asked.length).toBe(1);
  asked[0]?.fail(new Error('no'));
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.answer([30]);
  await expect.poll(() => asked.length).toBe(3);
  asked[2]?.answer([50]);
  expect((await all).map((each) => each.status)).toEqual([
    'rejected',
    'rejected',
    'rejected',
    'rejected',
    'fulfilled',
  ]);
});

test('a request in which a question is refused is repeated question by question', async () => {
  const refused = new RangeError('7 is refused');
  const answerOf = createGatherer<number, number>(
    async (questions) => {
      if (questions.includes(7)) throw refused;
      return questions.map((each) => each * 10);
    },
    { count: upTo(9), atOnce: 1, apart: (thrown) => thrown === refused },
  );
  const found = await Promise.allSettled([6, 7, 8].map(answerOf));
  expect(found).toMatchObject([{ value: 60 }, { reason: refused }, { value: 80 }]);
});

test('a shared answer was asked for after the call', async () => {
  const asked: ((value: number) => void)[] = [];
  const read = createShared(() => new Promise<number>((answer) => asked.push(answer)));
  const first = read();
  await Promise.resolve();
  const later = [read(), read()];
  asked[0]?.(1);
  expect(await first).toBe(1);
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.(2);
  expect(await Promise.all(later)).toEqual([2, 2]);
});

test('a request ends before a second question with the same key, and at the most it may hold', () => {
  const count = upToDistinct<string>(3, (question) => question.charAt(0));
  expect(count(['a1', 'b1', 'a2', 'c1'])).toBe(2);
  expect(count(['a1', 'b1', 'c1', 'd1'])).toBe(3);
  expect(count(['a1', 'b1', 'c1', 'a2'])).toBe(3);
  expect([count([]), count(['a1']), count(['a1', 'b1'])]).toEqual([0, 1, 2]);
});

test('each of the questions that could not be answered together is asked by itself', async () => {
  const asked: (readonly number[])[] = [];
  const answerOf = createGatherer<number, number>(
    async (questions) => {
      asked.push(questions);
      if (questions.includes(3)) throw new Error('three is refused');
      return questions.map((each) => each * 10);
    },
    { count: upTo(9), atOnce: 1, apart: () => true },
  );
  const all = await Promise.allSettled([2, 3, 4].map(answerOf));
  expect(all.map((each) => (each.status === 'fulfilled' ? each.value : 'refused'))).toEqual([
    20,
    'refused',
    40,
  ]);
  expect(asked).toEqual([[2, 3, 4], [2], [3], [4]]);
});
