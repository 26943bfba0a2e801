// Nonce look: follows a payment that was sent under a nonce. While the nonce holds its value the
// payment may be executed: it is sent again, signed once more at a higher price or by another
// route, or cancelled. When the value has moved, the transaction that was signed under the value
// tells what became of the payment. No age and no absence ends the payment. See ADR 41 and 104.
import { unreachable } from '../core/fault.ts';
import type { Signature, Slot } from '../core/ids.ts';
import {
  type NonceAt,
  nextPrice,
  type Outcome,
  outcomeOf,
  routePrice,
  type Variant,
  type VariantPolicy,
} from '../core/nonce.ts';
import type { Payment } from '../core/payment.ts';
import { routeOf } from '../core/payment-route.ts';
import type { Subscriber } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import { troubled } from '../core/trouble.ts';
import type { Books } from './books-comparison.ts';
import type { VenuesConformance } from './conformance.ts';
import type { Hindrance } from './hindrance.ts';
import type { Looking } from './look-schedule.ts';
import { createNonceClosed } from './nonce-closed.ts';
import type { NonceLane, NonceLanePorts } from './nonce-lane.ts';
import type { OwnSignatures } from './own-signatures.ts';
import type { createPaymentEnds } from './payment-ends.ts';
import type { createRerouting } from './rerouting.ts';
import type { createSigning, Signed } from './signing.ts';
import { haltOf } from './signing-obstacle.ts';

type LookPorts = Omit<NonceLanePorts, 'books'> & {
  readonly books: Pick<Books, 'doubt' | 'identity' | 'forget'>;
  /** Gives the reason why the venue's program may not be paid through. */
  readonly conformance: Pick<VenuesConformance, 'objection'>;
  readonly ownSignatures: Pick<OwnSignatures, 'sent'>;
  readonly lane: Pick<NonceLane, 'finalReading' | 'moverOf' | 'closingOf'>;
  readonly looking: Looking;
  readonly hindrance: Pick<Hindrance, 'of'>;
  readonly sign: ReturnType<typeof createSigning>;
  readonly reroute: ReturnType<typeof createRerouting>;
  readonly ends: ReturnType<typeof createPaymentEnds>;
  readonly broadcast: (
    payment: Payment,
    bytes: SignedBytes,
    purpose: Variant['purpose'],
  ) => Promise<void>;
  readonly subscriberOf: (id: string) => Promise<Subscriber>;
};

export type NonceLooked =
  /**
   * The payment ended, or the ledger has it without these bytes. `slot`: where they were executed;
   * null when they never were. `byThis`: this daemon ended the payment.
   */
  | { readonly ended: SignedBytes; readonly slot: Slot | null; readonly byThis: boolean }
  /** The payment may still be executed. The bytes are those of the newest variant. */
  | { readonly signed: SignedBytes };

const FULL_UNITS = 1_400_000n;
const MICRO = 1_000_000n;
/** The number of sends of one variant after which another one is signed. */
export const SENDS_A_VARIANT = 4;
/** The least rise of the price from one variant to the next, in basis points: it doubles. */
const RISE_BPS = 10_000n;
/** The most variants of one payment at higher prices; a look asks the node about each of them. */
const VARIANTS_MOST = 6;
/** The most variants beyond these, each by another route. */
const ROUTES_MOST = 2;

/**
 * Creates the function that follows payments under a nonce. `rebroadcastMs` is the time between two
 * sends of the same bytes. With `observe` nothing is signed.
 */
