// Auth: no request is let in because a read failed, nor without a key once a key exists, nor beyond
// the scopes of its key.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createAuthority } from '../../src/http/auth.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { createApiKeys } from '../../src/ledger/api-keys.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { openStreet } from '../support/street.ts';

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
  expect(authority.permits(undefined, 'operator')).toBe('unknown');
  await authority.refresh();
  expect(authority.permits(undefined, 'operator')).toBe('unknown');
  reachable = true;
  await authority.refresh();
  expect(authority.permits(undefined, 'operator')).toBe('yes');
});

test('a database that is restored from before the first key does not open the API of a running daemon', async () => {
  const clock = createManualClock();
  let ever = true;
  const keys = { live: async () => ({ ever, keys: [] }) };
  const authority = createAuthority({ configured: [], keys, clock, log });
  await authority.refresh();
  ever = false;
  await authority.refresh();
  expect(authority.permits(undefined, 'operator')).toBe('unknown');
  // A daemon that starts on it knows of no key.
  const anew = createAuthority({ configured: [], keys, clock, log });
  await anew.refresh();
  expect(anew.permits(undefined, 'operator')).toBe('yes');
});

test('each successful read of the keys is told, once they count, and until that is ended', async () => {
  const clock = createManualClock();
  let answer: { ever: boolean; keys: [] } | null = null;
  const keys = {
    async live() {
      if (answer === null) throw new Error('Postgres is gone');
      return answer;
    },
  };
  const authority = createAuthority({ configured: [], keys, clock, log });
  const told: string[] = [];
  const end = authority.onRead(() => told.push(authority.permits(undefined, 'operator')));
  await authority.refresh();
  expect(told).toEqual([]);
  answer = { ever: false, keys: [] };
  await authority.refresh();
  expect(told).toEqual(['yes']);
  answer = { ever: true, keys: [] };
  await authority.refresh();
  expect(told).toEqual(['yes', 'unknown']);
  end();
  await authority.refresh();
  expect(told).toHaveLength(2);
});

test('no request is let in without a key once there is one, nor beyond the scopes of its key', async () => {
  await using closed = await openStreet({
    settings: (given) => ({ ...given, secrets: { ...given.secrets, apiKeys: ['k'.repeat(32)] } }),
  });
  const status = async (name: string, authorization?: string) => {
    const [method = '', path = ''] = name.split(' ');
    const response = await fetch(closed.app().url + path.replace(/\{\w+\}/g, 'x'), {
      method,
      headers: authorization === undefined ? {} : { authorization },
    });
    await response.arrayBuffer();
    return response.status;
  };
  const hash = createHash('sha256').update('gate-only').digest();
  await createApiKeys(closed.database.sql).add({
    id: 'gateonly1',
    name: 'x',
    hash,
    scopes: ['gate:read'],
  });
  // At once: each refusal waits for the next read of the keys, and there are four of them a second.
  await Promise.all(
    Object.keys(ROUTES).map(async (name) => {
      expect(await status(name), name).toBe(401);
      if (!name.includes('/v1/gate'))
        expect(await status(name, 'Bearer gate-only'), name).toBe(403);
    }),
  );
});
