// Redaction: what looks like a key never stays in a text or a URL; plain texts stay as they are.
import { expect, test } from 'vitest';
import { withoutSecretText, withoutSecretUrl } from '../../src/core/redaction.ts';

const keypair = (numbers: number) =>
  `[${Array.from({ length: numbers }, (_, at) => at).join(', ')}]`;

test.each([
  ['a query', 'see ?api-key=abc and &token=d"', 'see ?api-key=… and &token=…"'],
  [
    'every name of a key',
    '?API_KEY=a&apikey=b&key=c&secret=d',
    '?API_KEY=…&apikey=…&key=…&secret=…',
  ],
  ['a password in a URL', 'postgres://bailiff:pass@host/db', 'postgres://bailiff:…@host/db'],
  ['two passwords', 'a://u:p@h b://v:q@i', 'a://u:…@h b://v:…@i'],
  ['a header', 'Bearer abc.def and basic  Zm9v=', 'Bearer … and basic …'],
  ['a signing secret', 'whsec_AbC+/= whsec_2', 'whsec_… whsec_…'],
  ['an API key', 'bailiff_live_0123456789abcdef', 'bailiff_live_…'],
  ['a keypair', `key ${keypair(64)}, of 32 ${keypair(32)}`, 'key […], of 32 […]'],
  ['a keypair with spaces', `[ 255 ,${' 255 ,'.repeat(31)} 255 ]`, '[…]'],
])('%s is taken out', (_, text, shown) => expect(withoutSecretText(text)).toBe(shown));

test.each([
  'a lower key=abc without a query',
  'postgres://bailiff@host/db and 12:30@noon',
  'Bearers of news',
  'xwhsec_1',
  'bailiff_live_short',
  keypair(31),
  '[1234, 1]',
])('"%s" stays', (text) => expect(withoutSecretText(text)).toBe(text));

test('a URL keeps its host and its path, and loses tokens, values and passwords', () => {
  const token = 'abcd1234567890123456';
  expect(withoutSecretUrl(`https://u:p@host:8443/hooks/${token}/x?a=1&b=2#frag`)).toBe(
    'https://host:8443/hooks/abcd…/x?a=…&b=…',
  );
  expect(withoutSecretUrl('https://host/plain')).toBe('https://host/plain');
  const short = token.slice(1);
  expect(withoutSecretUrl(`https://host/${short}`)).toBe(`https://host/${short}`);
  expect(withoutSecretUrl(`https://host/${token}.html`)).toBe(`https://host/${token}.html`);
  expect(withoutSecretUrl(`https://host/x.${token}`)).toBe(`https://host/x.${token}`);
  expect(withoutSecretUrl('no URL, whsec_1')).toBe('no URL, whsec_…');
});
