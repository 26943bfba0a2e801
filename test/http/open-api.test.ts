// Open API: an API without keys serves the programs of its machine, and no web page that a browser
// on that machine shows.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { expect, test } from 'vitest';
import { openStreet } from '../support/street.ts';

/** Sends a request to halt all payments, as a page or a program would. Resolves with the answer. */
const halting = (url: string, headers: IncomingHttpHeaders) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = httpRequest(`${url}/v1/halts`, { method: 'PUT', headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += String(chunk);
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end(JSON.stringify({ scope: 'all', reason: 'a drill' }));
  });

test('an API without keys serves its machine, and refuses pages of elsewhere', async () => {
  await using street = await openStreet();
  const { url } = street.app();
  const { host, port } = new URL(url);
  const json = { 'content-type': 'application/json' };
  const halts = async () =>
    ((await (await fetch(`${url}/v1/halts`)).json()) as { halts: unknown[] }).halts;
  const refused: [string, IncomingHttpHeaders][] = [
    ['a page of another site', { host, origin: 'https://evil.example' }],
    ['a page of another port', { host, origin: 'http://127.0.0.1:4' }],
    ['a page without an origin of its own', { host, origin: 'null' }],
    ['a name that resolves to loopback', { host: `evil.example:${port}` }],
    [
      'a page under such a name',
      { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
    ],
    ['a name that begins like loopback', { host: `127.0.0.1.evil.example:${port}` }],
  ];
  for (const [from, headers] of refused) {
    const { status, text } = await halting(url, { ...json, ...headers });
    expect([from, status]).toEqual([from, 401]);
    expect(JSON.parse(text)).toMatchObject({
      title: 'unauthorised',
      detail: expect.stringContaining('api-keys create'),
    });
  }
  expect(await halts()).toEqual([]);
  for (const name of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'localhost'])
    expect((await halting(url, { ...json, host: name })).status).toBeLessThan(300);
  const page = { ...json, host: `localhost:${port}`, origin: `http://localhost:${port}` };
  expect((await halting(url, page)).status).toBeLessThan(300);
  expect(await halts()).toHaveLength(1);
});

test('an API with keys serves under any name, by its key alone', async () => {
  const key = 'k'.repeat(32);
  await using street = await openStreet({
    settings: (given) => ({ ...given, secrets: { ...given.secrets, apiKeys: [key] } }),
  });
  const headers = {
    'content-type': 'application/json',
    host: 'bailiff.example',
    origin: 'https://console.example',
  };
  const { url } = street.app();
  expect((await halting(url, headers)).status).toBe(401);
  expect((await halting(url, { ...headers, authorization: `Bearer ${key}` })).status).toBe(204);
});
