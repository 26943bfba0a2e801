// Subscribers: the verdict that `bailiff gate` prints is the daemon's, personal doubts included.
import { expect, test } from 'vitest';
import { type Asked, decide } from '../../src/cli/subscribers.ts';
import { blankState } from '../../src/core/reckoning.ts';
import { judge } from '../../src/core/standing.ts';
import { loadSettings } from '../../src/system/settings.ts';
import { signatureOf } from '../support/ledger.ts';
import { accountOf, createListening, type Listening } from '../support/listening.ts';

const { gate } = loadSettings({});

async function verdictOf(
  { ledger, clock }: Listening,
  who: string,
  leadTo: 'ignore' | 'report' | 'unknown' = 'report',
) {
  const asked: Asked = {
    parts: { ledger, chain: { slot: async () => 1_000 } },
    settings: { gate: { ...gate, suspicions: { ...gate.suspicions, leadTo } } },
  };
  const { verdict, reason } = await decide(asked, { clock }, who, 'open');
  return [verdict, reason];
}

test('in good standing, without any doubt, is allow', async () => {
  await using held = await createListening(['ana']);
  await held.ledger.standings.update('ana', judge);
  expect(await verdictOf(held, 'ana')).toEqual(['allow', 'In good standing.']);
});

test('a subscriber is found by its agent wallet as well', async () => {
  await using held = await createListening(['ana', 'bo']);
  await held.ledger.standings.update('ana', judge);
  const wallet = (await held.ledger.subscribers.find('ana'))?.agentWallet ?? '';
  expect(await verdictOf(held, wallet)).toEqual(['allow', 'In good standing.']);
  expect((await verdictOf(held, 'eve'))[1]).toMatch(/not registered/);
});

test('a token account that is not followed makes it unknown, and for nobody else', async () => {
  await using held = await createListening(['ana', 'bo']);
  const beyond = { address: accountOf('eve'), subscriberId: 'ana', fromSlot: 5, namedSlot: 6 };
  await held.ledger.unfollowed.add(beyond, 0);
  const [verdict, reason] = await verdictOf(held, 'ana');
  expect([verdict, reason]).toEqual(['unknown', expect.stringContaining('100 token accounts')]);
  expect(await verdictOf(held, 'bo')).toEqual(['allow', 'In good standing.']);
});

test('a suspicion makes it unknown where the platform chose so', async () => {
  await using held = await createListening(['ana']);
  await held.sql`
    insert into suspicion (subscriber_id, amount, notices, kinds, signature, slot)
    values ('ana', 1000000, 1, '["off_price_fill"]', ${signatureOf(1)}, 5)`;
  expect((await verdictOf(held, 'ana', 'report'))[0]).toBe('allow');
  expect((await verdictOf(held, 'ana', 'unknown'))[0]).toBe('unknown');
});

test('an account that no node shows has no standing', async () => {
  await using held = await createListening(['ana']);
  const account = { address: accountOf('ana'), subscriberId: 'ana', role: 'drift_user' } as const;
  await held.ledger.checks.begin(account, blankState(40));
  const [verdict, reason] = await verdictOf(held, 'ana');
  expect([verdict, reason]).toEqual(['unknown', expect.stringContaining('No Drift account')]);
});
