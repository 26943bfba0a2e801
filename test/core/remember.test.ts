// Remember: results are computed once, and a full memory keeps what was asked for lately.
import { expect, test } from 'vitest';
import { createRemembered } from '../../src/core/remember.ts';

test('a result is computed once, null and undefined included', () => {
  const asked: string[] = [];
  const find = createRemembered((key: string) => {
    asked.push(key);
    return key === 'nothing' ? undefined : key.length;
  }, 10);
  expect([find('one'), find('one'), find('nothing'), find('nothing')]).toEqual([
    3,
    3,
    undefined,
    undefined,
  ]);
  expect(asked).toEqual(['one', 'nothing']);
});

test('a full memory keeps the last half of what was asked for, and is never emptied', () => {
  const asked: number[] = [];
  const find = createRemembered((key: number) => {
    asked.push(key);
    return key;
  }, 10);
  const round = (...keys: readonly number[]) => {
    asked.length = 0;
    for (const key of keys) find(key);
    return [...asked];
  };
  const many = Array.from({ length: 40 }, (_, index) => index);
  expect(round(...many)).toEqual(many);
  // The last five are known also when others were asked for, and stay known while others come.
  expect(round(35, 36, 37, 38, 39)).toEqual([]);
  expect(round(100, 36, 101, 36, 102, 36, 103, 36)).toEqual([100, 101, 102, 103]);
  // What was not asked for since is dropped.
  expect(round(0)).toEqual([0]);
});
