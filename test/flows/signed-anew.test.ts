// Signed anew: the database goes back to before a payment was signed, and another daemon signs it
// anew. What the chain proves about the first bytes does not end the payment, whose second bytes
// may still land.
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import type { Look } from '../../src/core/payment.ts';
import { USDC } from '../../src/core/token.ts';
import { troubled } from '../../src/core/trouble.ts';
import { bookFound } from '../../src/flows/found-payments.ts';
import { createProving } from '../../src/flows/proving.ts';
import { createSettle, type SettleOptions, type SettlePorts } from '../../src/flows/settle.ts';
import { silentLog } from '../../src/system/log.ts';
import { backUpBooks } from '../support/damage.ts';
import { absentAt, EXPIRY, laneWith, NODE_SLOT, PAYMENT } from '../support/lane.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';
import { bytes, openNonce, paymentFor, withShare } from '../support/one-share.ts';
import { servingOnly } from '../support/venues.ts';

const never = new AbortController().signal;
const signedAs = (n: number, expiry = EXPIRY) => ({
  ...bytes,
  signature: signatureOf(n),
  lastValidBlockHeight: expiry,
  blockhashSlot: NODE_SLOT,
});
const FIRST = signedAs(601);
const SECOND = signedAs(602, EXPIRY + 400);
/** The first bytes were never executed and never can be, which is true. */
const ABSENCE = {
  finalizedSlot: NODE_SLOT + 5_000,
  finalizedBlockHeight: EXPIRY + 200,
  statusAbsent: true,
  transactionAbsent: true,
  historyAbsent: true,
  historyReaches: true,
  lastHeight: EXPIRY,
  ownChain: true,
};
const UNANSWERED: Look = { seen: 'nothing', why: 'drill' };
const executed = (error: unknown): Look => ({
  seen: 'executed',
  finality: 'finalized',
  slot: NODE_SLOT + 9,
  error,
});

/** A daemon whose chain is `chain`, on this ledger. `forgotten`: the books it compares anew. */
async function daemonOn(ledger: SettlePorts['ledger'], chain: object, more: object = {}) {
  const { ports } = await laneWith([]);
  const forgotten: string[] = [];
  const books = { ...ports.books, forget: (id: string) => void forgotten.push(id) };
  const trouble = () => troubled('expired', 'drill');
  const settle = createSettle(
    {
      ...ports,
      ledger,
      books,
      programsOf: () => [],
      venues: servingOnly({ trouble, quote: USDC }),
      chain: { ...ports.chain, ...chain },
      ...more,
    } as unknown as SettlePorts,
    {
      mode: 'settle',
      pollMs: 1,
      rebroadcastMs: 1,
      finalityMs: 1,
      retryEveryMs: 1,
    } as SettleOptions,
  );
  return { run: () => settle.run('ana', never), forgotten };
}

test.each(['dead', 'failed', 'landed'] as const)(
  'a payment that was signed anew does not end because its lost bytes are %s',
  async (end) => {
    await using held = await withShare();
    const { payments, shares } = held.ledger;
    await payments.open(paymentFor(held.share.id, held.share.amount));
    const goBack = await backUpBooks(held);
    await payments.signed('p1', FIRST);
    await payments.sent('p1', FIRST.signature, 0);
    /** The primary fails, and the other daemon signs the payment anew, once it may. */
    let times = 0;
    const signAnew = async () => {
      times++;
      await goBack();
      expect(await payments.signed('p1', SECOND)).toBe(true);
      expect(await payments.sent('p1', SECOND.signature, 0)).toBe(true);
    };
    const looked: Signature[] = [];
    const daemon = await daemonOn(held.ledger, {
      async look(signature: Signature) {
        looked.push(signature);
        if (signature !== FIRST.signature) return UNANSWERED;
        if (end === 'dead') return absentAt(EXPIRY + 200);
        await signAnew();
        return executed(end === 'failed' ? 'x' : null);
      },
      async deathEvidence() {
        await signAnew();
        return { ...ABSENCE, second: ABSENCE };
      },
    });
    await daemon.run();
    expect(times).toBe(1);
    expect(await payments.find('p1')).toMatchObject({
      state: 'sent',
      signature: SECOND.signature,
    });
    expect(await shares.find(held.share.id)).toMatchObject({ status: 'processing', paid: 0n });
    // The daemon goes on with the bytes that the ledger has, and the books are compared.
    expect(looked).toEqual([FIRST.signature, SECOND.signature]);
    expect(daemon.forgotten.length).toBeGreaterThan(0);
  },
);

test('a payment under a nonce that landed by a variant which the database lost is found on chain, and counts once', async () => {
  await using held = await withShare();
  const { payments, shares } = held.ledger;
  const { id, amount } = held.share;
  const nonce = await openNonce(held.ledger);
  await payments.open({ ...paymentFor(id, amount), nonce });
  await payments.signed('p1', FIRST);
  await payments.sent('p1', FIRST.signature, 0);
  const goBack = await backUpBooks(held);
  const { signature } = SECOND;
  const dearer = { purpose: 'payment', bytes: SECOND, route: null } as const;
  expect(await payments.varied('p1', dearer, 1)).toBe(true);
  let times = 0;
  const slot = NODE_SLOT + 9;
  const mover = { signature, slot, error: null, blockhash: 'v1' };
  const daemon = await daemonOn(
    held.ledger,
    {
      async look(asked: Signature) {
        if (asked !== signature) return UNANSWERED;
        times++;
        await goBack();
        return executed(null);
      },
      slices: async () => ({ slot: slot + 40, accounts: [null] }),
      slot: async () => slot + 40,
      witnessed: (ask: () => unknown) => ask(),
      signatures: async () => [{ signature, slot, goesOn: false }],
      transaction: async () => mover,
      isShownAgain: async () => true,
    },
    { nonces: { read: () => ({ seen: 'value', value: 'v2' }) } },
  );
  await daemon.run();
  expect(times).toBe(1);
  // The nonce moved by a transaction that is not on record: the payment's own variants are dead,
  // and the books, compared before more is signed, show what the transaction paid.
  expect(await payments.find('p1')).toMatchObject({ state: 'dead', signature: FIRST.signature });
  expect(daemon.forgotten).toContain('ana');
  expect(await payments.unknown([signature])).toEqual([signature]);
  const { creatorWallet, token } = paymentFor(id, amount);
  const paid = { id: 'p1', signature, slot, creatorWallet, token, amount };
  const ports = { ledger: held.ledger, log: silentLog };
  expect((await bookFound(ports, 'ana', paid, new Map(), false)).rests).toEqual([]);
  expect(await shares.find(id)).toMatchObject({ status: 'paid', paid: amount });
  expect(await payments.unexplained(9)).toEqual([]);
});

test('the rounds of a proof about lost bytes prove nothing about those that were signed anew', async () => {
  let height = EXPIRY + 500;
  const asked: Signature[] = [];
  const proving = createProving(
    {
      async deathEvidence({ signature }) {
        asked.push(signature);
        return { ...ABSENCE, finalizedBlockHeight: height, second: 'none' };
      },
    },
    silentLog,
  );
  const round = async (signed: typeof FIRST) => {
    height += 16;
    return (await proving.round(PAYMENT, signed, addressOf(50), height)) !== null;
  };
  expect([await round(FIRST), await round(FIRST)]).toEqual([false, false]);
  // Alone, a provider must answer alike three times about the same bytes.
  expect([await round(SECOND), await round(SECOND), await round(SECOND)]).toEqual([
    false,
    false,
    true,
  ]);
  expect(asked).toHaveLength(5);
});
