// Signing: a planned payment becomes bytes, once: its instructions are simulated, sized, and signed by the pen. What fails here
// was never signed, so its debts are free again.
import { Fault, type FaultCode } from '../core/fault.ts';
import type { SwapDesk } from '../core/outside.ts';
import type { ErrorClass, Payment, SignedBytes, Trouble } from '../core/payment.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { instructionsOf, memoOf, partsOf, type ReadPorts } from './preflight.ts';

export type SigningPorts = ReadPorts & {
  readonly ledger: Ledger;
  readonly budget: (units: number, microLamports: bigint) => Instruction[];
  /** Null where agents may not swap. */
  readonly swaps: SwapDesk | null;
};
export type Signed = { readonly bytes: SignedBytes } | { readonly refused: Trouble };

/** Simulated units are what this slot needs; the next may need more (bump searches, funding). */
const UNITS_MARGIN_PERCENT = 20n;
const UNITS_FLOOR = 30_000;

/** What a fault says of the debts, where it is about this payment and not about the way to the chain. */
const REFUSALS: Partial<Record<FaultCode, ErrorClass>> = {
  key_unavailable: 'needs_authorisation',
  pen_refused: 'operator',
  swap_failed: 'needs_sol',
};

export function createSigning(ports: SigningPorts) {
  const { ledger, chain, venue, pen, fees, swaps } = ports;

  const topUp = async (payment: Payment, subscriber: Subscriber): Promise<Signed> => {
    if (swaps === null) {
      const detail = 'Swaps were switched off after this one was planned.';
      return { refused: { class: 'retry_soon', code: 'swap_off', detail } };
    }
    const offer = await swaps.offer(subscriber.agentWallet, payment.plan.amount);
    const simulated = await chain.simulateBytes(offer.transaction);
    if (simulated.error !== null)
      return { refused: venue.trouble(simulated.error, simulated.programs, simulated.logs) };
    const written = pen.signSwap({
      payment,
      agent: subscriber.agentWallet,
      transaction: offer.transaction,
      tables: offer.tables,
      blockhash: simulated.blockhash,
      key: await ledger.subscribers.sealedKey(payment.subscriberId),
    });
    const { lastValidBlockHeight, slot } = simulated;
    return { bytes: { ...written, lastValidBlockHeight, blockhashSlot: slot } };
  };

  const share = async (payment: Payment, subscriber: Subscriber): Promise<Signed> => {
    const parts = partsOf(ports, payment, subscriber);
    const core = await instructionsOf(ports, parts);
    const simulated = await chain.simulate(parts.payer, core, []);
    if (simulated.error !== null)
      return { refused: venue.trouble(simulated.error, simulated.programs, simulated.logs) };
    const units = Math.max(
      UNITS_FLOOR,
      Number((BigInt(simulated.units) * (100n + UNITS_MARGIN_PERCENT)) / 100n),
    );
    const written = pen.sign({
      parts,
      memo: memoOf(payment.id),
      instructions: [...ports.budget(units, await fees.microLamports()), ...core],
      blockhash: simulated.blockhash,
      key: await ledger.subscribers.sealedKey(payment.subscriberId),
    });
    const { lastValidBlockHeight, slot } = simulated;
    return { bytes: { ...written, lastValidBlockHeight, blockhashSlot: slot } };
  };

  return async function sign(payment: Payment, subscriber: Subscriber): Promise<Signed> {
    try {
      return await (payment.purpose === 'top_up' ? topUp : share)(payment, subscriber);
    } catch (thrown) {
      const refusal = thrown instanceof Fault ? REFUSALS[thrown.code] : undefined;
      if (!(thrown instanceof Fault) || refusal === undefined) throw thrown;
      return { refused: { class: refusal, code: thrown.code, detail: thrown.message } };
    }
  };
}
