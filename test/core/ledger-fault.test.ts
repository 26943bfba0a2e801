// Ledger fault: each failure of Postgres becomes one fault that says what to do; others stay.
import { expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { ledgerFault } from '../../src/core/ledger-fault.ts';

const thrown = (code: unknown) => Object.assign(new Error('as it was told'), { code });

test.each([
  ['ECONNREFUSED', /Nothing listens/],
  ['ENOTFOUND', /cannot be resolved/],
  ['EAI_AGAIN', /cannot be resolved/],
  ['ETIMEDOUT', /does not answer/],
  ['EHOSTUNREACH', /does not answer/],
  ['ENETUNREACH', /does not answer/],
  ['CONNECT_TIMEOUT', /does not answer/],
  ['28P01', /refuses user or password/],
  ['3D000', /no database/],
  ['42501', /lacks a right/],
  ['53300', /max_connections, or CONNECTION LIMIT of the role/],
  ['25006', /read-only/],
  ['53100', /disk/],
  ['53200', /memory or another resource/],
  ['58030', /cannot read or write its files/],
  ['08006', /connection to Postgres was lost/],
  ['57P01', /connection to Postgres was lost/],
  ['ECONNRESET', /If there never was one, .* host and port of a Postgres/],
  ['EPIPE', /If there never was one, .* host and port of a Postgres/],
  ['CONNECTION_CLOSED', /If there never was one, .* host and port of a Postgres/],
  ['57014', /statement_timeout\), or another client cancelled it/],
  ['40P01', /because of another one .* Nothing of it was written: ask again/],
  ['40001', /because of another one .* Nothing of it was written: ask again/],
  ['55P03', /because of another one .* Nothing of it was written: ask again/],
  ['25P03', /lasted too long .* Nothing of it was written: ask again/],
  ['25P04', /lasted too long .* Nothing of it was written: ask again/],
])('%s says what to do, and what was told', (code, sentence) => {
  const fault = ledgerFault(thrown(code)) as Fault;
  expect(fault.code).toBe('ledger_unavailable');
  expect(fault.message).toMatch(sentence);
  expect(fault.message).toMatch(/\(as it was told\)$/);
  expect(fault.cause).toMatchObject({ code });
});

test('an error that is no failure of Postgres stays as it is', () => {
  const others = [
    null,
    undefined,
    'text',
    new Error('plain'),
    new Fault('not_found', 'no such thing'),
    // Codes that only begin, end or contain like a known one.
    'XECONNREFUSED',
    '23505',
    '153300',
    '533001',
    '142501',
    '425011',
    '13D000',
    '3D0001',
    '1ENOTFOUND',
    'ENOTFOUNDS',
    'XETIMEDOUT',
    'ETIMEDOUTS',
    '128',
    '250061',
    '125006',
    '1400P1',
    '40P011',
    '25P05',
    '153100',
    '531001',
    '157014',
    '570141',
    '108',
    '157P',
  ].map((each) => (typeof each === 'string' ? thrown(each) : each));
  for (const each of others) expect(ledgerFault(each)).toBe(each);
  const numeric = thrown(28);
  expect(ledgerFault(numeric)).toBe(numeric);
  const known = Object.assign(new Fault('not_found', 'no such thing'), { code: 'not_found' });
  expect(ledgerFault(known)).toBe(known);
});
