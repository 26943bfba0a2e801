// Lane: one lane with a planned payment, on the ledger in memory, with a chain whose answers the
// test sets.
import type { Look, Payment } from '../../src/core/payment.ts';
import type { ProvenEnd } from '../../src/core/signing-ports.ts';
import { USDC } from '../../src/core/token.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import { createSettle, type SettleOptions, type SettlePorts } from '../../src/flows/settle.ts';
import { silentLog } from '../../src/system/log.ts';
import { createMemoryLedger } from '../sim/memory/ledger.ts';
import { createManualClock } from './clock.ts';
import { addressOf, signatureOf } from './ledger.ts';
import { plannedPayment } from './payment.ts';
import { servingOnly } from './venues.ts';

export const EXPIRY = 1_000;
export const NODE_SLOT = 77;
const never = new AbortController().signal;
export const PAYMENT = plannedPayment({
  creatorWallet: addressOf(40),
  driftUser: addressOf(10),
  plan: { amount: 5n },
});

/** The trouble of a subscriber whose payments on chain the ledger does not know. */
export const behind: Trouble = { class: 'books_behind', code: 'payments_unknown', detail: 'x' };

/** A lane with one planned payment; `looks` are answered in turn, the last one for ever. */
export async function laneWith(
  looks: readonly Look[],
  evidence: object = {},
  objection: Trouble | null = null,
  planned: Payment = PAYMENT,
) {
  const clock = createManualClock();
  const { ledger, state } = createMemoryLedger(clock.nowMs);
  await ledger.subscribers.register({
    id: 'ana',
    agentWallet: addressOf(20),
    agentTokenAccount: addressOf(30),
    driftAccounts: [{ address: addressOf(10), subAccountId: 0 }],
    sealedKey: Uint8Array.of(1),
    fromSlot: 1,
  });
  await ledger.payments.open(planned);
  const sent: string[] = [];
  /** What the pen is told of payments that can move nothing. */
  const ended: [string, Omit<ProvenEnd, 'payment'>][] = [];
  /**
   * The answers of the books: about a payment of another process, about all, and how often they
   * went back.
   */
  const told = {
    disagreement: null as Trouble | null,
    doubt: null as Trouble | null,
    excess: null as string | null,
    lineage: 0,
    asked: 0,
  };
  const books = {
    disagreement: async () => {
      told.asked++;
      return told.disagreement;
    },
    doubt: async () => told.doubt,
    excessTo: (_: string, wallet: string, mint: string) =>
      told.excess === `${wallet} ${mint}` ? behind : null,
    identity: () => null,
    lineage: () => told.lineage,
    forget: () => {},
  };
  let signatures = 0;
  let asked = 0;
  const ports = {
    ledger,
    clock,
    log: silentLog,
    swaps: null,
    books,
    conformance: { objection: () => objection },
    ownSignatures: { sent: () => {}, ended: () => {} },
    fees: {
      microLamports: async () => 0n,
      lamportsPerSignature: async () => 5_000n,
      tokenAccountRent: async () => 1n,
    },
    budget: () => [],
    pace: { finalByMs: () => null },
    newId: () => 'p2',
    onEnded: () => {},
    venues: servingOnly({ account: async () => ({}), instructions: async () => [], quote: USDC }),
    pen: {
      sponsor: null,
      signedToday: () => 0n,
      ended: ({ payment, ...proof }: ProvenEnd) => void ended.push([payment.id, proof]),
      sign: async () => ({
        signature: signatureOf(++signatures),
        bytes: Uint8Array.of(signatures),
      }),
    },
    signers: { closed: async () => null },
    tokens: {
      tokenAccount: () => addressOf(50),
      transferInstructions: () => ({ before: [], after: [] }),
    },
    chain: {
      fits: async () => true,
      simulate: async () => ({
        error: null,
        units: 1,
        logs: [],
        programs: [],
        accounts: [],
        blockhash: 'h',
        lastValidBlockHeight: EXPIRY,
        slot: NODE_SLOT,
      }),
      simulateBytes: async () => ({ error: null, programs: [], logs: [] }),
      send: async (bytes: Uint8Array) => void sent.push(bytes.join()),
      look: async () => looks[Math.min(asked++, looks.length - 1)],
      deathEvidence: async () => evidence,
    },
  } as unknown as SettlePorts;
  const options = {
    mode: 'settle',
    pollMs: 100,
    rebroadcastMs: 1_000,
    finalityMs: 2_000,
    retryEveryMs: 5_000,
  } as SettleOptions;
  const settle = createSettle(ports, options);
  return {
    clock,
    ledger,
    sent,
    ended,
    told,
    state,
    ports,
    options,
    signatures: () => signatures,
    payment: () => state.payments.get('p1'),
    run: () => settle.run('ana', never),
  };
}
export const absentAt = (finalizedBlockHeight: number): Look => ({
  seen: 'absent',
  finalizedSlot: finalizedBlockHeight,
  finalizedBlockHeight,
});
