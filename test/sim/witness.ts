// Witness: a record kept outside the ledger, so that the laws need not rely on it: every payment
// that the pen has signed, with the debts that it covers. No lost commit changes it.

import type { Cover } from '../../src/core/debt.ts';
import type { Address } from '../../src/core/ids.ts';
import type { PaidTo, PaymentPlan } from '../../src/core/payment.ts';
import { paidTo } from '../../src/core/payment-recipients.ts';
import { routeOf } from '../../src/core/payment-route.ts';
import type { Pen } from '../../src/core/signing-ports.ts';
import type { Landed } from './chain/chain.ts';
import { waitingTransfers } from './memory/credits.ts';
import type { State } from './memory/state.ts';

export type SignedPayment = {
  readonly id: string;
  readonly subscriberId: string;
  /** What each recipient gets. */
  readonly recipients: readonly { readonly wallet: Address; readonly amount: bigint }[];
  /** The mint of its token. */
  readonly mint: Address;
  readonly amount: bigint;
  /** For the sponsor, on top of the amount. */
  readonly reimburse: bigint;
  readonly covers: readonly Cover[];
  /** The way of this transaction, as text. */
  readonly route: string;
};
export type SignedSwap = { readonly id: string; readonly agent: Address };
export type Witness = {
  readonly signed: ReadonlyMap<string, SignedPayment>;
  /** Every swap that the pen has signed, by its signature. */
  readonly swaps: ReadonlyMap<string, SignedSwap>;
  watch(pen: Pen): Pen;
  /** The payment that a landed transaction is, or null when people made it. */
  paymentOf(landed: Landed): SignedPayment | null;
  /**
   * Notes which transfers to creators by others wait in the books. A payment to such a creator that
   * is planned after the note, and signed while the transfer still waits, breaks a law.
   */
  note(): void;
  /** The laws that were broken while payments were signed. */
  readonly broken: readonly string[];
  /** How many payments were signed by more than one route. */
  rerouted(): number;
};

/** `state` is that of the ledger in memory; null on Postgres, which is not looked into. */
export function createWitness(state: State | null, nowMs: () => number): Witness {
  const signed = new Map<string, SignedPayment>();
  const swaps = new Map<string, SignedSwap>();
  /** Transfers that wait to be matched, each with the time at which it was first noted. */
  const waits = new Map<string, number>();
  const broken: string[] = [];
  /** Whom each payment pays, and how much: the same in every transaction that is signed for it. */
  const claims = new Map<string, string>();
  const claimed = ({ reimburse, feePayer }: PaymentPlan, recipients: readonly PaidTo[]): string =>
    [...recipients.map(({ wallet, amount }) => `${wallet} ${amount}`), feePayer, reimburse].join();
  const waiting = () => (state === null ? [] : waitingTransfers(state));
  return {
    signed,
    swaps,
    broken,
    note() {
      const ids = new Set(waiting().map((each) => each.id));
      for (const id of waits.keys()) if (!ids.has(id)) waits.delete(id);
      for (const id of ids) if (!waits.has(id)) waits.set(id, nowMs());
    },
    watch: (pen) => ({
      ...pen,
      async signSwap(request) {
        const made = await pen.signSwap(request);
        swaps.set(made.signature, { id: request.payment.id, agent: request.agent });
        return made;
      },
      async sign(request) {
        const made = await pen.sign(request);
        const { id, subscriberId, token, plan } = request.parts.payment;
        const recipients = paidTo(request.parts.payment);
        const plannedMs = state?.payments.get(id)?.plannedAtMs ?? 0;
        for (const { id: transfer, row, creator } of waiting())
          if (
            recipients.some(({ wallet }) => wallet === creator) &&
            row.fact.subscriberId === subscriberId &&
            (state?.creditsAgain.get(transfer) ?? waits.get(transfer) ?? plannedMs) < plannedMs
          )
            broken.push(`law 1: ${id} was signed while a transfer to its creator was not matched`);
        signed.set(made.signature, {
          id,
          subscriberId,
          recipients: recipients.map(({ wallet, amount }) => ({ wallet, amount })),
          mint: token.mint,
          amount: plan.amount,
          reimburse: plan.reimburse,
          covers: plan.covers,
          route: JSON.stringify(routeOf(request.parts.payment), (_, each) =>
            typeof each === 'bigint' ? String(each) : each,
          ),
        });
        const claim = claimed(plan, recipients);
        if ((claims.get(id) ?? claim) !== claim)
          broken.push(`law 1: variants of ${id} pay ${claims.get(id)} and ${claim}`);
        claims.set(id, claim);
        return made;
      },
    }),
    rerouted() {
      const routes = new Map<string, Set<string>>();
      for (const { id, route } of signed.values())
        routes.set(id, new Set([...(routes.get(id) ?? []), route]));
      return [...routes.values()].filter((each) => each.size > 1).length;
    },
    paymentOf: ({ transaction }) => signed.get(transaction.signature) ?? null,
  };
}
