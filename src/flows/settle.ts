// Settle: one subscriber's lane. It asks core/payment.ts for the next step, takes it, persists what came of it, and
// asks again, until there is nothing to do now. No network call is ever awaited inside a database transaction, and a
// crash between any two lines is safe: the next run reads the state and goes on from there.
import { delayMs } from '../core/backoff.ts';
import { Fault, messageOf, unreachable } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import {
  aftermath,
  conclude,
  type Debt,
  isProvenDead,
  next,
  type Payment,
  type SignedBytes,
  type Trouble,
} from '../core/payment.ts';
import { plan } from '../core/plan.ts';
import type { Clock, Ledger, Log, Subscriber } from '../core/ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { partsOf, type ReadPorts, type Reserves, readPreflight } from './preflight.ts';

export type SettlePorts = ReadPorts & {
  readonly ledger: Ledger;
  readonly budget: (units: number, microLamports: bigint) => Instruction[];
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  /** Called when a payment reached an end: standings may change. */
  readonly onEnded: (subscriberId: string) => Promise<void>;
};
export type SettleOptions = Reserves & {
  readonly retryEveryMs: number;
  readonly pollMs: number;
  readonly rebroadcastMs: number;
};

const BACKOFF = { firstMs: 2_000, mostMs: 5 * 60_000 };
/** Simulated units are what this slot needs; the next may need more (bump searches, funding). */
const UNITS_MARGIN_PERCENT = 20n;
const UNITS_FLOOR = 30_000;

export const memoOf = (paymentId: string): string => `bailiff:${paymentId}`;

