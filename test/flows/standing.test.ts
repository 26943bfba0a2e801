// Standing: a list too long to be judged at once is judged in turns, and nobody is left out.
import { expect, test } from 'vitest';
import { inTurns } from '../../src/flows/standing.ts';

test('everybody has a turn, whoever comes and goes meanwhile', async () => {
  let owing = ['e', 'b', 'a', 'd', 'c'];
  const next = inTurns(async () => owing, 2);
  expect(await next()).toEqual(['a', 'b']);
  expect(await next()).toEqual(['c', 'd']);
  expect(await next()).toEqual(['e']);
  expect(await next()).toEqual(['a', 'b']);
  owing = ['a', 'aa', 'e'];
  expect(await next()).toEqual(['e']);
  expect(await next()).toEqual(['a', 'aa']);
  owing = [];
  expect(await next()).toEqual([]);
  owing = ['a'];
  expect(await next()).toEqual(['a']);
});
