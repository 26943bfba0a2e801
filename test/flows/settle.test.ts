// Settle: one lane at a time, on the ledger in memory, with a chain whose answers the test sets:
// what is recorded before a byte is sent, what a halt stops, what is sent again, and that age alone
// never proves a payment dead.

import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { Payment } from '../../src/core/payment.ts';
import { absentAt, behind, EXPIRY, laneWith, NODE_SLOT, PAYMENT } from '../support/lane.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';

test('the expiry and the slot of the blockhash are recorded as the node gave them', async () => {
  const lane = await laneWith([absentAt(0)]);
  await lane.run();
  expect(lane.payment()?.signed).toMatchObject({
    lastValidBlockHeight: EXPIRY,
    blockhashSlot: NODE_SLOT,
  });
});

test('a run reads the live payment once, and again only where another process changed it', async () => {
  const lane = await laneWith([
    absentAt(0),
    { seen: 'executed', finality: 'finalized', slot: 90, error: null },
  ]);
  const { payments } = lane.ledger;
  const { live, sent } = payments;
  let reads = 0;
  Object.assign(payments, {
    live: (id: string) => {
      reads++;
      return live(id);
    },
    // Another daemon marks the payment `sent` first.
    sent: async (...step: Parameters<typeof sent>) => {
      await sent(...step);
      return false;
    },
  });
  await lane.run();
  expect([reads, lane.payment()?.state, lane.sent]).toEqual([2, 'sent', []]);
  lane.clock.advance(1_000);
  await lane.run();
  expect([reads, lane.payment()?.state]).toEqual([3, 'landed']);
});

test('a payment that was planned before a halt is not signed after it', async () => {
  const lane = await laneWith([absentAt(0)]);
  await lane.ledger.halts.set('subscriber:ana', 'drill');
  await lane.run();
  expect(lane.signatures()).toBe(0);
  expect(lane.payment()?.state).toBe('failed');
});

test('a payment that was planned before the venue’s program changed is not signed after it', async () => {
  const lane = await laneWith(
    [absentAt(0)],
    {},
    {
      class: 'needs_authorisation',
      code: 'venue_program_unknown',
      detail: 'x',
    },
  );
  await lane.run();
  expect(lane.signatures()).toBe(0);
  expect(lane.payment()?.state).toBe('failed');
});

describe('a payment that was planned for two recipients', () => {
  const RECIPIENTS = [
    ['first', addressOf(40)],
    ['second', addressOf(41)],
  ] as const;
  const recipients = RECIPIENTS.map(([, wallet], at) => ({
    wallet,
    amount: 2n + BigInt(at),
    createAccount: false,
  }));
  const both: Payment = { ...PAYMENT, plan: { ...PAYMENT.plan, recipients } };
  const unsigned = async ({ run, signatures, payment }: Awaited<ReturnType<typeof laneWith>>) => {
    await run();
    expect(signatures()).toBe(0);
    // Its debts are free, and the next plan leaves out the recipient in question.
    expect(payment()?.state).toBe('failed');
  };

  test.each(RECIPIENTS)('is not signed after a halt of the %s one', async (_, wallet) => {
    const lane = await laneWith([absentAt(0)], {}, null, both);
    await lane.ledger.halts.set(`creator:${wallet}`, 'drill');
    await unsigned(lane);
  });

  test.each(RECIPIENTS)(
    'is not signed while a transfer to the %s one is not matched',
    async (_, wallet) => {
      const lane = await laneWith([absentAt(0)], {}, null, both);
      const unmatched = async (_subscriber: string, to: string) =>
        to === wallet ? signatureOf(70) : null;
      Object.assign(lane.ledger.credits, { unmatched });
      await unsigned(lane);
    },
  );
});

test('the recorded bytes are sent again while they may still land, and none afterwards', async () => {
  const lane = await laneWith([absentAt(EXPIRY), absentAt(EXPIRY), absentAt(EXPIRY + 1)]);
  await lane.run();
  expect(lane.sent).toEqual(['1']);
  for (let turn = 0; turn < 4; turn++) {
    lane.clock.advance(1_000);
    await lane.run();
  }
  // Twice more at the last height at which they may land, and not at the one after it.
  expect(lane.sent).toEqual(['1', '1', '1']);
  expect(lane.signatures()).toBe(1);
});

test('the pen is told of a payment that failed in a finalized block, and of none that landed or may land', async () => {
  const executed = { seen: 'executed', slot: 90, error: 'x' } as const;
  const lane = await laneWith([
    absentAt(0),
    { ...executed, finality: 'confirmed' },
    { ...executed, finality: 'finalized' },
  ]);
  Object.assign(lane.ports, { programsOf: () => [] });
  Object.assign(lane.ports.venues.of('drift-v2'), { trouble: () => behind });
  const landing = await laneWith([{ ...executed, finality: 'finalized', error: null }]);
  for (const each of [lane, landing]) await each.run();
  expect(lane.ended).toEqual([]);
  for (let turn = 0; turn < 4; turn++) {
    for (const each of [lane, landing]) each.clock.advance(2_000);
    for (const each of [lane, landing]) await each.run();
  }
  expect(lane.payment()?.state).toBe('failed');
  expect(lane.ended).toEqual([['p1', { signature: signatureOf(1), by: 'failure' }]]);
  expect([landing.payment()?.state, landing.ended]).toEqual(['landed', []]);
});