export function createSettle(ports: SettlePorts, options: SettleOptions) {
  const { ledger, chain, venue, pen, fees, clock, log } = ports;

  const retryAt = (trouble: Trouble, attempts: number): number | null => {
    const after = aftermath(trouble).retry;
    if (after === null) return null;
    const wait =
      after === 'backoff'
        ? delayMs(BACKOFF, attempts + 1, clock.random())
        : options.retryEveryMs * (0.9 + clock.random() / 5);
    return clock.nowMs() + Math.round(wait);
  };

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
    await ledger.shares.rest(
      subscriberId,
      debts.map((each) => each.shareId),
      trouble,
      retryAt(trouble, attempts),
      aftermath(trouble).countsAsAttempt,
    );
    log.warn('share.blocked', {
      subscriber: subscriberId,
      shares: debts.length,
      class: trouble.class,
      code: trouble.code,
      detail: trouble.detail,
    });
  };

  const doPlan = async (subscriberId: string, debts: readonly Debt[]): Promise<void> => {
    const [first] = debts;
    if (first === undefined) return;
    const subscriber = await subscriberOf(subscriberId);
    if (!subscriber.hasKey) {
      return rest(subscriberId, debts, {
        class: 'needs_authorisation',
        code: 'no_agent_key',
        detail: 'Bailiff holds no key for this agent wallet. Register it to let the debt be paid.',
      });
    }
    const planned = plan(debts, await readPreflight(ports, options, first, subscriber));
    if (planned.kind === 'wait') return rest(subscriberId, debts, planned.trouble);
    const payment: Payment = {
      id: ports.newId(),
      subscriberId,
      subscriptionId: first.subscriptionId,
      creatorWallet: first.creatorWallet,
      driftUser: first.driftUser,
      subAccountId: first.subAccountId,
      plan: planned.plan,
      attempts: Math.max(...debts.map((each) => each.attempts)),
      state: 'planned',
      signed: null,
    };
    if (await ledger.payments.open(payment))
      log.info('payment.planned', {
        payment: payment.id,
        subscriber: subscriberId,
        amount: planned.plan.amount,
        withdraw: planned.plan.withdraw,
      });
  };

  /**
   * Ends a payment that was refused before signing, or with a slot one that was executed with an error. The two must
   * not be one: a replica whose simulation fails because the other's bytes have landed may not free their debts.
   */
  const fail = async (payment: Payment, trouble: Trouble, slot: Slot | null): Promise<void> => {
    const retry = retryAt(trouble, payment.attempts);
    const counts = aftermath(trouble).countsAsAttempt;
    const ended =
      slot === null
        ? await ledger.payments.refused(payment.id, trouble, retry, counts)
        : await ledger.payments.failed(payment.id, slot, trouble, retry, counts);
    if (!ended) return;
    const { class: kind, code, detail } = trouble;
    log.warn('payment.failed', {
      payment: payment.id,
      subscriber: payment.subscriberId,
      class: kind,
      code,
      detail,
    });
  };

  const doSign = async (payment: Payment): Promise<void> => {
    const subscriber = await subscriberOf(payment.subscriberId);
    const parts = partsOf(ports, payment, subscriber);
    const memo = memoOf(payment.id);
    const around = chain.transferInstructions(parts, venue.quoteMint, venue.quoteDecimals, memo);
    const core = [
      ...around.before,
      ...(await venue.instructions(parts, chain.accounts)),
      ...around.after,
    ];
    const simulated = await chain.simulate(parts.payer, core);
    if (simulated.error !== null) {
      // The simulation put one compute budget instruction in front.
      const programs = [core[0]?.program ?? venue.programId, ...core.map((each) => each.program)];
      return fail(payment, venue.trouble(simulated.error, programs, simulated.logs), null);
    }
    const units = Math.max(
      UNITS_FLOOR,
      Number((BigInt(simulated.units) * (100n + UNITS_MARGIN_PERCENT)) / 100n),
    );
    const instructions = [...ports.budget(units, await fees.microLamports()), ...core];
    let signed: SignedBytes;
    try {
      const written = pen.sign({
        parts,
        memo,
        instructions,
        blockhash: simulated.blockhash,
        key: await ledger.subscribers.sealedKey(payment.subscriberId),
      });
      signed = {
        ...written,
        lastValidBlockHeight: simulated.lastValidBlockHeight,
        blockhashSlot: simulated.slot,
      };
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      const waits = thrown.code === 'key_unavailable';
      return fail(
        payment,
        {
          class: waits ? 'needs_authorisation' : 'operator',
          code: thrown.code,
          detail: thrown.message,
        },
        null,
      );
    }
    if (await ledger.payments.signed(payment.id, signed))
      log.info('payment.signed', { payment: payment.id, signature: signed.signature });
  };

  /** Sends the recorded bytes. What the node answers proves nothing, so it is only logged. */
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

  const doSend = async (payment: Payment): Promise<void> => {
    if (payment.signed === null || !(await ledger.payments.sent(payment.id, clock.nowMs()))) return;
    await broadcast(payment, payment.signed);
    log.info('payment.sent', {
      payment: payment.id,
      subscriber: payment.subscriberId,
      signature: payment.signed.signature,
    });
  };

  const prove = async (
    payment: Payment,
    signed: SignedBytes,
    agentTokenAccount: Address,
  ): Promise<boolean> => {
    const evidence = await chain.deathEvidence(signed, agentTokenAccount, memoOf(payment.id));
    if (!isProvenDead(signed, evidence)) return false;
    const trouble: Trouble = { class: 'retry_soon', code: 'expired', detail: '' };
    if (
      await ledger.payments.dead(
        payment.id,
        evidence,
        retryAt(trouble, payment.attempts) ?? clock.nowMs(),
      )
    ) {
      log.warn('payment.dead', {
        payment: payment.id,
        subscriber: payment.subscriberId,
        signature: signed.signature,
        evidence,
      });
    }
    return true;
  };

  /** Looks until the payment has ended, or the lane must give way. */
  const doLook = async (payment: Payment, signal: AbortSignal): Promise<void> => {
    const { signed } = payment;
    if (signed === null) return;
    const subscriber = await subscriberOf(payment.subscriberId);
    let sentAtMs = clock.nowMs();
    while (!signal.aborted) {
      const look = await chain.look(signed.signature);
      if (look.seen === 'nothing')
        log.warn('payment.look_unanswered', { payment: payment.id, why: look.why });
      const verdict = conclude(signed, look);
      switch (verdict.do) {
        case 'discharge':
          if (await ledger.payments.landed(payment.id, verdict.slot)) {
            log.info('payment.landed', {
              payment: payment.id,
              subscriber: payment.subscriberId,
              signature: signed.signature,
              slot: verdict.slot,
              amount: payment.plan.amount,
            });
          }
          return ports.onEnded(payment.subscriberId);
        case 'fail': {
          const transaction = await chain.transaction(signed.signature, 'finalized');
          const programs = transaction?.instructions.map((each) => each.program) ?? [];
          const trouble = venue.trouble(verdict.error, programs, transaction?.logs ?? []);
          await fail(payment, trouble, verdict.slot);
          return ports.onEnded(payment.subscriberId);
        }
        case 'prove':
          if (await prove(payment, signed, subscriber.agentTokenAccount))
            return ports.onEnded(payment.subscriberId);
          break;
        case 'wait':
          if (verdict.rebroadcast && clock.nowMs() - sentAtMs >= options.rebroadcastMs) {
            sentAtMs = clock.nowMs();
            await broadcast(payment, signed);
          }
          break;
        default:
          return unreachable(verdict);
      }
      await clock.sleep(options.pollMs, signal);
    }
  };

  /** Does everything that can be done for a subscriber now. */
  return async function settle(subscriberId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const payment = await ledger.payments.live(subscriberId);
      const due = payment === null ? await ledger.shares.due(subscriberId, clock.nowMs()) : [];
      const command = next({ payment, due });
      switch (command.do) {
        case 'plan':
          await doPlan(subscriberId, command.debts);
          break;
        case 'sign':
          await doSign(command.payment);
          break;
        case 'send':
          await doSend(command.payment);
          break;
        case 'look':
          await doLook(command.payment, signal);
          break;
        case 'rest':
          return;
        default:
          return unreachable(command);
      }
    }
  };
}
