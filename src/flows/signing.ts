// Signing: turns a planned payment into signed bytes, once: its instructions are simulated, given a
// compute limit, and signed by the pen. A payment that fails here was never signed, so its debts
// become free again.

import { NO_TRIES, ofItsPayer, sinceReading, type Tries } from '../core/aftermath.ts';
import type { Simulated } from '../core/chain-ports.ts';
import type { Address } from '../core/ids.ts';
import { type BaseUnits, most } from '../core/money.ts';
import type { Payment } from '../core/payment.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import { isAllowed } from '../core/sender-tip.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import type { PaymentParts, SwapDesk } from '../core/signing-ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { SeenAccount } from '../core/venue.ts';
import { instructionsOf, memoOf, partsOf, type ReadPorts } from './preflight.ts';
import { refusalOf } from './refusal.ts';

export type SigningPorts = ReadPorts & {
  readonly ledger: Ledger;
  readonly budget: (units: number, microLamports: bigint) => Instruction[];
  /** The programs of the top-level instructions of a signed transaction, read from its bytes. */
  readonly programsOf: (bytes: Uint8Array) => readonly Address[];
  /** Null when agents may not swap. */
  readonly swaps: SwapDesk | null;
};
export type Signed = { readonly bytes: SignedBytes } | { readonly refused: Trouble };

/**
 * The margin added to the simulated compute units, because the next slot may need more (bump
 * searches, funding). Each failure on chain adds as much again, up to the most, because too few
 * units may have been the cause.
 */
const UNITS_MARGIN_PERCENT = 20;
const UNITS_MARGIN_PERCENT_MOST = 100;
const UNITS_MOST = 1_400_000;
const UNITS_FLOOR = 30_000;

function unitsFor(simulated: number, failures: number): number {
  const margin = Math.min(UNITS_MARGIN_PERCENT * (1 + failures), UNITS_MARGIN_PERCENT_MOST);
  const units = Math.floor((simulated * (100 + margin)) / 100);
  return Math.min(UNITS_MOST, Math.max(UNITS_FLOOR, units));
}

