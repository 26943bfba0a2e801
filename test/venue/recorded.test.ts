// Recorded: results of the compiled program of 2024-06 in this project's scenarios (npm run
// record-fixtures), heard on a machine that does not have it: decoders, hearing and translation are
// compared with its bytes.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Watched } from '../../src/core/watch-ports.ts';
import type { Account } from '../../src/local/chain/account.ts';
import { DRIFT } from '../../src/local/drift/addresses.ts';
import { eventsIn } from '../../src/local/drift/log.ts';
import { translateLogs } from '../../src/local/drift/translation.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hear } from '../support/hear.ts';
import { type Recorded, readRecording } from '../support/recording.ts';
import { verdictOf } from '../support/verdict.ts';

const { histories } = readRecording(
  readFileSync(path.join(import.meta.dirname, '../fixtures/venue-transactions.json'), 'utf8'),
);
const all = Object.values(histories).flat();

const watchedOf = ({ users }: Recorded): Map<string, Watched> =>
  new Map(
    users.map(({ address }) => [address, { address, subscriberId: address, role: 'drift_user' }]),
  );
const account = (data: Uint8Array): Account => ({
  lamports: 1n,
  owner: DRIFT.toBase58(),
  data,
  executable: false,
});
function translated({ transaction, users }: Recorded): Recorded['transaction'] {
  const at = (side: 'before' | 'after') => (address: string) => {
    const found = users.find((each) => each.address === address);
    return found === undefined ? null : account(found[side]);
  };
  const after = transaction.error === null ? at('after') : null;
  return { ...transaction, logs: translateLogs(transaction.logs, at('before'), after) };
}

test('every recorded scenario has transactions, and most touch a watched account', () => {
  for (const [name, recorded] of Object.entries(histories))
    expect(recorded, name).not.toHaveLength(0);
  expect(all.filter(({ users }) => users.length > 0).length).toBeGreaterThan(all.length / 2);
});

describe.each(Object.entries(histories))('%s', (_, recorded) => {
  test('translated, the facts of each transaction are what the accounts say, to the unit', () => {
    for (const each of recorded) {
      const facts = hear(DRIFT_V2, translated(each), watchedOf(each));
      for (const user of each.users)
        expect(verdictOf(DRIFT_V2, facts, user), each.transaction.signature).toBe('explained');
    }
  });
  test('as that build wrote them, what is not told is left to the account’s state, never guessed', () => {
    for (const each of recorded) {
      const facts = hear(DRIFT_V2, each.transaction, watchedOf(each));
      for (const user of each.users)
        expect(['explained', 'reckoned']).toContain(verdictOf(DRIFT_V2, facts, user));
      const fills = eventsIn(each.transaction.logs).some(
        ({ name, fields }) => name === 'OrderActionRecord' && fields.action === 'fill',
      );
      expect(facts.some(({ body }) => body.kind === 'unknown')).toBe(fills);
      expect(facts.filter(({ body }) => body.kind === 'close')).toEqual([]);
    }
  });
});

test('token accounts hold on both sides what the node tells of them, and a failed transaction changes nothing', () => {
  let [told, failed] = [0, 0];
  for (const { transaction, users, others } of all) {
    if (transaction.error !== null)
      for (const each of [...users, ...others]) {
        failed++;
        expect(each.after).toEqual(each.before);
      }
    for (const { address, before, after } of others) {
      const balance = transaction.tokenBalances.find(({ account: at }) => at === address);
      if (balance === undefined) continue;
      told++;
      const held = (data: Uint8Array) => Buffer.from(data).readBigUInt64LE(64);
      expect([balance.before, balance.after]).toEqual([held(before), held(after)]);
    }
  }
  expect(told).toBeGreaterThan(50);
  expect(failed).toBeGreaterThan(10);
});

test('the recording holds every error that scenarios end with', () => {
  const errors = all.flatMap(({ transaction }) => {
    const found = /"Custom":(\d+)/.exec(JSON.stringify(transaction.error));
    return found === null ? [] : [Number(found[1])];
  });
  for (const code of [1, 2001, 3010, 6003, 6010, 6024, 6128, 6149, 6158, 6214, 6260])
    expect(errors).toContain(code);
});

test('the recording holds every kind that it is kept for', () => {
  const kinds = new Set<string>();
  let closes = 0;
  for (const each of all) {
    closes += hear(DRIFT_V2, translated(each), watchedOf(each)).filter(
      ({ body }) => body.kind === 'close',
    ).length;
    for (const { name, fields } of eventsIn(each.transaction.logs))
      kinds.add(`${name} ${fields.liquidationType ?? fields.action ?? ''}`.trim());
    if (each.transaction.error !== null) kinds.add('failed');
  }
  expect(closes).toBeGreaterThan(1);
  for (const kind of [
    'failed',
    'DepositRecord',
    'SwapRecord',
    'OrderActionRecord fill',
    'OrderActionRecord trigger',
    'OrderActionRecord cancel',
    'LiquidationRecord liquidatePerp',
    'LiquidationRecord liquidateSpot',
    'LiquidationRecord liquidateBorrowForPerpPnl',
    'LiquidationRecord liquidatePerpPnlForDeposit',
    'LiquidationRecord perpBankruptcy',
    'LiquidationRecord spotBankruptcy',
  ])
    expect([...kinds]).toContain(kind);
});
