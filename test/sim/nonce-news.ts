// Nonce news: what happens to payments under nonces alone. Account subscriptions tell the value at
// the end of the newest block, also where that block lies on a fork that will be left; and the way
// of a payment that was sent is taken away, so that it must go another one.
import { nonceAddress } from '../../src/chain/nonce.ts';
import type { Address } from '../../src/core/ids.ts';
import type { SimBooks } from './books.ts';
import type { SimChain } from './chain/chain.ts';
import { keyBytes } from './chain/message.ts';
import { nonceOf } from './chain/nonces.ts';
import type { Daemon } from './daemon.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';
import { PEOPLE, SPONSOR } from './world.ts';

/**
 * The smaller chance that bytes under a nonce arrive again. Most sends are lost in such a history,
 * so that payments wait for variants.
 */
export const SELDOM = 0.005;
/** The part of all notifications that arrives. */
const ARRIVING = 0.7;

/** Tells each daemon of the nonces that the last whole block changed. */
export function tellNonces(
  chain: SimChain,
  daemons: readonly Pick<Daemon, 'nonces'>[],
  random: Random,
): void {
  const index = chain.tip() - 1;
  if (index < 1) return;
  for (const { nonces } of daemons)
    for (const address of nonces.accounts()) {
      const state = chain.accountAt(address, index);
      if (state === chain.accountAt(address, index - 1) || !random.chance(ARRIVING)) continue;
      const account = state && { ...state, owner: state.owner as Address };
      nonces.heard(address, chain.block(index).slot, account);
    }
}

/**
 * Takes the way away from a payment that was sent under a nonce, if there is one: the token account
 * of the agent, or with `any` also what the account at the venue holds.
 */
export function obstruct(
  { state }: SimBooks,
  people: People,
  random: Random,
  what: 'tokens' | 'any',
): void {
  const sent = [...(state?.payments.values() ?? [])].filter(
    (each) => each.state === 'sent' && each.nonce,
  );
  if (sent.length === 0) return;
  const { subscriberId, driftUser } = random.pick(sent);
  people.obstruct(subscriberId, what === 'any' && random.chance(0.4) ? driftUser : null);
}

/**
 * In half of the histories every nonce account is open from the beginning, as one that a lost
 * ledger left: otherwise a short history is over before the first payment can wait for a variant.
 * Returns the chance at each step that bytes under a nonce arrive again.
 */
export function beginNonces(chain: SimChain, random: Random): number {
  if (random.chance(0.5))
    for (const { id } of PEOPLE)
      chain.store.set(nonceAddress(SPONSOR, id), nonceOf(keyBytes(SPONSOR), chain.genesisHash));
  return random.pick([0.1, SELDOM]);
}
