// Settle: the work of one subscriber's lane. It asks core/payment.ts for the next step, takes it,
// records the result, and asks again until nothing can be done now; then it says when it should run
// again. No network call is awaited inside a database transaction, and a crash between any two
// lines is safe: the next run reads the state and goes on from there.
import { delayMs } from '../core/backoff.ts';
import { Fault, messageOf, unreachable } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import {
  AFTER_FAILURE,
  aftermath,
  conclude,
  type Debt,
  debtsAt,
  NO_TRIES,
  next,
  type Payment,
  type SignedBytes,
} from '../core/payment.ts';
import type { Clock, Log, Subscriber } from '../core/ports.ts';
import type { Trouble } from '../core/trouble.ts';
import type { VenuesConformance } from './conformance.ts';
import { createLooking, type FinalityPace, type LookingOptions } from './look-schedule.ts';
import { createOwn } from './own-payments.ts';
import type { OwnSignatures } from './own-signatures.ts';
import { createPlanReadings } from './plan-readings.ts';
import { createPlanning, type PlanningOptions, type PlanningPorts } from './planning.ts';
import { createProving, EXPIRED } from './proving.ts';
import { waitOf } from './refusal.ts';
import { createRetryDelay } from './retry-delay.ts';
import { createSigning, type SigningPorts } from './signing.ts';
import { heldBack } from './signing-obstacle.ts';

export type SettlePorts = PlanningPorts &
  SigningPorts & {
    readonly clock: Clock;
    readonly log: Log;
    readonly pace: FinalityPace;
    /** Gives the reason why the venue's program may not be paid through. */
    readonly conformance: Pick<VenuesConformance, 'objection'>;
    /** Is told of each payment that is sent, so that its effects are not searched for. */
    readonly ownSignatures: Pick<OwnSignatures, 'sent' | 'ended'>;
    /** Called when a payment has ended, because standings may change. */
    readonly onEnded: (subscriberId: string) => Promise<void>;
  };
export type SettleOptions = PlanningOptions &
  LookingOptions & {
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
};

