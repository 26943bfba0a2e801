// Ending: no debt lapses, is voided or adopted, and no clearance is given, on books that may have
// lost a payment.

import { expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { createPace } from '../../src/core/pace.ts';
import { USDC } from '../../src/core/token.ts';
import { type Trouble, troubled } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { type ClearPorts, createClear } from '../../src/flows/clearance.ts';
import { createPaymentEnds } from '../../src/flows/payment-ends.ts';
import { createDatabaseStates } from '../../src/ledger/database-state.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { endingsOf } from '../support/endings.ts';
import { ageDebts } from '../support/guards.ts';
import { agreeOnExpiry } from '../support/haste.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { booksThatLost } from '../support/lost-payment.ts';
import { bytes, openNonce, paymentFor, withShare } from '../support/one-share.ts';
import { servingOnly } from '../support/venues.ts';

const DRILL = { reason: 'drill', actor: 'command', person: null };
const WENT_BACK = troubled('ledger_went_back', 'Nothing is signed for another 9 blocks.');
const NOT_FINAL = troubled('payments_not_final', 'They are booked once they are final.');

/** A debt of 10 USDC that lapses after a day, and is a day old. */
async function owing(): Promise<{ held: TestLedger; share: { id: string; subscriberId: string } }> {
  const held = await createTestLedger();
  const close = closeFact(1, 100_000_000n, { slot: 50, account: held.driftAccount });
  await recordFact(held.ledger, close, 'finalized');
  await accrueCloses(held.ledger, log);
  await agreeOnExpiry(held, 86_400_000);
  await ageDebts(held.sql, 25);
  const [share] = await held.ledger.shares.open('ana');
  if (share === undefined) throw new Error('nothing is owed');
  return { held, share };
}
/** Books whose troubles a test sets. */
function saying(state: { doubt?: Trouble | null; behind?: Trouble | null; under?: string }) {
  return {
    doubt: async () => state.doubt ?? null,
    disagreement: async () => state.doubt ?? state.behind ?? null,
    identity: () => state.under ?? null,
  };
}

test('while the database may lack commits, and until books and chain agree, nothing lapses and nothing is voided', async () => {
  const { held, share } = await owing();
  await using _ = held;
  const { ledger } = held;
  const clock = createManualClock();
  const state: { doubt: Trouble | null; behind: Trouble | null } = {
    doubt: WENT_BACK,
    behind: NOT_FINAL,
  };
  const endings = endingsOf({ ledger, books: saying(state), clock, log });
  const refusal = async () => endings.void(share, DRILL).catch((thrown: unknown) => thrown);
  expect(await endings.lapse()).toEqual([]);
  expect(await refusal()).toMatchObject({
    code: 'books_behind',
    retry: 'later',
    message: expect.stringContaining('another 9 blocks'),
  });
  state.doubt = null;
  expect(await endings.lapse()).toEqual([]);
  expect(await refusal()).toMatchObject({
    code: 'books_behind',
    context: { code: NOT_FINAL.code },
  });
  expect((await ledger.shares.find(share.id))?.status).toBe('pending');
  state.behind = null;
  // A subscriber whose books did not agree is read again after a minute, not at each round.
  expect(await endings.lapse()).toEqual([]);
  clock.advance(60_001);
  expect(await endings.lapse()).toEqual(['ana']);
  expect((await ledger.shares.find(share.id))?.voided?.by).toBe('terms');
});

test('a node that does not tell holds up one subscriber’s lapse, and an operator hears why', async () => {
  const { held, share } = await owing();
  await using _ = held;
  const books = {
    ...saying({}),
    disagreement: () => Promise.reject(new Fault('rpc_unavailable', 'HTTP 503')),
  };
  const endings = endingsOf({ ledger: held.ledger, books, clock: createManualClock(), log });
  expect(await endings.lapse()).toEqual([]);
  await expect(endings.void(share, DRILL)).rejects.toMatchObject({ code: 'rpc_unavailable' });
  expect((await held.ledger.shares.find(share.id))?.status).toBe('pending');
  // The same debt, once it has ended, is refused without a question to the chain.
  expect(await held.ledger.shares.void(share.id, DRILL, 0, null)).toBe(true);
  expect(await endings.void(share, DRILL)).toBe(false);
});

test('a void that a person asked for survives the end of the daemon between the end of the payment and the void', async () => {
  await using held = await withShare();
  const { payments, shares } = held.ledger;
  const nonce = await openNonce(held.ledger);
  await payments.open({ ...paymentFor(held.share.id, held.share.amount), nonce });
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 0);
  await payments.cancel('p1', { ...DRILL, shareId: held.share.id });
  const mover = { signature: signatureOf(503), slot: 9, own: true };
  // Here the daemon that ended the payment is killed.
  await payments.overtaken('p1', mover, troubled('overtaken', 'drill'), 0);
  const state: { doubt: Trouble | null; behind: Trouble | null } = {
    doubt: WENT_BACK,
    behind: NOT_FINAL,
  };
  const clock = createManualClock();
  const lines: unknown[] = [];
  const heard = { ...log, warn: (event: string, fields?: object) => lines.push([event, fields]) };
  const endings = endingsOf({ ledger: held.ledger, books: saying(state), clock, log: heard });
  expect(await endings.voidAsked()).toEqual([]);
  state.doubt = null;
  expect(await endings.voidAsked()).toEqual([]);
  expect(lines).toMatchObject([['share.void_waits', { detail: NOT_FINAL.detail }]]);
  expect((await shares.find(held.share.id))?.status).toBe('failed');
  state.behind = null;
  // A subscriber whose books did not agree is read again after a minute, not at each round.
  expect(await endings.voidAsked()).toEqual([]);
  clock.advance(60_001);
  expect(await endings.voidAsked()).toEqual(['ana']);
  expect((await shares.find(held.share.id))?.voided).toMatchObject({ ...DRILL, by: 'operator' });
  expect(await endings.voidAsked()).toEqual([]);
});

