// Settings rules: the rules of the gate, of payments, of the sponsor and of upkeep, as the settings
// give them.
import type { TopUpRule } from './core/outflow.ts';
import { costRuleOf } from './core/payment-cost.ts';
import { reimbursementOf } from './core/reimbursement.ts';
import type { RosterOptions } from './core/roster.ts';
import type { PenLimits, SponsorLimits } from './core/spending-limits.ts';
import type { Settings } from './system/settings.ts';

const DOUBTS_EVERY_MS = 15_000;
const PROGRAM_EVERY_MS = 30_000;

/** The gate's rules, from the settings. */
export const gateOf = ({ gate }: Pick<Settings, 'gate'>): RosterOptions => ({
  staleAfterMs: gate.staleAfterMs,
  failOpen: gate.failOpen,
  owedForMsMost: gate.owedForMsMost,
  outstandingMost: gate.outstandingMost === null ? null : BigInt(gate.outstandingMost),
});

const bigintOr = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

/** The limits on the quote tokens that the pen signs for, in base units. */
export const limitsOf = ({ payments }: Settings): PenLimits => ({
  paymentMost: bigintOr(payments.mostPerPayment),
  subscriberADayMost: bigintOr(payments.mostPerSubscriberADay),
});

/** The limits on the lamports that the sponsor spends. */
const sponsorLimitsOf = ({ sponsor }: Settings): SponsorLimits => ({
  lamportsADayMost: bigintOr(sponsor.lamportsADayMost),
  subscriberADayMost: bigintOr(sponsor.lamportsPerSubscriberADayMost),
  creatorADayMost: bigintOr(sponsor.lamportsPerCreatorADayMost),
  failuresADayMost: sponsor.failuresPerSubscriberADayMost,
});

/** The options of upkeep, from the settings. */
export const upkeepOf = ({ gate, watch, keep, mode, sponsor, payments }: Settings) => ({
  keep,
  rootMemos:
    mode === 'settle' && sponsor.rootMemos === true
      ? { sponsorReserve: BigInt(payments.sponsorReserveLamports) }
      : null,
  everyMs: Math.min(DOUBTS_EVERY_MS, watch.checkEveryMs),
  programEveryMs: Math.min(PROGRAM_EVERY_MS, watch.sweepEveryMs),
  staleAfterMs: gate.staleAfterMs,
  owedForMsMost: gate.owedForMsMost,
  suspicions: { ...gate.suspicions, amountMost: BigInt(gate.suspicions.amountMost) },
});

/**
 * The shortest slot, in milliseconds. A time in slots is computed with it, so that it is never
 * shorter than the time in the settings.
 */
const SLOT_MS_LEAST = 200;
/**
 * The rule by which swaps for SOL are recognised as the daemon's own, even if the ledger lost the
 * payment.
 */
export const topUpRuleOf = ({ swap }: Settings): TopUpRule | null =>
  swap.url === null
    ? null
    : {
        amountMost: BigInt(swap.amount),
        lamportsLeast: BigInt(swap.lamportsLeast),
        everySlots: Math.ceil(swap.everyMs / SLOT_MS_LEAST),
      };

/** The rules of payments, from the settings. */
export function payingOf(settings: Settings) {
  const { payments, swap, mode } = settings;
  return {
    ...payments,
    mode,
    limits: limitsOf(settings),
    sponsorLimits: sponsorLimitsOf(settings),
    cost: costRuleOf(payments),
    agentReserve: BigInt(payments.agentReserveLamports),
    sponsorReserve: BigInt(payments.sponsorReserveLamports),
    partialLeast: payments.partialLeast === null ? null : BigInt(payments.partialLeast),
    reimbursement: reimbursementOf(payments),
    topUp: swap.url === null ? null : BigInt(swap.amount),
    topUpEveryMs: swap.everyMs,
  };
}
