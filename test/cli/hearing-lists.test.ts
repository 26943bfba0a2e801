// Hearing lists: an operator sees with one command what no fact explains and what cannot be read,
// and closes a suspicion.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Opened, Tools } from '../../src/cli/command-tools.ts';
import { addListening } from '../../src/cli/hearing.ts';
import { createOutput } from '../../src/cli/output.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { signatureOf } from '../support/ledger.ts';
import { accountOf, createListening } from '../support/listening.ts';

/** The commands over a ledger with the subscriber ana. */
async function commands() {
  const held = await createListening(['ana']);
  const opened = { parts: { ledger: held.ledger }, settings: {}, log } as unknown as Opened;
  const run = async (...args: string[]) => {
    const said: string[] = [];
    let code = -1;
    const tools: Tools = {
      clock: held.clock,
      output: () => createOutput({ json: false, say: (text) => said.push(text), terminal: null }),
      byWhom: () => ({ actor: 'command', person: null }),
      exitWith(given) {
        code = given;
      },
      look: async (work) => tools.exitWith(await work(opened)),
      act: async (_, __, work) => tools.exitWith(await work(opened)),
    };
    const program = new Command().exitOverride();
    addListening(program, tools);
    await program.parseAsync(['hearing', ...args], { from: 'user' });
    return { code, said: said.join('\n') };
  };
  return { ...held, run, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

test('gaps, set-aside histories and accounts that are not followed are listed with what is the matter', async () => {
  await using held = await commands();
  const { ledger, clock, run } = held;
  expect(await run('list')).toEqual({
    code: 0,
    said: 'Nothing differs, and nothing is set aside.',
  });
  const nowMs = clock.nowMs();
  const failed = { nowMs, firstMs: 1_000, mostMs: 9_000 };
  await ledger.asides.put({
    ...failed,
    kind: 'history',
    subject: accountOf('ana'),
    reason: 'The node gave no answer.',
  });
  const beyond = { address: accountOf('bo'), subscriberId: 'ana', fromSlot: 5, namedSlot: 6 };
  await ledger.unfollowed.add(beyond, nowMs);
  const { code, said } = await run('list');
  expect(code).toBe(3);
  const [, ...lines] = said.split('\n');
  expect(lines.map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
    ['unfollowed', accountOf('bo'), 'ana'],
    ['aside history', accountOf('ana'), '-'],
    [expect.stringContaining('bailiff hearing accept')],
  ]);
  expect(said).toContain('1 failure, tried again at ');
  expect(said).toContain('The node gave no answer.');
});

test('a gap is listed with the counters that differ alone', async () => {
  await using held = await commands();
  const gap = {
    address: accountOf('ana'),
    subscriberId: 'ana',
    sinceMs: 0,
    difference: { ...NO_COUNTERS, realised: -7n },
  };
  held.ledger.checks.gaps = async () => [gap];
  const { code, said } = await held.run('list');
  expect(code).toBe(3);
  expect(said).toContain('no fact explains: realised -7\n');
});

test('a suspicion is listed, and closed by a person', async () => {
  await using held = await commands();
  expect(await held.run('suspicions')).toEqual({ code: 0, said: 'No subscriber is suspected.' });
  await held.sql`
    insert into suspicion (subscriber_id, amount, notices, kinds, signature, slot)
    values ('ana', 1000000, 1, '["off_price_fill"]', ${signatureOf(1)}, 5)`;
  const listed = await held.run('suspicions');
  expect(listed.code).toBe(3);
  expect(listed.said).toMatch(/ana +1\.000000 USDC .*fills far off the oracle/);
  const review = ['review', 'ana', '--reason', 'Looked at the fills.'];
  expect((await held.run(...review)).code).toBe(0);
  expect((await held.run('suspicions')).code).toBe(0);
  await expect(held.run(...review)).rejects.toMatchObject({ code: 'not_found' });
});
