// Doctor finding: a part that works needs no remedy; every other finding names one.
import { expect, test } from 'vitest';
import { fine, odd, wrong } from '../../src/core/doctor-finding.ts';

test('each state of a finding', () => {
  expect(fine('a', 'b')).toEqual({ what: 'a', state: 'ok', says: 'b', mend: null });
  expect(odd('a', 'b', 'c')).toEqual({ what: 'a', state: 'warning', says: 'b', mend: 'c' });
  expect(wrong('a', 'b', 'c')).toEqual({ what: 'a', state: 'wrong', says: 'b', mend: 'c' });
});
