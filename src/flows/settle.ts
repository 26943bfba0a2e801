// Settle: the work of one subscriber's lane. The lane asks core/payment.ts for the next step, takes
// the step, records the result, and asks again until nothing can be done now; then `run` returns
// the time until the next run. No network call is awaited inside a database transaction, and a
// crash between any two lines is safe: the next run reads the state and goes on from there. Within
// a run, a payment that a step has just written is not read again: each step changes the row only
// while it is in the state from which the step starts.

import { type Debt, debtsAt } from '../core/debt.ts';
import { Fault, messageOf, unreachable } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { Variant } from '../core/nonce.ts';
import { type Command, next, type Payment } from '../core/payment.ts';
import { outgrown } from '../core/plan-fits.ts';
import type { Clock, Log, Subscriber } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import { createBlockhashLook } from './blockhash-look.ts';
import { createBurying } from './burying.ts';
import type { VenuesConformance } from './conformance.ts';
import { createHindrance } from './hindrance.ts';
import { createLooking, type FinalityPace, type LookingOptions } from './look-schedule.ts';
import { createNonceHeard, type NonceHeard } from './nonce-heard.ts';
import { createNonceLane, type NonceOptions } from './nonce-lane.ts';
import { createNonceLook } from './nonce-look.ts';
import { SENDS_A_VARIANT } from './nonce-variants.ts';
import { createOwn } from './own-payments.ts';
import type { OwnSignatures } from './own-signatures.ts';
import { createPaymentEnds } from './payment-ends.ts';
import { createPlanReadings } from './plan-readings.ts';
import { createPlanning, type PlanningOptions, type PlanningPorts } from './planning.ts';
import { createProving } from './proving.ts';
import { waitOf } from './refusal.ts';
import { createRerouting } from './rerouting.ts';
import { createResting } from './resting.ts';
import { createRetryDelay } from './retry-delay.ts';
import { createSigning, type SigningPorts } from './signing.ts';
import { heldBack } from './signing-obstacle.ts';

export type SettlePorts = Omit<PlanningPorts, 'lane' | 'nonceHeard'> &
  SigningPorts & {
    readonly clock: Clock;
    readonly log: Log;
    readonly pace: FinalityPace;
    /** Gives the reason why the venue's program may not be paid through. */
    readonly conformance: Pick<VenuesConformance, 'objection'>;
    /** Is told of each payment that is sent, so that its effects are not searched for. */
    readonly ownSignatures: Pick<OwnSignatures, 'sent' | 'ended'>;
    /** Resolves when the next step may be taken; left out, at once. See flows/right-of-way.ts. */
    readonly clear?: () => Promise<void>;
    /** Called when accounts join or leave the nonces that are subscribed to. */
    readonly onNonces?: () => void;
    /** Called when a payment has ended, because standings may change. */
    readonly onEnded: (subscriberId: string) => void;
  };
export type SettleOptions = PlanningOptions &
  LookingOptions &
  NonceOptions & {
    readonly retryEveryMs: number;
    /** With `observe` nothing is signed, and nothing that was signed is sent for the first time. */
    readonly mode: 'settle' | 'observe';
  };
export type Settle = {
  /** Takes every step that is possible now. Milliseconds until the next run, or null. */
  run(subscriberId: string, signal: AbortSignal): Promise<number | null>;
  /** Tells that an account of the subscriber changed by this slot; null: slot not known. */
  heard(subscriberId: string, slot: Slot | null): void;
  /** Slots up to this one are final. Returns the subscribers whose payments to look for. */
  final(slot: Slot): string[];
  /** The nonce accounts to subscribe to, and what the subscriptions tell of them. */
  readonly nonces: Pick<NonceHeard, 'accounts' | 'heard'>;
  /** Closes the nonce accounts of subscribers who have left. Signs nothing with `observe`. */
  leave(): Promise<void>;
};

/**
 * The result of a step: the milliseconds until the lane runs again, or the live payment of the
 * subscriber as the step has left it. Null: no payment is live. `ask`: the ledger tells.
 */
type Left = number | Payment | null | 'ask';