/** Creates the functions that build and sign payments. */
export function createSigning(ports: SigningPorts) {
  const { ledger, chain, venues, pen, fees, swaps } = ports;

  const topUp = async (payment: Payment, subscriber: Subscriber): Promise<Signed> => {
    if (swaps === null) {
      const detail = 'Swaps were switched off after this one was planned.';
      return { refused: troubled('swap_off', detail) };
    }
    const { mint } = payment.token;
    const offer = await swaps.offer(subscriber.agentWallet, payment.plan.amount, mint);
    const simulated = await chain.simulateBytes(offer.transaction);
    if (simulated.error !== null)
      return {
        refused: venues
          .of(payment.venue)
          .trouble(simulated.error, simulated.programs, simulated.logs),
      };
    const written = await pen.signSwap({
      payment,
      agent: subscriber.agentWallet,
      transaction: offer.transaction,
      tables: offer.tables,
      blockhash: simulated.blockhash,
      lastValidBlockHeight: simulated.lastValidBlockHeight,
      key: await ledger.subscribers.agentKey(payment.subscriberId),
      signedToday: await ledger.costs.signedToday(payment.subscriberId, payment.token.mint),
    });
    const { lastValidBlockHeight, slot } = simulated;
    return { bytes: { ...written, lastValidBlockHeight, blockhashSlot: slot } };
  };

  /**
   * Builds a payment from the reading by which it was planned, and simulates it. An error of set-up
   * may mean that the reading is outdated: the venue moved an oracle, or the account left a market.
   * Then account and oracles are read again, and the payment is simulated once more. When the venue
   * demands that the interest of borrowed markets is booked first, the instruction for that is
   * added, and the payment is simulated once more as well. An error that remains has a cause that
   * arose after the plan was read, such as an agent's token account that was closed or given away.
   */
  const rehearsed = async (
    parts: PaymentParts,
    measured: SeenAccount | null,
  ): Promise<{ core: Instruction[]; simulated: Simulated; trouble: Trouble | null }> => {
    const { driftUser, plan } = parts.payment;
    const venue = venues.of(parts.payment.venue);
    const readAnew = async () =>
      plan.withdraw === 0n ? null : venue.account(driftUser, chain.accounts);
    let account = measured ?? (await readAnew());
    for (let again = false; ; again = true) {
      const core = await instructionsOf(ports, parts, account);
      const simulated = await chain.simulate(parts.payer, core, []);
      if (simulated.error === null) return { core, simulated, trouble: null };
      const trouble = venue.trouble(simulated.error, simulated.programs, simulated.logs);
      const refreshed = account === null || again ? null : venue.refreshed(trouble, account);
      if (refreshed !== null) {
        account = refreshed;
        continue;
      }
      if (trouble.class !== 'operator' || again)
        return { core, simulated, trouble: ofItsPayer(sinceReading(trouble), plan.feePayer) };
      venue.forgetOracles();
      account = await readAnew();
    }
  };

  /**
   * The failures and expiries of the payment's debts. Debts that were never tried cost no query.
   */
  const triesOf = async ({ attempts, subscriberId, plan }: Payment): Promise<Tries> =>
    attempts === 0
      ? NO_TRIES
      : ledger.shares.tries(
          subscriberId,
          plan.covers.map((each) => each.shareId),
        );

  /**
   * The base units that were signed for the subscriber within a day, without this payment. A
   * payment that is signed again under its nonce is in the ledger's sum already, and is executed
   * once.
   */
  const signedBeside = async (payment: Payment): Promise<BaseUnits> => {
    const { subscriberId, token, plan, signed } = payment;
    const sum = await ledger.costs.signedToday(subscriberId, token.mint);
    return signed === null ? sum : most(0n, sum - plan.amount - plan.reimburse);
  };

  const share = async (
    payment: Payment,
    subscriber: Subscriber,
    measured: SeenAccount | null,
    price: bigint | null,
  ): Promise<Signed> => {
    const { nonce } = payment;
    const { sponsor } = pen;
    if (nonce && sponsor === null)
      return { refused: troubled('nonce_unusable', 'The payment needs the key of the sponsor.') };
    const { tip } = payment.plan;
    if (tip && !isAllowed(tip, ports.sender?.limits ?? null)) {
      const detail = `The payment was planned with a tip of ${tip.lamports} lamports to ${tip.account}, which the settings allow no longer.`;
      return { refused: troubled('tip_off', detail) };
    }
    const parts = partsOf(ports, payment, subscriber);
    const { core, simulated, trouble } = await rehearsed(parts, measured);
    if (trouble !== null) return { refused: trouble };
    const { failures, expiries } = await triesOf(payment);
    const units = unitsFor(simulated.units, failures);
    const microLamports =
      price ?? (await fees.microLamports(expiries, venues.of(payment.venue).contended));
    const budget = ports.budget(units, microLamports);
    // The instruction that moves the nonce comes first: at any other place it guards nothing.
    const at = nonce ? 1 : 0;
    const written = await pen.sign({
      parts,
      memo: memoOf(payment.id),
      instructions: [...core.slice(0, at), ...budget, ...core.slice(at)],
      tables: simulated.tables,
      blockhash: nonce?.value ?? simulated.blockhash,
      lastValidBlockHeight: simulated.lastValidBlockHeight,
      ...(nonce && sponsor !== null
        ? { nonce: { account: nonce.account, authority: sponsor } }
        : {}),
      key: await ledger.subscribers.agentKey(payment.subscriberId),
      signedToday: await signedBeside(payment),
    });
    const { lastValidBlockHeight, slot } = simulated;
    const bytes = { ...written, lastValidBlockHeight, blockhashSlot: slot };
    return { bytes: nonce ? { ...bytes, microLamports } : bytes };
  };

  /**
   * Signs a payment, or another variant of it at a given price in micro-lamports. `measured` is the
   * reading of the account by which it was planned; null when another process planned it, and then
   * the account is read again. Throws only faults that pass by themselves, such as
   * `rpc_unavailable`; every other failure is returned as `refused`.
   */
  return async function sign(
    payment: Payment,
    subscriber: Subscriber,
    measured: SeenAccount | null,
    price: bigint | null = null,
  ): Promise<Signed> {
    try {
      return payment.purpose === 'top_up'
        ? await topUp(payment, subscriber)
        : await share(payment, subscriber, measured, price);
    } catch (thrown) {
      const refused = refusalOf(thrown);
      if (refused === null) throw thrown;
      // A swap that cannot be read or simulated did not bring SOL, which is still what the payment
      // lacks. A day that is used up passes by itself, for a swap as well.
      return payment.purpose === 'share' || refused.code === 'day_limit'
        ? { refused }
        : { refused: troubled('swap_failed', refused.detail) };
    }
  };
}