export function createSettle(ports: SettlePorts, options: SettleOptions): Settle {
  const { ledger, chain, tokens, venues, clock, log } = ports;
  const intend = createPlanning(ports, options);
  const sign = createSigning(ports);
  const looking = createLooking(clock, options, ports.pace);
  const proving = createProving(chain, log);
  const own = createOwn(ports.books);
  const readings = createPlanReadings();

  const retryIn = createRetryDelay(clock, options.retryEveryMs);

  const subscriberOf = async (id: string): Promise<Subscriber> => {
    const subscriber = await ledger.subscribers.find(id);
    if (subscriber === null) throw new Fault('not_found', `subscriber ${id} is gone`);
    return subscriber;
  };

  const rest = async (
    subscriberId: string,
    debts: readonly Debt[],
    trouble: Trouble,
  ): Promise<void> => {
    const attempts = Math.max(...debts.map((each) => each.attempts));
    const ids = debts.map((each) => each.shareId);
    const tries =
      trouble.class === 'unexpected' ? await ledger.shares.tries(subscriberId, ids) : NO_TRIES;
    const { countsAsAttempt } = aftermath(trouble, tries);
    const retry = retryIn(trouble, attempts, tries);
    await ledger.shares.rest(subscriberId, ids, trouble, retry, countsAsAttempt);
    if (trouble.class === 'accumulating') return;
    log.warn('share.blocked', { subscriber: subscriberId, shares: debts.length, ...trouble });
    const { class: kind, lamports, detail } = trouble;
    if (kind === 'needs_sol')
      log.error('agent.needs_sol', { subscriber: subscriberId, lamports, detail });
  };

  const doPlan = async (
    subscriberId: string,
    debts: readonly Debt[],
    due: readonly Debt[],
  ): Promise<void> => {
    const venue = debts[0]?.venue;
    const objection = ports.conformance.objection(venue);
    if (objection !== null) return rest(subscriberId, debtsAt(due, venue), objection);
    const intent = await intend(await subscriberOf(subscriberId), debts, due);
    if (intent === null) return;
    if (intent.kind === 'rest') return rest(subscriberId, intent.debts, intent.trouble);
    const { payment, account } = intent;
    if (await ledger.payments.open(payment)) {
      own.wrote(payment.id);
      readings.keep(payment, account);
      const { id, purpose, venue: at } = payment;
      const { amount, withdraw } = payment.plan;
      log.info('payment.planned', {
        ...{ payment: id, purpose, venue: at },
        ...{ subscriber: subscriberId, amount, withdraw },
      });
    }
  };

  /**
   * Ends a payment that was refused before signing (`slot` null), or that was executed with an
   * error in a slot. The two are recorded differently: a daemon whose simulation fails because
   * another daemon's bytes have landed must not free the debts.
   */
  const fail = async (payment: Payment, trouble: Trouble, slot: Slot | null): Promise<void> => {
    const { subscriberId, plan } = payment;
    const ids = plan.covers.map((each) => each.shareId);
    const tries =
      slot !== null || trouble.class === 'unexpected'
        ? await ledger.shares.tries(subscriberId, ids)
        : NO_TRIES;
    const retry = retryIn(trouble, payment.attempts, tries);
    const counts = aftermath(trouble, tries).countsAsAttempt;
    // Each failure on chain costs a fee, so the next try waits longer, whatever the trouble is.
    const held = delayMs(AFTER_FAILURE, tries.failures + 1, clock.random());
    const ended =
      slot === null
        ? await ledger.payments.refused(payment.id, trouble, retry, counts)
        : await ledger.payments.failed(
            payment.id,
            slot,
            trouble,
            retry === null ? null : Math.max(retry, held),
            counts,
          );
    if (!ended) return;
    own.ended(payment.id);
    log.warn('payment.failed', { payment: payment.id, subscriber: subscriberId, ...trouble });
  };

  const signNow = async (payment: Payment): Promise<void> => {
    const held = await heldBack(ports, payment);
    if (held !== null) return fail(payment, held, null);
    const subscriber = await subscriberOf(payment.subscriberId);
    const behind = await own.doubt(payment, subscriber);
    if (behind !== null) return fail(payment, behind, null);
    const under = ports.books.identity();
    const outcome = await sign(payment, subscriber, readings.take(payment));
    if ('refused' in outcome) return fail(payment, outcome.refused, null);
    const { signature } = outcome.bytes;
    if (!(await ledger.payments.signed(payment.id, outcome.bytes, under))) return;
    own.wrote(payment.id);
    log.info('payment.signed', { payment: payment.id, signature });
  };
  const doSign = async (payment: Payment): Promise<void> => {
    try {
      await signNow(payment);
    } catch (thrown) {
      // Nothing is decided, and the lane runs again. Until then the payment shows what it waits
      // for.
      const waits = waitOf(thrown);
      if (waits !== null) await ledger.payments.waits(payment.id, waits);
      throw thrown;
    }
  };

  /** Sends the recorded bytes. The node's answer proves nothing, so it is only logged. */
  const broadcast = async (payment: Payment, signed: SignedBytes): Promise<void> => {
    try {
      await chain.send(signed.bytes);
    } catch (thrown) {
      log.warn('payment.send_answered_with_error', {
        payment: payment.id,
        message: messageOf(thrown),
      });
    }
  };

  /** Sends a signed payment. False: ledger and chain must be compared before it is sent. */
  const doSend = async (payment: Payment): Promise<boolean> => {
    if (payment.signed === null) return true;
    const subscriber = await subscriberOf(payment.subscriberId);
    const behind = await own.doubt(payment, subscriber);
    if (behind !== null) {
      log.warn('payment.send_waits', { payment: payment.id, ...behind });
      return false;
    }
    if (!(await ledger.payments.sent(payment.id, clock.nowMs()))) return true;
    // Noted before the send, because its effect may be heard before its answer.
    looking.sent(payment.subscriberId, payment.signed);
    const { agentWallet } = subscriber;
    const agentTokenAccount = tokens.tokenAccount(payment.token.mint, agentWallet);
    ports.ownSignatures.sent(payment, { agentWallet, agentTokenAccount });
    await broadcast(payment, payment.signed);
    log.info('payment.sent', {
      payment: payment.id,
      subscriber: payment.subscriberId,
      signature: payment.signed.signature,
    });
    return true;
  };

  const land = async (payment: Payment, signed: SignedBytes, slot: Slot): Promise<void> => {
    if (!(await ledger.payments.landed(payment.id, slot))) return;
    log.info('payment.landed', {
      payment: payment.id,
      purpose: payment.purpose,
      subscriber: payment.subscriberId,
      signature: signed.signature,
      slot,
      amount: payment.plan.amount,
    });
    const overpaid = await ledger.payments.overpaidBy(payment.id);
    if (overpaid > 0n)
      log.error('payment.overpaid', {
        payment: payment.id,
        subscriber: payment.subscriberId,
        overpaid,
        detail: 'It landed for debts that were covered already; the creator holds more than owed.',
      });
  };

  const failExecuted = async (
    payment: Payment,
    signed: SignedBytes,
    slot: Slot,
    error: unknown,
  ): Promise<void> => {
    // The programs stand in the signed bytes. The simulation had passed, so an error of set-up
    // means that something changed since: it is tried again and not left to a person at once.
    const found = venues.of(payment.venue).trouble(error, ports.programsOf(signed.bytes), []);
    const passes: Trouble = { ...found, class: 'unexpected' };
    await fail(payment, found.class === 'operator' ? passes : found, slot);
  };

  /** Ends a payment that is proven dead. False while the evidence does not prove it. */
  const bury = async (
    payment: Payment,
    signed: SignedBytes,
    finalizedBlockHeight: number,
  ): Promise<boolean> => {
    const { id, subscriberId } = payment;
    const { agentWallet: agent } = await subscriberOf(subscriberId);
    const account = tokens.tokenAccount(payment.token.mint, agent);
    const evidence = await proving.round(payment, signed, account, finalizedBlockHeight);
    if (evidence === null) return false;
    const retry = retryIn(EXPIRED, payment.attempts, NO_TRIES) ?? 0;
    const { signature } = signed;
    if (await ledger.payments.dead(id, evidence, EXPIRED, retry))
      log.warn('payment.dead', { payment: id, subscriber: subscriberId, signature, evidence });
    ports.books.forget(subscriberId);
    return true;
  };

  /** Looks for a sent payment when due. Milliseconds until the next look; null: it ended. */
  const doLook = async (payment: Payment, signed: SignedBytes): Promise<number | null> => {
    const { subscriberId } = payment;
    const waitMs = looking.waitMs(subscriberId, signed);
    if (waitMs > 0) return waitMs;
    const look = await chain.look(signed.signature);
    if (look.seen === 'nothing')
      log.warn('payment.look_unanswered', { payment: payment.id, why: look.why });
    const verdict = conclude(signed, look);
    const buried =
      verdict.do === 'prove' && (await bury(payment, signed, verdict.finalizedBlockHeight));
    if (verdict.do === 'wait' || (verdict.do === 'prove' && !buried)) {
      if (look.seen === 'executed') looking.executed(subscriberId, look.slot);
      else if (looking.absent(subscriberId) && verdict.do === 'wait' && verdict.rebroadcast)
        if ((await ports.books.doubt()) === null) await broadcast(payment, signed);
      return Math.max(1, looking.waitMs(subscriberId, signed));
    }
    if (verdict.do === 'discharge') await land(payment, signed, verdict.slot);
    if (verdict.do === 'fail') await failExecuted(payment, signed, verdict.slot, verdict.error);
    ports.ownSignatures.ended(payment, 'slot' in verdict ? verdict.slot : null);
    looking.forget(subscriberId);
    proving.forget(payment.id);
    own.ended(payment.id);
    await ports.onEnded(subscriberId);
    return null;
  };

  return {
    heard: looking.heard,
    final: looking.final,
    async run(subscriberId, signal) {
      while (!signal.aborted) {
        const payment = await ledger.payments.live(subscriberId);
        if (options.mode === 'observe' && payment?.state !== 'sent') return null;
        const due = payment === null ? await ledger.shares.due(subscriberId) : [];
        const command = next({ payment, due });
        switch (command.do) {
          case 'plan':
            await doPlan(subscriberId, command.debts, command.due);
            break;
          case 'sign':
            await doSign(command.payment);
            break;
          case 'send':
            if (!(await doSend(command.payment))) return options.retryEveryMs;
            break;
          case 'look': {
            const { signed } = command.payment;
            if (signed === null) return null;
            const waitMs = await doLook(command.payment, signed);
            if (waitMs !== null) return waitMs;
            break;
          }
          case 'rest':
            looking.forget(subscriberId);
            return null;
          default:
            return unreachable(command);
        }
      }
      return null;
    },
  };
}