/** Creates the work of the lanes. */
export function createSettle(ports: SettlePorts, options: SettleOptions): Settle {
  const { ledger, chain, tokens, clock, log } = ports;
  const nonceHeard = createNonceHeard(ports, ports.onNonces ?? (() => {}));
  const lane = createNonceLane({ ...ports, nonceHeard }, options);
  const intend = createPlanning({ ...ports, lane }, options);
  const sign = createSigning(ports);
  const reroute = createRerouting(ports, options);
  const looking = createLooking(clock, options, ports.pace);
  const proving = createProving(chain, log);
  const hindrance = createHindrance(ports, SENDS_A_VARIANT * options.rebroadcastMs);
  const own = createOwn(ports.books);
  const readings = createPlanReadings();

  const retryIn = createRetryDelay(clock, options.retryEveryMs);
  const ends = createPaymentEnds(ports, own, retryIn);
  const rest = createResting(ports, retryIn);

  const subscriberOf = async (id: string): Promise<Subscriber> => {
    const subscriber = await ledger.subscribers.find(id);
    if (subscriber === null) throw new Fault('not_found', `subscriber ${id} is gone`);
    return subscriber;
  };
  const bury = createBurying({ ...ports, proving, subscriberOf }, retryIn);

  const doPlan = async (
    subscriberId: string,
    debts: readonly Debt[],
    due: readonly Debt[],
  ): Promise<Left> => {
    const venue = debts[0]?.venue;
    const objection = ports.conformance.objection(venue);
    if (objection !== null) await rest(subscriberId, debtsAt(due, venue), objection);
    if (objection !== null) return null;
    const intent = await intend(await subscriberOf(subscriberId), debts, due);
    if (intent === null) return null;
    if (intent.kind === 'rest') await rest(subscriberId, intent.debts, intent.trouble);
    if (intent.kind === 'rest') return null;
    if (intent.kind === 'wait') {
      const ids = intent.debts.map((each) => each.shareId);
      await ledger.shares.note(subscriberId, ids, intent.trouble);
      return intent.ms;
    }
    const { payment, account } = intent;
    if (!(await ledger.payments.open(payment))) return 'ask';
    own.wrote(payment.id);
    readings.keep(payment, account);
    const { id, purpose, venue: at } = payment;
    const { amount, withdraw } = payment.plan;
    log.info('payment.planned', {
      payment: id,
      purpose,
      venue: at,
      subscriber: subscriberId,
      amount,
      withdraw,
    });
    return payment.nonce ? 'ask' : payment;
  };

  /** Ends a payment that was not signed, by `end`. */
  const unsigned = async (end: Promise<unknown>): Promise<Left> => {
    await end;
    return 'ask';
  };
  const signNow = async (payment: Payment): Promise<Left> => {
    const held = await heldBack(ports, payment);
    if (held !== null) return unsigned(ends.holdBack(payment, held));
    const subscriber = await subscriberOf(payment.subscriberId);
    const behind = await own.doubt(payment, subscriber);
    if (behind?.code === 'payments_unknown') return unsigned(ends.holdBack(payment, behind));
    if (behind !== null) return unsigned(ends.fail(payment, behind, null));
    const anew = outgrown(payment, options);
    if (anew !== null) return unsigned(ends.fail(payment, anew, null));
    const under = ports.books.identity();
    const outcome = await sign(payment, subscriber, readings.take(payment));
    if ('refused' in outcome) return unsigned(ends.fail(payment, outcome.refused, null));
    const { bytes: signed } = outcome;
    if (!(await ledger.payments.signed(payment.id, signed, under))) return 'ask';
    own.wrote(payment.id);
    log.info('payment.signed', { payment: payment.id, signature: signed.signature });
    return payment.nonce ? 'ask' : { ...payment, state: 'signed', signed };
  };
  const doSign = async (payment: Payment): Promise<Left> => {
    try {
      return await signNow(payment);
    } catch (thrown) {
      // Nothing is decided, and the lane runs again. Until then the payment shows what it waits
      // for.
      const waits = waitOf(thrown);
      if (waits !== null) await ledger.payments.waits(payment.id, waits);
      throw thrown;
    }
  };

  /** Sends the recorded bytes. The node's answer proves nothing, so it is only logged. */
  const broadcast = async (
    { id, plan }: Payment,
    signed: SignedBytes,
    purpose: Variant['purpose'] = 'payment',
  ): Promise<void> => {
    try {
      // The transaction that cancels a payment under a nonce holds no tip.
      await chain.send(signed.bytes, purpose === 'payment' && plan.tip !== undefined);
    } catch (thrown) {
      log.warn('payment.send_answered_with_error', {
        payment: id,
        message: messageOf(thrown),
      });
    }
  };

  const steps = { lane, looking, hindrance, sign, reroute, ends, broadcast };
  const lookUnderBlockhash = createBlockhashLook({ ...ports, ...steps, bury });
  const lookUnderNonce = createNonceLook({ ...ports, ...steps, nonceHeard, subscriberOf }, options);

  /** Sends a signed payment. Waits where ledger and chain must be compared before it is sent. */
  const doSend = async (payment: Payment): Promise<Left> => {
    if (payment.signed === null) return options.retryEveryMs;
    const subscriber = await subscriberOf(payment.subscriberId);
    const behind = await own.doubt(payment, subscriber);
    if (behind !== null) {
      log.warn('payment.send_waits', { payment: payment.id, ...behind });
      await ledger.payments.hindered(payment.id, behind);
      return options.retryEveryMs;
    }
    const { signature } = payment.signed;
    if (!(await ledger.payments.sent(payment.id, signature, clock.nowMs()))) return 'ask';
    // Noted before the send, because its effect may be heard before its answer.
    looking.sent(payment.subscriberId, payment.signed);
    const { agentWallet } = subscriber;
    const agentTokenAccount = tokens.tokenAccount(payment.token.mint, agentWallet);
    ports.ownSignatures.sent(payment, { agentWallet, agentTokenAccount });
    // The lane moves the nonce of a payment that a person cancelled before it was sent.
    if (payment.cancelAsked !== true) await broadcast(payment, payment.signed);
    log.info('payment.sent', {
      payment: payment.id,
      subscriber: payment.subscriberId,
      signature,
    });
    return payment.nonce ? 'ask' : { ...payment, state: 'sent' };
  };

  /**
   * Forgets bytes that have ended, in this slot or without an execution. Where this daemon did not
   * end their payment (`isEnded` false), the ledger may hold other bytes for it, because the
   * database went back. The chain then shows an end that the ledger lacks: the books are compared
   * before more is signed, and the lane goes on with the payment as the ledger has it.
   */
  const finished = async (
    payment: Payment,
    slot: Slot | null,
    isEnded: boolean,
  ): Promise<Payment | null> => {
    const { subscriberId } = payment;
    ports.ownSignatures.ended(payment, slot);
    looking.forget(subscriberId);
    proving.forget(payment.id);
    hindrance.forget(payment.id);
    own.ended(payment.id);
    ports.onEnded(subscriberId);
    if (isEnded) return null;
    const live = await ledger.payments.live(subscriberId);
    if (live?.id === payment.id) ports.books.forget(subscriberId);
    return live;
  };

  /** Looks for a sent payment when due. Milliseconds until the next look; null: it ended. */
  const doLook = async (payment: Payment): Promise<Left> => {
    const { subscriberId, signed } = payment;
    if (signed === null) return options.retryEveryMs;
    const waitMs = looking.waitMs(subscriberId, signed);
    if (waitMs > 0) return waitMs;
    const looked = payment.nonce
      ? await lookUnderNonce(payment, payment.nonce)
      : await lookUnderBlockhash(payment, signed);
    if ('signed' in looked) return Math.max(1, looking.waitMs(subscriberId, looked.signed));
    return finished({ ...payment, signed: looked.ended }, looked.slot, looked.byThis);
  };

  const take = (subscriberId: string, command: Exclude<Command, { do: 'rest' }>): Promise<Left> => {
    switch (command.do) {
      case 'plan':
        return doPlan(subscriberId, command.debts, command.due);
      case 'sign':
        return doSign(command.payment);
      case 'send':
        return doSend(command.payment);
      case 'look':
        return doLook(command.payment);
      default:
        return unreachable(command);
    }
  };

  return {
    heard: looking.heard,
    final: looking.final,
    nonces: nonceHeard,
    async leave() {
      if (options.mode === 'settle' && ports.pen.sponsor !== null) await lane.leaving.round();
    },
    async run(subscriberId, signal) {
      let left: Left = 'ask';
      while (!signal.aborted) {
        await ports.clear?.();
        const payment: Payment | null =
          left === 'ask' ? await ledger.payments.live(subscriberId) : left;
        if (options.mode === 'observe' && payment?.state !== 'sent') return null;
        const due = payment === null ? await ledger.shares.due(subscriberId) : [];
        const command = next({ payment, due });
        if (command.do === 'rest') {
          looking.forget(subscriberId);
          return null;
        }
        const after: Left = await take(subscriberId, command);
        if (typeof after === 'number') return after;
        left = after;
      }
      return null;
    },
  };
}
