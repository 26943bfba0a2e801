// Act: what is kept of a request has no secret in it, and the person who asked has a plain name.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import { personOf, withoutSecrets } from '../../src/core/act.ts';
import { base58Text } from '../../src/core/ids.ts';

test('a name is 1 to 100 printable characters, kept without spaces around it', () => {
  expect(personOf('  Ana-Maria O’Neil (ops) ', redaction)).toBe('Ana-Maria O’Neil (ops)');
  expect(personOf('x', redaction)).toBe('x');
  expect(personOf('x'.repeat(100), redaction)).toBe('x'.repeat(100));
  expect(personOf('whsec_1', redaction)).toBe('whsec_…');
  for (const text of ['', '   ', 'x'.repeat(101), 'a\nb', 'a\u0000', '\u202Eabc', 'abc\u202E'])
    expect(personOf(text, redaction), JSON.stringify(text)).toBeNull();
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
  expect(withoutSecrets(given, redaction)).toEqual({
    secret: '…',
    clientSecret: '…',
    Password: '…',
    key: '…',
    keys: [{ key: '…' }, 'whsec_…'],
    keyName: 'f',
    apikey: 'g',
  });
});

test('a keypair is hidden in every form, and a signature of its length stays', () => {
  const { secretKey } = Keypair.generate();
  // The halves of a signature belong together no more than those of two keypairs.
  const other = Keypair.generate().secretKey.subarray(32);
  const signature = base58Text(Buffer.concat([secretKey.subarray(0, 32), other]));
  const texts = [
    base58Text(secretKey),
    ...(['hex', 'base64'] as const).map((form) => Buffer.from(secretKey).toString(form)),
  ];
  for (const text of texts) {
    expect(withoutSecrets({ note: `it is ${text}.` }, redaction), text).not.toMatchObject({
      note: expect.stringContaining(text.slice(0, 40)),
    });
    expect(redaction.holdsKeypair(text)).toBe(true);
  }
  expect(withoutSecrets({ note: `see ${signature}` }, redaction)).toEqual({
    note: `see ${signature}`,
  });
  expect(redaction.holdsKeypair(signature)).toBe(false);
  const listed = [[...secretKey], [...secretKey.subarray(0, 32)]];
  expect(withoutSecrets(listed, redaction)).toEqual(['[…]', '[…]']);
  const ids = Array.from({ length: 64 }, (_, at) => at);
  expect(withoutSecrets({ subAccountIds: ids }, redaction)).toEqual({ subAccountIds: ids });
});

test('a URL loses its tokens, a text its keys and NULs, and everything else stays', () => {
  expect(
    withoutSecrets(
      {
        url: 'https://host/?a=secret',
        deep: { url: 7 },
        note: 'https://host/?a=1 a\0b',
        none: null,
        flag: false,
      },
      redaction,
    ),
  ).toEqual({
    url: 'https://host/?a=…',
    deep: { url: 7 },
    note: 'https://host/?a=1 ab',
    none: null,
    flag: false,
  });
  expect(withoutSecrets(null, redaction)).toBeNull();
  expect(withoutSecrets(undefined, redaction)).toBeUndefined();
});
