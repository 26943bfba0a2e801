// Auth: nobody is let in by a read that failed.
import { expect, test } from 'vitest';
import { createAuthority } from '../../src/http/auth.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

test('until it was read that no key was ever made, nobody is let in without one', async () => {
  const clock = createManualClock();
  let reachable = false;
  const keys = {
    async live() {
      if (!reachable) throw new Error('Postgres is gone');
      return { ever: false, keys: [] };
    },
  };
  const authority = createAuthority({ configured: [], keys, clock, log });
  expect(authority.judge(undefined, '/v1/halts')).toBe('unknown');
  await authority.refresh();
  expect(authority.judge(undefined, '/v1/halts')).toBe('unknown');
  reachable = true;
  await authority.refresh();
  expect(authority.judge(undefined, '/v1/halts')).toBe('yes');
});
