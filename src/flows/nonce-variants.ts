// Nonce variants: signs a payment that was sent under a nonce once more, at a higher price or by
// another route, or signs its cancellation. The nonce lets the chain execute one variant at most.
// Each variant is stored before it is sent. See ADR 41 and 104.
import {
  type NonceAt,
  nextPrice,
  routePrice,
  type Variant,
  type VariantPolicy,
} from '../core/nonce.ts';
import type { Payment } from '../core/payment.ts';
import { routeOf } from '../core/payment-route.ts';
import type { Subscriber } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import type { Books } from './books-comparison.ts';
import type { Looking } from './look-schedule.ts';
import type { NonceLanePorts } from './nonce-lane.ts';
import type { OwnSignatures } from './own-signatures.ts';
import type { createRerouting } from './rerouting.ts';
import type { createSigning, Signed } from './signing.ts';

export type VariantPorts = Pick<
  NonceLanePorts,
  'ledger' | 'pen' | 'fees' | 'clock' | 'log' | 'tokens'
> & {
  readonly books: Pick<Books, 'identity'>;
  readonly ownSignatures: Pick<OwnSignatures, 'sent'>;
  readonly looking: Pick<Looking, 'sent'>;
  readonly sign: ReturnType<typeof createSigning>;
  readonly reroute: ReturnType<typeof createRerouting>;
  readonly broadcast: (
    payment: Payment,
    bytes: SignedBytes,
    purpose: Variant['purpose'],
  ) => Promise<void>;
  readonly subscriberOf: (id: string) => Promise<Subscriber>;
};
export type NonceVariants = {
  /**
   * Signs, stores and sends the transaction that moves the nonce and pays nothing. Returns its
   * bytes, or those of `signed` when another daemon stored a variant first.
   */
  cancel(
    payment: Payment,
    nonce: NonceAt,
    signed: SignedBytes,
    variants: readonly Variant[],
  ): Promise<SignedBytes>;
  /**
   * Signs the payment once more, when that is due, and stores and sends the bytes. Returns them;
   * null when no other variant was stored.
   */
  vary(payment: Payment, variants: readonly Variant[]): Promise<SignedBytes | null>;
  /** Forgets what is kept in memory of an ended payment. */
  forget(paymentId: string): void;
};

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
 * Creates the signing of variants. `rebroadcastMs` is the time between two sends of the same bytes.
 */
export function createNonceVariants(ports: VariantPorts, rebroadcastMs: number): NonceVariants {
  const { ledger, pen, fees, clock, log, looking } = ports;
  const priceMost = (): bigint => (fees.priorityFeeMost * MICRO) / FULL_UNITS;
  const policy = (): VariantPolicy => ({
    afterMs: SENDS_A_VARIANT * rebroadcastMs,
    riseBps: RISE_BPS,
    variantsMost: VARIANTS_MOST,
    routesMost: ROUTES_MOST,
    microLamportsMost: priceMost(),
  });

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

  return { cancel, vary, forget: (paymentId) => void triedMs.delete(paymentId) };
}
