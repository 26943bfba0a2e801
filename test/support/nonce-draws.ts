// Nonce draws: random steps of nonces and of payments under them, for histories that two ledgers
// must answer alike.
import type { NonceAt } from '../../src/core/nonce.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Route } from '../../src/core/payment-route.ts';
import type { Ledger } from '../../src/core/ports.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import { addressOf, signatureOf } from './ledger.ts';
import { WHO } from './ledger-draws.ts';

export const nonceOf = (id: string, seed: number) => ({
  account: addressOf(90 + WHO.indexOf(id)),
  value: `v${seed % 6}`,
  slot: seed % 50,
});

/**
 * The nonce of the next payment of a subscriber. Its account is opened where there is none, and
 * two of three times where it is being closed. One of seven times the value is drawn, so that it
 * may be another than the noted one.
 */
export async function nextNonce({ nonces }: Ledger, id: string, seed: number): Promise<NonceAt> {
  const drawn = nonceOf(id, seed);
  const { account, value, slot } = drawn;
  const known = await nonces.of(id);
  const isClosing = known !== null && known.closingMs !== null;
  if (isClosing && seed % 3 > 0) await nonces.closed(id);
  if ((await nonces.of(id)) === null)
    await nonces.asked({ subscriberId: id, account, authority: addressOf(89), rent: 5n }, 0);
  if (((await nonces.of(id))?.noted ?? null) === null) await nonces.note(id, null, { value, slot });
  const noted = (await nonces.of(id))?.noted ?? null;
  return noted === null || seed % 7 === 0 ? drawn : { account, ...noted };
}

const routeOf = (id: string, seed: number, amount: bigint): Route => ({
  driftUser: addressOf(80 + WHO.indexOf(id)),
  subAccountId: seed % 3,
  // No route withdraws more than the payment pays.
  withdraw: BigInt(seed % 7) < amount ? BigInt(seed % 7) : amount,
  settleMarkets: seed % 2 ? [seed % 4] : [],
  createAgentAccount: seed % 3 === 0,
});

/** A random step of a payment that was sent under a nonce. */
export function underNonce(
  { payments }: Ledger,
  { id, variants = [], plan: { amount, covers } }: Payment,
  n: number,
  seed: number,
  trouble: Trouble,
): Promise<unknown> {
  const signature = signatureOf(6_000 + n);
  const paying = variants.findLast((each) => each.purpose === 'payment')?.signature;
  // One end in five is of bytes that the payment does not hold.
  const named = seed % 5 === 0 ? signature : (paying ?? signature);
  const bytes = { signature, bytes: Uint8Array.of(2), lastValidBlockHeight: 5, blockhashSlot: 3 };
  switch (seed % 8) {
    case 0:
      return payments.varied(
        id,
        { purpose: 'payment', bytes, route: seed % 5 < 2 ? routeOf(id, seed, amount) : null },
        variants.length - (seed % 3 ? 0 : 1),
      );
    case 1:
      return payments.varied(id, { purpose: 'cancel', bytes, route: null }, variants.length);
    case 2:
      return payments.cancel(id, {
        shareId: seed % 24 < 8 ? null : (covers[seed % covers.length]?.shareId ?? null),
        reason: 'drill',
        actor: 'command',
        person: null,
      });
    case 3:
      return payments.overtaken(
        id,
        {
          signature: seed % 48 < 16 ? signature : (variants.at(-1)?.signature ?? signature),
          slot: 60,
          own: seed % 16 < 8,
        },
        trouble,
        seed % 32 < 16 ? 100 : null,
      );
    case 4:
      return payments.failed(id, 55, trouble, 100, true, named);
    default:
      return payments.landed(id, 56, named);
  }
}

/** A random step of a nonce account. */
export async function moveNonce({ nonces }: Ledger, id: string, seed: number): Promise<unknown> {
  const noted = (await nonces.of(id))?.noted ?? null;
  const { account, value } = nonceOf(id, seed);
  const slot = (noted?.slot ?? 0) + (seed % 3);
  if (seed % 5 === 0) return seed % 2 === 0 ? nonces.closed(id) : nonces.closing(id, 500);
  if (seed % 5 === 1)
    return nonces.asked({ subscriberId: id, account, authority: addressOf(89), rent: 5n }, 500);
  const from = seed % 5 === 2 ? 'another' : (noted?.value ?? null);
  return [
    await nonces.note(id, from, { value, slot }),
    await nonces.list({ limit: 9 }),
    await nonces.sums(),
  ];
}

/** Whether the ledger knows what moved each value; two payments may name one value here. */
export const moversOf = ({ nonces }: Ledger, id: string): Promise<boolean[]> =>
  Promise.all(
    [0, 1, 2, 3, 4, 5].map(async (each) => {
      const { account, value } = nonceOf(id, each);
      return (await nonces.moverOf(account, value)) !== null;
    }),
  );
