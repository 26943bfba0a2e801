// Act: what is kept of a request has no secret in it, and the person who asked has a plain name.
import { expect, test } from 'vitest';
import { personOf, withoutSecrets } from '../../src/core/act.ts';

test('a name is 1 to 100 printable characters, kept without spaces around it', () => {
  expect(personOf('  Ana-Maria O’Neil (ops) ')).toBe('Ana-Maria O’Neil (ops)');
  expect(personOf('x')).toBe('x');
  expect(personOf('x'.repeat(100))).toBe('x'.repeat(100));
  expect(personOf('whsec_1')).toBe('whsec_…');
  for (const text of ['', '   ', 'x'.repeat(101), 'a\nb', 'a\u0000', '\u202Eabc', 'abc\u202E'])
    expect(personOf(text), JSON.stringify(text)).toBeNull();
});

test('fields named like secrets are hidden, at any depth', () => {
  const given = {
    secret: 'a',
    clientSecret: 'b',
    Password: 'c',
    key: 'd',
    keys: [{ key: ['e'] }, 'whsec_1'],
    keyName: 'f',
    apikey: 'g',
  };
  expect(withoutSecrets(given)).toEqual({
    secret: '…',
    clientSecret: '…',
    Password: '…',
    key: '…',
    keys: [{ key: '…' }, 'whsec_…'],
    keyName: 'f',
    apikey: 'g',
  });
});

test('a URL loses its tokens, a text its keys and NULs, and everything else stays', () => {
  expect(
    withoutSecrets({
      url: 'https://host/?a=secret',
      deep: { url: 7 },
      note: 'https://host/?a=1 a\0b',
      none: null,
      flag: false,
    }),
  ).toEqual({
    url: 'https://host/?a=…',
    deep: { url: 7 },
    note: 'https://host/?a=1 ab',
    none: null,
    flag: false,
  });
  expect(withoutSecrets(null)).toBeNull();
  expect(withoutSecrets(undefined)).toBeUndefined();
});
