// Nonce look: what a daemon signs and sends for a payment that is on its way under a nonce.
import { expect, test } from 'vitest';
import type { Trouble } from '../../src/core/trouble.ts';
import { createSettle, type SettleOptions, type SettlePorts } from '../../src/flows/settle.ts';
import { absentAt, laneWith, PAYMENT } from '../support/lane.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';

const SPONSOR = addressOf(71);
const NONCE = { account: addressOf(70), value: 'v1', slot: 5 };
const UNKNOWN_PROGRAM: Trouble = {
  class: 'needs_authorisation',
  code: 'venue_program_unknown',
  detail: 'x',
};

/**
 * A payment under a nonce that a daemon has sent and that no node knows. `follow` has a daemon with
 * these settings look for it ten times, ten seconds apart, and returns what was sent meanwhile.
 */
async function underWay() {
  const lane = await laneWith([absentAt(0)]);
  const { clock, ledger } = lane;
  await ledger.payments.refused('p1', UNKNOWN_PROGRAM, 0, false);
  const account = { subscriberId: 'ana', account: NONCE.account, authority: SPONSOR, rent: 1n };
  await ledger.nonces.asked(account, 0);
  await ledger.nonces.note('ana', null, NONCE);
  const payment = { ...PAYMENT, id: 'p2', nonce: NONCE };
  expect(await ledger.payments.open(payment)).toBe(true);
  let cancellations = 0;
  const settleAs = (mode: SettleOptions['mode'], objection: Trouble | null) =>
    createSettle(
      {
        ...lane.ports,
        conformance: { objection: () => objection },
        fees: { ...lane.ports.fees, microLamports: async () => 10n, priorityFeeMost: 1_000_000n },
        nonces: {
          advance: () => ({}),
          read: () => ({ seen: 'value', value: NONCE.value }),
        },
        pen: {
          ...lane.ports.pen,
          sponsor: SPONSOR,
          signNonce: async () => {
            const number = 900 + ++cancellations;
            return { signature: signatureOf(number), bytes: Uint8Array.of(9) };
          },
        },
        chain: { ...lane.ports.chain, slices: async () => ({ slot: 9, accounts: [null] }) },
      } as unknown as SettlePorts,
      { ...lane.options, mode },
    );
  const first = settleAs('settle', null);
  const never = new AbortController().signal;
  await first.run('ana', never);
  expect(await ledger.payments.live('ana')).toMatchObject({ id: 'p2', state: 'sent' });
  return {
    ledger,
    async follow(mode: SettleOptions['mode'], objection: Trouble | null = null) {
      const settle = settleAs(mode, objection);
      const before = lane.sent.length;
      for (let times = 0; times < 10; times++) {
        clock.advance(10_000);
        await settle.run('ana', never);
      }
      return lane.sent.slice(before);
    },
    variants: async () =>
      (await ledger.payments.live('ana'))?.variants?.map(({ purpose }) => purpose),
  };
}

test('a daemon that settles signs further variants; one that observes sends again what is signed', async () => {
  const { follow, variants } = await underWay();
  const again = await follow('observe');
  expect(again.length).toBeGreaterThan(4);
  expect(new Set(again).size).toBe(1);
  expect(await variants()).toEqual(['payment']);
  await follow('settle');
  expect((await variants())?.length).toBeGreaterThan(1);
});

test('a daemon that observes signs no cancellation, and sends no payment that is to be cancelled', async () => {
  const { ledger, follow, variants } = await underWay();
  await ledger.halts.set('subscriber:ana', 'drill');
  expect(await follow('observe')).toEqual([]);
  expect(await variants()).toEqual(['payment']);
  await follow('settle');
  expect(await variants()).toEqual(['payment', 'cancel']);
});

test('while the venue’s program is unknown no variant is signed, and a halt still cancels', async () => {
  const { ledger, follow, variants } = await underWay();
  const again = await follow('settle', UNKNOWN_PROGRAM);
  expect(again.length).toBeGreaterThan(4);
  expect(await variants()).toEqual(['payment']);
  await ledger.halts.set('subscriber:ana', 'drill');
  await follow('settle', UNKNOWN_PROGRAM);
  expect(await variants()).toEqual(['payment', 'cancel']);
});
