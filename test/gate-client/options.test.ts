// Options: a URL or key that can never work is refused when the client is made, in words, without
// showing a secret.
import { expect, test } from 'vitest';
import { checkApiKey, checkUrl } from '../../src/gate-client/options.ts';

test.each([
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
  ['https://bailiff.example//', 'https://bailiff.example'],
  ['  HTTPS://Bailiff.example/under/a/path/ ', 'https://bailiff.example/under/a/path'],
])('%s is read as %s', (given, read) => expect(checkUrl(given)).toBe(read));

test.each([
  ['localhost:8090', 'must begin with http:// or https://, such as http://localhost:8090'],
  ['bailiff.example', 'such as http://bailiff.example'],
  ['ftp://bailiff.example', 'must begin with http:// or https://'],
  ['', 'is empty'],
  [undefined as unknown as string, 'is empty'],
  ['http://', 'cannot be read'],
  ['http://ana:secret@bailiff.example', 'must not hold a user or password'],
  ['ana:secret@bailiff.example', 'such as http://bailiff.example'],
  ['http://bailiff.example/?key=secret', 'must not have a query'],
])('%s is refused in words', (given, words) => {
  const refused = { code: 'url_invalid', message: expect.stringContaining(words) };
  expect(() => checkUrl(given)).toThrow(expect.objectContaining(refused));
  const told = { message: expect.not.stringContaining('secret') };
  expect(() => checkUrl(given)).toThrow(expect.objectContaining(told));
});

test('a key is trimmed; one that no header can carry is refused and not shown', () => {
  expect(checkApiKey('abc\n')).toBe('abc');
  expect(checkApiKey('')).toBeNull();
  expect(checkApiKey(undefined)).toBeNull();
  expect(() => checkApiKey('secret\nsecret')).toThrow(
    expect.objectContaining({
      code: 'api_key_invalid',
      message: expect.not.stringContaining('secret'),
    }),
  );
});