/** A debt that a person asked to have voided, whose payment can never land and has just ended. */
async function leftToVoid() {
  const held = await withShare();
  const { payments } = held.ledger;
  const nonce = await openNonce(held.ledger);
  const payment = { ...paymentFor(held.share.id, held.share.amount), nonce, signed: bytes };
  await payments.open(payment);
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 0);
  await payments.cancel('p1', { ...DRILL, shareId: held.share.id });
  const end = (ends: Pick<ReturnType<typeof createPaymentEnds>, 'overtaken' | 'failExecuted'>) => ({
    overtaken: () => ends.overtaken(payment, 'cancelled', signatureOf(503), 9),
    failExecuted: () => ends.failExecuted(payment, bytes.signature, 9, { InstructionError: [0] }),
  });
  return { held, end };
}

test('a debt that a person retries while the books are compared is not voided', async () => {
  const { held } = await leftToVoid();
  await using _ = held;
  const { payments, shares } = held.ledger;
  const mover = { signature: signatureOf(503), slot: 9, own: true };
  await payments.overtaken('p1', mover, troubled('overtaken', 'drill'), 0);
  const books = {
    ...saying({}),
    disagreement: async () => {
      expect(await shares.retry(held.share.id)).toBe(true);
      return null;
    },
  };
  const endings = endingsOf({ ledger: held.ledger, books, clock: createManualClock(), log });
  expect(await endings.voidAsked()).toEqual(['ana']);
  expect(await shares.find(held.share.id)).toMatchObject({ status: 'pending', voided: null });
});

test.each(['overtaken', 'failExecuted'] as const)(
  'a void that is refused does not undo the end of its payment: %s',
  async (how) => {
    const { held, end } = await leftToVoid();
    await using _ = held;
    const { ledger, share } = held;
    const lines: unknown[] = [];
    const heard = { ...log, warn: (event: string, fields?: object) => lines.push([event, fields]) };
    const own = { wrote() {}, ended() {}, doubt: async () => null };
    const clock = createManualClock();
    const books = { ...saying({ under: 'another' }), forget() {} };
    const venues = { of: () => ({ trouble: () => troubled('overtaken', 'drill') }) };
    const pen = { ended() {} };
    const ports = { ledger, books, clock, log: heard, venues, pen, programsOf: () => [] };
    const given = ports as unknown as Parameters<typeof createPaymentEnds>[0];
    await end(createPaymentEnds(given, own, () => 0))[how]();
    expect(lines.at(-1)).toMatchObject(['share.void_waits', { subscriber: 'ana' }]);
    expect(await ledger.payments.live('ana')).toBe(null);
    const endings = endingsOf({ ledger, books: saying({}), clock, log });
    expect(await endings.voidAsked()).toEqual(['ana']);
    expect((await ledger.shares.find(share.id))?.status).toBe('voided');
  },
);