export function createNonceLook(
  ports: LookPorts,
  { rebroadcastMs, mode }: { readonly rebroadcastMs: number; readonly mode: 'settle' | 'observe' },
) {
  const observes = mode === 'observe';
  const { ledger, chain, pen, fees, clock, log, lane, looking, hindrance, ends } = ports;
  const closed = createNonceClosed(ports);
  const priceMost = (): bigint => (fees.priorityFeeMost * MICRO) / FULL_UNITS;
  const policy = (): VariantPolicy => ({
    afterMs: SENDS_A_VARIANT * rebroadcastMs,
    riseBps: RISE_BPS,
    variantsMost: VARIANTS_MOST,
    routesMost: ROUTES_MOST,
    microLamportsMost: priceMost(),
  });

  /** Ends the payment with this outcome. False when this daemon did not end it. */
  const end = (
    payment: Payment,
    outcome: Exclude<Outcome, { became: 'untold' }>,
  ): Promise<boolean> => {
    const { signature, slot } = outcome;
    switch (outcome.became) {
      case 'paid':
        return ends.land(payment, signature, slot);
      case 'failed':
        return ends.failExecuted(payment, signature, slot, outcome.error);
      case 'cancelled':
      case 'overtaken':
      case 'closed':
        return ends.overtaken(payment, outcome.became, signature, slot);
      default:
        return unreachable(outcome);
    }
  };

  const finish = async (
    payment: Payment,
    signed: SignedBytes,
    outcome: Exclude<Outcome, { became: 'untold' }>,
  ): Promise<NonceLooked> => {
    const { signature, slot } = outcome;
    const byThis = await end(payment, outcome);
    if (!byThis) {
      const known = await ledger.payments.live(payment.subscriberId);
      // Another daemon has signed that transaction for the payment since this one read it, or the
      // database went back and lost that the payment was signed with it.
      const isSame = known?.id === payment.id && known.state === 'sent';
      if (isSame && known.nonce) return look(known, known.nonce);
    }
    triedMs.delete(payment.id);
    closed.forget(payment.id);
    const executed = outcome.became === 'paid' || outcome.became === 'failed';
    return { ended: { ...signed, signature }, slot: executed ? slot : null, byThis };
  };

  /** Stores another variant, and sends it. False when another daemon was faster. */
  const add = async (
    payment: Payment,
    purpose: Variant['purpose'],
    bytes: SignedBytes,
    variants: readonly Variant[],
  ): Promise<boolean> => {
    const identity = ports.books.identity();
    const variant = { purpose, bytes, route: purpose === 'payment' ? routeOf(payment) : null };
    if (!(await ledger.payments.varied(payment.id, variant, variants.length, identity)))
      return false;
    const { signature } = bytes;
    log.info('payment.varied', {
      payment: payment.id,
      purpose,
      signature,
      number: variants.length + 1,
      microLamports: bytes.microLamports,
      ...variant.route,
    });
    looking.sent(payment.subscriberId, bytes);
    await ports.broadcast(payment, bytes, purpose);
    return true;
  };

  const cancel = async (
    payment: Payment,
    nonce: NonceAt,
    signed: SignedBytes,
    variants: readonly Variant[],
  ): Promise<SignedBytes> => {
    const microLamports = priceMost();
    const written = await pen.signNonce({
      act: 'move',
      subscriberId: payment.subscriberId,
      lamports: 0n,
      blockhash: nonce.value,
      microLamports,
    });
    const bytes = { ...signed, ...written, microLamports };
    return (await add(payment, 'cancel', bytes, variants)) ? bytes : signed;
  };

  /** By payment, the time of the last try to sign it again that found nothing to sign. */
  const triedMs = new Map<string, number>();

  /**
   * Signs the payment by its present route at a higher price; or, when the chain would refuse that
   * route, by another route. `price` is null when the price cannot rise; another route is then
   * signed at the price `unraised`. Null when there is nothing to sign.
   */
  const signAgain = async (
    payment: Payment,
    subscriber: Subscriber,
    price: bigint | null,
    unraised: bigint,
  ): Promise<{ payment: Payment; bytes: SignedBytes } | null> => {
    const told = (given: Payment, signed: Signed) => {
      if ('bytes' in signed) return { payment: given, bytes: signed.bytes };
      log.info('payment.not_varied', { payment: payment.id, ...signed.refused });
      return null;
    };
    const again = await ports.sign(payment, subscriber, null, price ?? unraised);
    if ('bytes' in again) return price === null ? null : told(payment, again);
    const other = await ports.reroute(payment, subscriber);
    if (other === null) return told(payment, again);
    const { account } = other;
    return told(
      other.payment,
      await ports.sign(other.payment, subscriber, account, price ?? unraised),
    );
  };

  /** Signs the payment once more, when that is due. Null when no other variant was stored. */
  const vary = async (
    payment: Payment,
    variants: readonly Variant[],
  ): Promise<SignedBytes | null> => {
    const rules = policy();
    const nowMs = clock.nowMs();
    const market = await fees.microLamports(variants.length);
    const price = nextPrice(variants, nowMs, market, rules);
    const unraised = price ?? routePrice(variants, nowMs, rules);
    if (unraised === null) return null;
    const elapsedMs = clock.elapsedMs();
    if (elapsedMs - (triedMs.get(payment.id) ?? Number.NEGATIVE_INFINITY) < rules.afterMs)
      return null;
    const subscriber = await ports.subscriberOf(payment.subscriberId);
    const signed = await signAgain(payment, subscriber, price, unraised);
    if (signed === null) triedMs.set(payment.id, elapsedMs);
    if (signed === null || !(await add(signed.payment, 'payment', signed.bytes, variants)))
      return null;
    const agentTokenAccount = ports.tokens.tokenAccount(payment.token.mint, subscriber.agentWallet);
    const accounts = { agentWallet: subscriber.agentWallet, agentTokenAccount };
    ports.ownSignatures.sent({ ...signed.payment, signed: signed.bytes }, accounts);
    return signed.bytes;
  };

  /**
   * While the nonce holds its value: cancels the payment, signs it once more, or sends it again.
   * With `observe`, and while the venue's program may not be paid through, no variant is signed.
   * Returns the bytes of the newest variant.
   */
  const goOn = async (
    payment: Payment,
    nonce: NonceAt,
    signed: SignedBytes,
    variants: readonly Variant[],
  ): Promise<SignedBytes> => {
    const again = looking.absent(payment.subscriberId);
    if ((await ports.books.doubt()) !== null) return signed;
    const cancelled = variants.some(({ purpose }) => purpose === 'cancel');
    if (!cancelled) {
      const halt = await haltOf(ledger, payment);
      if (halt !== null || payment.cancelAsked === true)
        // A daemon that observes signs no cancellation. The payment is not sent meanwhile.
        return observes ? signed : cancel(payment, nonce, signed, variants);
      if (again) await hindrance.of(payment, signed);
      const maySign = !observes && ports.conformance.objection(payment.venue) === null;
      const varied = maySign ? await vary(payment, variants) : null;
      if (varied !== null) return varied;
    }
    if (again) await ports.broadcast(payment, signed, cancelled ? 'cancel' : 'payment');
    return signed;
  };

  const executedAmong = async (variants: readonly Variant[]) => {
    const looks = await Promise.all(
      variants.map(
        async ({ signature }): Promise<[Signature, Awaited<ReturnType<typeof chain.look>>]> => [
          signature,
          await chain.look(signature),
        ],
      ),
    );
    for (const [signature, look] of looks)
      if (look.seen === 'executed') return { ...look, signature };
    return null;
  };

  async function look(payment: Payment, nonce: NonceAt): Promise<NonceLooked> {
    const { signed, variants = [] } = payment;
    if (signed === null) throw new Error(`payment ${payment.id} was sent and has no bytes`);
    const executed = await executedAmong(variants);
    if (executed !== null && executed.finality !== 'finalized') {
      looking.executed(payment.subscriberId, executed.slot);
      return { signed };
    }
    if (executed !== null) {
      const outcome = outcomeOf(variants, executed);
      if (outcome.became !== 'untold') return finish(payment, signed, outcome);
    }
    const { reading, slot } = await lane.finalReading(nonce.account);
    // A node that has not seen the slot of the value cannot tell whether it has moved.
    if (reading.seen !== 'absent' && slot < nonce.slot) {
      looking.absent(payment.subscriberId);
      return { signed };
    }
    if (reading.seen === 'value' && reading.value === nonce.value)
      return { signed: await goOn(payment, nonce, signed, variants) };
    const moved = outcomeOf(variants, await lane.moverOf(nonce));
    const outcome =
      moved.became === 'untold' ? await closed.outcomeOf(payment, nonce, moved) : moved;
    if (outcome.became !== 'untold') return finish(payment, signed, outcome);
    // No block executes the payment while its nonce has another authority. The authority may be
    // changed back, so the payment has not ended.
    const trouble =
      reading.seen === 'unusable'
        ? troubled('nonce_unusable', reading.why)
        : troubled('nonce_untold', outcome.why);
    await ledger.payments.hindered(payment.id, trouble);
    log.error('payment.untold', {
      payment: payment.id,
      subscriber: payment.subscriberId,
      ...trouble,
    });
    looking.absent(payment.subscriberId);
    return { signed };
  }
  return look;
}
