// Clock back: a daemon takes its time from Postgres (ADR 40), whose clock may be set back by an
// hour when a replica is promoted or NTP corrects a server. A rest of a node, a rest of a service
// that signs and a rate of calls last as long afterwards as before, because they count the time
// that passed.
import { expect, test } from 'vitest';
import { createCallRate } from '../../src/chain/call-rate.ts';
import { createPool } from '../../src/chain/pool.ts';
import { createRemoteSigners } from '../../src/chain/remote-signers.ts';
import type { Address } from '../../src/core/ids.ts';
import { setByLedger } from '../../src/core/ledger-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

const HOUR_MS = 3_600_000;

/** A daemon's clock, and Postgres, whose clock can be set. */
async function daemon() {
  const machine = createManualClock();
  const clock = setByLedger(machine, machine.elapsedMs);
  const set = (byMs: number) => clock.set(async () => clock.nowMs() + byMs);
  await set(0);
  return { clock, set, advance: machine.advance };
}

test.each([-HOUR_MS, HOUR_MS])(
  'a node that asked for a pause of a second rests for a second when the clock is set by %i ms',
  async (byMs) => {
    const { clock, set, advance } = await daemon();
    let asked = 0;
    let limited = true;
    const send = async () => {
      asked++;
      return limited ? new Response('', { status: 429 }) : new Response('ok');
    };
    const pool = createPool([{ name: 'only', send }], clock);
    await pool.send('http://node');
    limited = false;
    const before = asked;
    await set(byMs);
    expect(pool.status()[0]?.restsMs).toBe(1_000);
    advance(1_000);
    expect(pool.status()[0]?.restsMs).toBe(0);
    expect(await (await pool.send('http://node')).text()).toBe('ok');
    expect(asked - before).toBe(1);
  },
);

test('a node that failed is preferred again after two seconds, though the clock was set back', async () => {
  const { clock, set, advance } = await daemon();
  let fails = true;
  const first = async () => {
    if (fails) throw new TypeError('connection refused');
    return new Response('first');
  };
  const nodes = [
    { name: 'first', send: first },
    { name: 'second', send: async () => new Response('second') },
  ];
  const pool = createPool(nodes, clock);
  const ask = async () => (await pool.send('http://node')).text();
  expect(await ask()).toBe('second');
  fails = false;
  await set(-HOUR_MS);
  expect(await ask()).toBe('second');
  advance(2_000);
  expect(await ask()).toBe('first');
});

test('a refused rate of calls rises again after the clock was set back, and calls wait no longer', async () => {
  const { clock, set, advance } = await daemon();
  const rate = createCallRate(clock, 100);
  await rate.take(10);
  rate.refused();
  const refused = rate.perSecond() ?? expect.fail('no rate');
  await set(-HOUR_MS);
  advance(10_000);
  expect(rate.perSecond()).toBeGreaterThan(refused);
  const beganMs = clock.elapsedMs();
  await rate.take(1);
  expect(clock.elapsedMs() - beganMs).toBeLessThan(1_000);
});

test('a service that gave no signature is asked again after its rest, though the clock was set back', async () => {
  const { clock, set, advance } = await daemon();
  const opener = async () => {
    throw new Error('HTTP 503');
  };
  const remote = createRemoteSigners({
    openers: new Map([['vault', opener]]),
    answerMs: 5_000,
    clock,
    log: silentLog,
  });
  const signer = remote.signer('agent' as Address, { service: 'vault', key: 'agent' });
  await expect(signer.sign(new Uint8Array(1))).rejects.toMatchObject({
    code: 'signer_unavailable',
  });
  expect(remote.obstacle('vault')).toMatchObject({ code: 'signer_unavailable' });
  await set(-HOUR_MS);
  advance(1_000);
  expect(remote.obstacle('vault')).toBeNull();
});