test('the pen is told of a payment that is proven dead, with the lowest height of the proof', async () => {
  const absence = {
    finalizedSlot: EXPIRY + 1_000,
    statusAbsent: true,
    transactionAbsent: true,
    historyAbsent: true,
    historyReaches: true,
    lastHeight: EXPIRY,
    ownChain: true,
  };
  const first = EXPIRY + 40;
  const evidence = { ...absence, second: 'none', finalizedBlockHeight: first };
  let height = first;
  const lane = await laneWith([absentAt(EXPIRY + 500)]);
  Object.assign(lane.ports.chain, {
    look: async () => absentAt(height),
    deathEvidence: async () => ({ ...evidence, finalizedBlockHeight: height }),
  });
  for (let round = 0; round < 3; round++) {
    expect(lane.ended).toEqual([]);
    await lane.run();
    lane.clock.advance(2_000);
    height += round === 0 ? 0 : 16;
  }
  await lane.run();
  expect(lane.payment()?.state).toBe('dead');
  const proof = { signature: signatureOf(1), by: 'expiry', finalizedBlockHeight: first };
  expect(lane.ended).toEqual([['p1', proof]]);
});

test('no age and no height is a death without its evidence', async () => {
  const lane = await laneWith([absentAt(EXPIRY + 1_000_000)], {
    finalizedBlockHeight: EXPIRY + 1_000_000,
    statusAbsent: null,
    transactionAbsent: null,
    historyAbsent: null,
  });
  for (let day = 0; day < 3; day++) {
    await lane.run();
    lane.clock.advance(24 * 3_600_000);
  }
  expect(lane.payment()?.state).toBe('sent');
});

test('a payment that another process planned or signed is compared with the chain before it is signed or sent', async () => {
  const planned = await laneWith([absentAt(0)]);
  planned.told.disagreement = behind;
  await planned.run();
  expect(planned.signatures()).toBe(0);
  expect(planned.payment()?.state).toBe('failed');

  // The recipient got an excess, which may have paid the debt: the payment is planned anew.
  const excess = await laneWith([absentAt(0)]);
  const { creatorWallet, token } = excess.payment() ?? {};
  excess.told.excess = `${creatorWallet} ${token?.mint}`;
  await excess.run();
  expect([excess.signatures(), excess.payment()?.state]).toEqual([0, 'failed']);

  const signed = await laneWith([absentAt(0)]);
  const bytes = { lastValidBlockHeight: EXPIRY, blockhashSlot: 1, signature: signatureOf(9) };
  await signed.ledger.payments.signed('p1', { ...bytes, bytes: Uint8Array.of(9) });
  signed.told.disagreement = behind;
  // The payment waits, and nothing of it is sent.
  expect(await signed.run()).toBe(5_000);
  expect([signed.sent, signed.payment()?.state]).toEqual([[], 'signed']);
  signed.told.disagreement = null;
  signed.told.doubt = behind;
  expect(await signed.run()).toBe(5_000);
  expect(signed.sent).toEqual([]);
  signed.told.doubt = null;
  // A later payment with an excess can only have been signed when this one could never be executed.
  signed.told.excess = `${creatorWallet} ${token?.mint}`;
  await signed.run();
  expect([signed.sent, signed.payment()?.state]).toEqual([['9'], 'sent']);
});

test('a payment that this process signed is not compared again, unless the database has gone back since', async () => {
  const lane = await laneWith([absentAt(0)]);
  // The books are asked once, because another process had planned the payment; after that this
  // process owns it.
  await lane.run();
  expect([lane.told.asked, lane.sent]).toEqual([1, ['1']]);
  const row = lane.state.payments.get('p1');
  if (row === undefined) throw new Error('the payment is gone');
  row.state = 'signed';
  lane.told.disagreement = behind;
  await lane.run();
  expect([lane.told.asked, row.state]).toEqual([1, 'sent']);
  // A failover to a replica that has the signature, and lacks what came after it.
  row.state = 'signed';
  lane.told.lineage++;
  expect(await lane.run()).toBe(5_000);
  expect([lane.told.asked, row.state]).toEqual([2, 'signed']);
});

test('while RPC does not answer the payment says what it waits for, and is signed once it does', async () => {
  const lane = await laneWith([absentAt(0)]);
  const noted: (string | undefined)[] = [];
  const { waits } = lane.ledger.payments;
  lane.ledger.payments.waits = (id, trouble) => {
    noted.push(trouble.code);
    return waits(id, trouble);
  };
  const { chain } = lane.ports;
  const { simulate } = chain;
  Object.assign(chain, {
    simulate: async () => {
      throw new Fault('rpc_unavailable', 'simulateTransaction: HTTP 503');
    },
  });
  await expect(lane.run()).rejects.toMatchObject({ code: 'rpc_unavailable' });
  expect([noted, lane.payment()?.state]).toEqual([['rpc_unavailable'], 'planned']);
  Object.assign(chain, { simulate });
  await lane.run();
  expect([lane.sent, lane.payment()?.state]).toEqual([['1'], 'sent']);
});

test('bytes are not sent again while the database may lack commits', async () => {
  const lane = await laneWith([absentAt(0)]);
  await lane.run();
  lane.told.doubt = behind;
  for (let turn = 0; turn < 3; turn++) {
    lane.clock.advance(1_000);
    await lane.run();
  }
  expect(lane.sent).toEqual(['1']);
  lane.told.doubt = null;
  lane.clock.advance(1_000);
  await lane.run();
  expect(lane.sent).toEqual(['1', '1']);
});
