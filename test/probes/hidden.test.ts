// Hidden: no finding about Postgres hides what else is wrong. Only a ledger that lacks a migration,
// or that does not answer, is not looked at; the doctor says so, and judges nothing by empty lists.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { report } from '../../src/cli/doctor.ts';
import { createOutput } from '../../src/cli/output.ts';
import type { Finding } from '../../src/core/doctor-finding.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { probeAll } from '../../src/probes/probes.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import type { Settings } from '../../src/system/settings.ts';
import { createDatabase } from '../support/database.ts';
import { openStreet, type Street } from '../support/street.ts';

const HALTED = 'a person halted everything';

let street: Street;
beforeAll(async () => {
  street = await openStreet();
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await createLedger(street.database.sql).halts.set('all', HALTED);
});
afterAll(() => street[Symbol.asyncDispose]());

/** The report of the doctor with a wrong master key, and with these secrets. */
async function reportWith(over: Partial<Settings['secrets']>, clock = systemClock) {
  const { settings } = street;
  const webhookUrl = `${street.app().url}/webhooks/helius`;
  const secrets = { ...settings.secrets, masterKey: new Uint8Array(32).fill(9), ...over };
  const given = { ...settings, secrets, helius: { ...settings.helius, webhookUrl } };
  const found = await probeAll(given, null, clock, silentLog);
  const lines: string[] = [];
  const output = createOutput({ json: false, say: (text) => lines.push(text), terminal: null });
  return { found, code: report(found, output), text: lines.join('\n') };
}
const of = (found: readonly Finding[], what: string): Finding[] =>
  found.filter((each) => each.what === what);

test('a pooler whose role lacks the settings of a session hides nothing', async () => {
  const { databaseUrl } = street.settings.secrets;
  const direct = await reportWith({});
  // With a direct URL DATABASE_URL counts as a pooler: its sessions have the settings of the role.
  const pooled = await reportWith({ directDatabaseUrl: databaseUrl });
  expect(of(pooled.found, 'postgres').map(({ state }) => state)).toContain('warning');
  for (const { found, code, text } of [direct, pooled]) {
    expect(code).toBe(3);
    expect(text).toContain(HALTED);
    expect(of(found, 'master key')).toMatchObject([{ state: 'wrong' }]);
    for (const what of ['rights', 'migrations', 'helius', 'program'])
      expect(of(found, what), what).toMatchObject([{ state: 'ok' }]);
    expect(of(found, 'ledger')).toEqual([]);
  }
});

test('a direct URL that leads nowhere, and a clock that is off, hide nothing either', async () => {
  const nowhere = await reportWith({ directDatabaseUrl: 'postgres://x:y@127.0.0.1:1/none' });
  expect(nowhere.text).toContain('Check BAILIFF_DIRECT_DATABASE_URL');
  const late = { ...systemClock, nowMs: () => systemClock.nowMs() + 60_000 };
  const off = await reportWith({}, late);
  expect(of(off.found, 'clock')).toHaveLength(1);
  for (const { found, text } of [nowhere, off]) {
    expect(text).toContain(HALTED);
    expect(of(found, 'master key')).toMatchObject([{ state: 'wrong' }]);
  }
});

test('a ledger that is not read is named, and nothing is judged by its lists', async () => {
  await using empty = await createDatabase({ empty: true });
  const reports = [
    await reportWith({ databaseUrl: 'postgres://x:y@127.0.0.1:1/none' }),
    await reportWith({ databaseUrl: empty.url }),
  ];
  expect(of(reports[1]?.found ?? [], 'migrations')).toMatchObject([
    { state: 'warning', says: 'this database has no ledger' },
  ]);
  for (const { found, text } of reports) {
    for (const what of ['ledger', 'helius', 'nonces'])
      expect(of(found, what), what).toMatchObject([
        { state: 'warning', says: expect.stringContaining('not looked at') },
      ]);
    expect(of(found, 'ledger')[0]?.says).toMatch(
      /rights, writes, connections, keys, signers, .*halts/,
    );
    expect(text).not.toContain('not watched');
    // This release was proven on the program, which needs no voucher then.
    expect(of(found, 'program')).toMatchObject([{ state: 'ok' }]);
  }
});
