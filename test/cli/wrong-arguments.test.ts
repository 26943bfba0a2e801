// Wrong arguments: a command that is called wrongly says so in a sentence and ends with 2, and
// writes nothing; a file whose columns are not clear is refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { openStreet, type Street } from '../support/street.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wrong-'));
let street: Street;
beforeAll(async () => {
  street = await openStreet();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await street[Symbol.asyncDispose]();
});

test.each([
  [['acts', 'review', 'zz', '--reason', 'a test']],
  [['roots', 'check', 'abc']],
  [['roots', 'check', '2026-02-30']],
  [['roots', 'list', '--after', 'yesterday']],
  [['api-keys', 'create', '', '--scopes', 'gate:read']],
  [['api-keys', 'create', 'x'.repeat(65), '--scopes', 'gate:read']],
  [['halt', 'all', '--reason', '']],
  [['halt', 'all', '--reason', 'no\nline']],
  [['earnings', '--since', '2026-02-30']],
])('wrong arguments are told in a sentence, with exit code 2: %j', async (args) => {
  const { code, out } = await runCommand(street, args);
  expect(out).not.toMatch(/Error:|\n\s+at /);
  expect(code).toBe(2);
});

test.each([
  [['replay', 'xyz'], 2, 'xyz is no transaction signature'],
  [['backfill', '--from-slot', 'first'], 2, '--from-slot must be a slot'],
  [['backfill', '--subscriber', 'ghost'], 1, 'No account of subscriber ghost is watched.'],
  [['subscribers', 'show', 'ghost'], 1, 'Subscriber ghost is not registered.'],
  [['keys', 'use-service', 'ghost', 'vault', 'k'], 1, 'Subscriber ghost is not registered.'],
  [['shares', 'retry', 'ps_9'], 1, 'There is no profit share ps_9.'],
  [['shares', 'void', 'ps_9', '--reason', 'a test'], 1, 'There is no profit share ps_9.'],
  [['api-keys', 'revoke', '9'], 1, 'bailiff api-keys list'],
  [['roots', 'check', '2026-01-01'], 1, 'bailiff roots list'],
])('what does not exist is named, with where to look: %j', async (args, ends, says) => {
  const { code, out } = await runCommand(street, args);
  expect(out).toContain(says);
  expect(code).toBe(ends);
});

test('a CSV that names a column twice is refused as a whole', async () => {
  const file = path.join(folder, 'twice.csv');
  writeFileSync(
    file,
    'kind,id,subscriber,subscription,amount,amount\ndebt,d1,ana,ana-1,5000000,7\n',
  );
  const { code, out } = await runCommand(street, ['import', file]);
  expect(out).toContain('The first line names the columns 5 and 6 alike.');
  expect(code).toBe(3);
});

test('a body as text/plain is no body of this API, and a HEAD of the stream is answered', async () => {
  const { url } = street.app();
  const told = await fetch(`${url}/v1/halts`, {
    method: 'PUT',
    headers: { 'content-type': 'text/plain' },
    body: JSON.stringify({ scope: 'all', reason: 'a test' }),
  });
  expect(told.status).toBe(415);
  expect(await told.json()).toMatchObject({ title: 'encoding_unsupported' });
  const head = await fetch(`${url}/v1/gate/stream`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
});
