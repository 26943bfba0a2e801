// Sessions: what a cookie of the console stands for, and when it ends.
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { CONSOLE_HEADER, createSessions, installSessions } from '../../src/http/sessions.ts';

const MINUTE_MS = 60_000;
const cookieOf = (set: string): string => set.split(';')[0] ?? '';

function made() {
  let nowMs = 1_000_000;
  const sessions = createSessions({ nowMs: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { sessions, pass };
}

test('a session ends unused, by its age, and when it is ended', () => {
  const { sessions, pass } = made();
  const cookie = cookieOf(sessions.begin('Bearer one', false));
  const other = cookieOf(sessions.begin('Bearer two', true));
  expect(sessions.authorization(`a=b; ${cookie}`)).toBe('Bearer one');
  expect(sessions.authorization('bailiff_session=guess')).toBeUndefined();
  expect(sessions.authorization(undefined)).toBeUndefined();
  pass(29 * MINUTE_MS);
  expect(sessions.authorization(cookie)).toBe('Bearer one');
  pass(29 * MINUTE_MS);
  expect(sessions.authorization(cookie)).toBe('Bearer one');
  expect(sessions.authorization(other)).toBeUndefined();
  for (let minutes = 58; minutes < 12 * 60; minutes += 20) {
    expect(sessions.authorization(cookie)).toBe('Bearer one');
    pass(20 * MINUTE_MS);
  }
  expect(sessions.authorization(cookie)).toBeUndefined();
  const third = cookieOf(sessions.begin('Bearer three', false));
  expect(sessions.end(third)).toContain('Max-Age=0');
  expect(sessions.authorization(third)).toBeUndefined();
});

test('the cookie cannot be read by scripts, and is kept to TLS behind a proxy that has it', () => {
  const { sessions } = made();
  expect(sessions.begin('Bearer x', false)).toMatch(
    /; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
  );
  expect(sessions.begin('Bearer x', true)).toContain('; Secure');
});

test('the session that was used longest ago gives way to the thousand-and-first', () => {
  const { sessions } = made();
  const first = cookieOf(sessions.begin('Bearer first', false));
  const second = cookieOf(sessions.begin('Bearer second', false));
  for (let n = 2; n < 1_000; n++) sessions.begin(`Bearer ${n}`, false);
  expect(sessions.authorization(first)).toBe('Bearer first');
  sessions.begin('Bearer more', false);
  expect(sessions.authorization(second)).toBeUndefined();
  expect(sessions.authorization(first)).toBe('Bearer first');
});

test('a cookie counts only with the header of the console, and never over a key', async () => {
  const { sessions } = made();
  const app = Fastify();
  installSessions(app, sessions);
  app.get('/who', async ({ headers }) => ({ who: headers.authorization ?? null }));
  const cookie = cookieOf(sessions.begin('Bearer one', false));
  const who = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/who', headers })).json<{ who: string | null }>().who;
  expect(await who({ cookie })).toBeNull();
  expect(await who({ cookie, [CONSOLE_HEADER]: '1' })).toBe('Bearer one');
  expect(await who({ cookie, [CONSOLE_HEADER]: '1', authorization: 'Bearer own' })).toBe(
    'Bearer own',
  );
  await app.close();
});
