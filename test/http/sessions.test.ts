// Sessions: what a cookie of the console stands for at every daemon of a ledger, and when it ends.
import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import { afterAll, expect, test } from 'vitest';
import { createVault } from '../../src/chain/vault.ts';
import { CONSOLE_HEADER, createSessions, installSessions } from '../../src/http/sessions.ts';
import { createSessionBook } from '../../src/ledger/console-sessions.ts';
import { createTestLedger } from '../support/ledger.ts';
import { sessionsIn } from '../support/rows.ts';

const MINUTE_MS = 60_000;
const cookieOf = (set: string): string => set.split(';')[0] ?? '';

const held = await createTestLedger();
afterAll(() => held[Symbol.asyncDispose]());
const book = createSessionBook(held.sql);
const vaultOf = (byte: number) =>
  createVault({ masterKey: new Uint8Array(32).fill(byte), nextMasterKey: null });

/** The sessions of a daemon, at a time that the test moves on. */
function made(vault = vaultOf(1)) {
  let nowMs = 1_000_000;
  const sessions = createSessions({ sessions: book, vault, clock: { nowMs: () => nowMs } });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { sessions, pass };
}

test('a session ends unused, by its age, and when it is ended', async () => {
  const { sessions, pass } = made();
  const cookie = cookieOf(await sessions.begin('Bearer one', false));
  const other = cookieOf(await sessions.begin('Bearer two', true));
  expect(await sessions.authorization(`a=b; ${cookie}`)).toBe('Bearer one');
  expect(await sessions.authorization('bailiff_session=guess')).toBeUndefined();
  expect(await sessions.authorization(undefined)).toBeUndefined();
  pass(29 * MINUTE_MS);
  expect(await sessions.authorization(cookie)).toBe('Bearer one');
  pass(29 * MINUTE_MS);
  expect(await sessions.authorization(cookie)).toBe('Bearer one');
  expect(await sessions.authorization(other)).toBeUndefined();
  for (let minutes = 58; minutes < 12 * 60; minutes += 20) {
    expect(await sessions.authorization(cookie)).toBe('Bearer one');
    pass(20 * MINUTE_MS);
  }
  expect(await sessions.authorization(cookie)).toBeUndefined();
  const third = cookieOf(await sessions.begin('Bearer three', false));
  expect(await sessions.end(third)).toContain('Max-Age=0');
  expect(await sessions.authorization(third)).toBeUndefined();
});

test('a made-up cookie is refused without asking the ledger', async () => {
  const asked: string[] = [];
  const counting = new Proxy(book, {
    get(target, name: keyof typeof book) {
      asked.push(name);
      return target[name];
    },
  });
  const ports = { vault: vaultOf(1), clock: { nowMs: () => 1_000_000 } };
  const sessions = createSessions({ ...ports, sessions: counting });
  const cookie = cookieOf(await sessions.begin('Bearer mine', false));
  asked.length = 0;
  const id = randomBytes(32).toString('base64url');
  const changed = `${cookie.slice(0, -4)}${cookie.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  const other = createSessions({ ...ports, sessions: book, vault: vaultOf(2) });
  const foreign = cookieOf(await other.begin('Bearer theirs', false));
  for (const each of [`bailiff_session=${id}`, 'bailiff_session=', changed, foreign]) {
    expect(await sessions.authorization(each)).toBeUndefined();
    expect(await sessions.end(each)).toContain('Max-Age=0');
  }
  expect(asked).toEqual([]);
  expect(await sessions.authorization(cookie)).toBe('Bearer mine');
});

test('the cookie cannot be read by scripts, and is kept to TLS behind a proxy that has it', async () => {
  const { sessions } = made();
  expect(await sessions.begin('Bearer x', false)).toMatch(
    /; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
  );
  expect(await sessions.begin('Bearer x', true)).toContain('; Secure');
});

test('every daemon of the ledger knows a session, and ends it for all of them', async () => {
  const [one, other] = [made().sessions, made().sessions];
  const cookie = cookieOf(await one.begin('Bearer key', false));
  expect(await other.authorization(cookie)).toBe('Bearer key');
  // The ledger holds neither the cookie nor the key.
  const rows = await sessionsIn(held);
  expect(rows).not.toEqual([]);
  for (const { sealed } of rows) expect(Buffer.from(sealed).includes('Bearer key')).toBe(false);
  expect(await made(vaultOf(2)).sessions.authorization(cookie)).toBeUndefined();
  await other.end(cookie);
  expect(await one.authorization(cookie)).toBeUndefined();
});

test('without a master key nobody signs in', async () => {
  const { sessions } = made(createVault({ masterKey: null, nextMasterKey: null }));
  await expect(sessions.begin('Bearer x', false)).rejects.toMatchObject({
    code: 'key_unavailable',
  });
});

test('the session that was used longest ago gives way to one more than there may be', async () => {
  const hash = (byte: number) => new Uint8Array(32).fill(byte);
  const at = (usedMs: number) => ({ sealed: Uint8Array.of(1), begunMs: 0, usedMs });
  const keep = { most: 2, begunAfterMs: 0 };
  await using own = await createTestLedger();
  const book = createSessionBook(own.sql);
  await book.put(hash(1), at(30), keep);
  await book.put(hash(2), at(20), keep);
  await book.touch(hash(2), 10);
  await book.put(hash(3), at(40), keep);
  const usedOf = async (...of: number[]) =>
    Promise.all(of.map(async (each) => (await book.find(hash(each)))?.usedMs ?? null));
  expect(await usedOf(1, 2, 3)).toEqual([30, null, 40]);
  // A session that is over by its age goes with the next one that begins.
  await book.put(hash(4), { ...at(50), begunMs: 45 }, { ...keep, begunAfterMs: 1 });
  expect(await usedOf(1, 3, 4)).toEqual([null, null, 50]);
});

test('a cookie counts only with the header of the console, and never over a key', async () => {
  const { sessions } = made();
  await using app = Fastify();
  installSessions(app, sessions);
  app.get('/who', async ({ headers }) => ({ who: headers.authorization ?? null }));
  const cookie = cookieOf(await sessions.begin('Bearer one', false));
  const who = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/who', headers })).json<{ who: string | null }>().who;
  expect(await who({ cookie })).toBeNull();
  expect(await who({ cookie, [CONSOLE_HEADER]: '1' })).toBe('Bearer one');
  expect(await who({ cookie, [CONSOLE_HEADER]: '1', authorization: 'Bearer own' })).toBe(
    'Bearer own',
  );
});