test('observed debts are adopted where books and chain agree; others wait, by name', async () => {
  await using held = await createTestLedger();
  const observing = createLedger(held.sql, undefined, true);
  await recordFact(observing, closeFact(1, 1_000n, { account: held.driftAccount }), 'finalized');
  await accrueCloses(observing, log);
  const { ledger } = held;
  const state: { doubt: Trouble | null; behind: Trouble | null } = {
    doubt: WENT_BACK,
    behind: NOT_FINAL,
  };
  const endings = endingsOf({ ledger, books: saying(state), clock: createManualClock(), log });
  await expect(endings.adopt(0)).rejects.toMatchObject({ code: 'books_behind' });
  state.doubt = null;
  expect(await endings.adopt(0)).toEqual({
    adopted: [],
    waiting: [{ subscriberId: 'ana', reason: NOT_FINAL.detail }],
  });
  expect((await ledger.shares.observed()).count).toBe(1);
  state.behind = null;
  expect((await endings.adopt(0)).adopted).toMatchObject([{ subscriberId: 'ana', left: 100n }]);
});

test('nothing is adopted when the database goes back and is whole again while histories are read', async () => {
  await using held = await createTestLedger();
  const observing = createLedger(held.sql, undefined, true);
  await recordFact(observing, closeFact(1, 1_000n, { account: held.driftAccount }), 'finalized');
  await accrueCloses(observing, log);
  const mark = await createDatabaseStates(held.sql, () => 0).read();
  const state = { under: 'the database before' };
  const books = {
    ...saying(state),
    disagreement: async () => {
      state.under = mark.told ? mark.identity : '';
      return null;
    },
  };
  const endings = endingsOf({ ledger: held.ledger, books, clock: createManualClock(), log });
  await expect(endings.adopt(0)).rejects.toMatchObject({ code: 'books_behind' });
  expect((await held.ledger.shares.observed()).count).toBe(1);
});

test('no act is committed to another database than the one whose books were read', async () => {
  const { held, share } = await owing();
  await using _ = held;
  const { shares } = held.ledger;
  const behind = { code: 'books_behind' };
  await expect(shares.void(share.id, DRILL, 0, 'another')).rejects.toMatchObject(behind);
  await expect(shares.lapse('ana', 'another')).rejects.toMatchObject(behind);
  await expect(shares.adopt(0, ['ana'], 'another')).rejects.toMatchObject(behind);
  expect((await shares.find(share.id))?.status).toBe('pending');
  const mark = await createDatabaseStates(held.sql, () => 0).read();
  if (!mark.told) throw new Error('this Postgres tells its timeline');
  expect(await shares.void(share.id, DRILL, 0, mark.identity)).toBe(true);
});

test.each(['lapse', 'void'] as const)(
  'a debt whose payment the database has lost is found paid before it may end: %s',
  async (how) => {
    const { held, share } = await owing();
    await using _ = held;
    const { ledger } = held;
    const books = booksThatLost(ledger);
    const endings = endingsOf({ ledger, books, clock: createManualClock(), log });
    if (how === 'lapse') expect(await endings.lapse()).toEqual([]);
    else expect(await endings.void(share, DRILL)).toBe(false);
    expect(await ledger.shares.find(share.id)).toMatchObject({
      status: 'paid',
      paidBy: [signatureOf(8)],
      voided: null,
    });
    expect(CREATOR).toBe((await ledger.payments.find('p1'))?.creatorWallet);
  },
);

test('no clearance is given while the database may lack commits', async () => {
  await using held = await createTestLedger();
  const clock = createManualClock();
  const state: { doubt: Trouble | null } = { doubt: WENT_BACK };
  const pace = createPace();
  pace.note(100, clock.elapsedMs());
  const holding = { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n };
  const ports = {
    ledger: held.ledger,
    clock,
    log,
    pace,
    books: saying(state),
    chain: {
      accounts: async () => ({ slot: 100, accounts: [null] }),
      slot: async () => 100,
    },
    tokens: { tokenAccount: () => 'ata', readTokenAccount: () => null },
    venues: servingOnly({
      name: 'drift-v2',
      quote: USDC,
      preflightAccounts: async () => [],
      statsAddress: () => addressOf(88),
      stateOf: () => ({ hints: holding, counters: { realised: 0n, funding: 0n }, positions: [] }),
      read: () => ({ funds: { deposit: 5n, claimable: [] } }),
    }),
    owed: async () => [],
    nudge: () => {},
  } as unknown as ClearPorts;
  const heard = {
    ...held.ledger,
    checks: { ...held.ledger.checks, explained: async () => ({ traded: 0n, positions: null }) },
  };
  const clear = createClear({ ...ports, ledger: heard }, { lastsMs: 60_000, patienceMs: 0 });
  const asked = { id: 'c1', purpose: 'withdraw', amount: 5n } as const;
  expect(await clear('ana', asked)).toMatchObject({
    status: 'blocked',
    code: 'books_behind',
    reason: WENT_BACK.detail,
  });
  state.doubt = null;
  pace.note(200, clock.elapsedMs() + 40_000);
  expect(await clear('ana', asked)).toMatchObject({ status: 'cleared' });
});
