// Kept: limits what the outflows of one transaction name as received. A wallet that signs may pass
// tokens on in the transaction in which it got them, so that it has no more of them afterwards.
// All outflows of the transaction, of every subscriber and venue, share the net gain of a receiver.
import type { Fact } from './fact.ts';
import { least, most } from './money.ts';
import { WRAPPED_SOL } from './programs.ts';
import { type ChainTransaction, holdingKey } from './transaction.ts';

/** Base units that the accounts of each owner gained, by `holdingKey` of owner and mint. */
function netGains({ tokenBalances }: ChainTransaction): Map<string, bigint> {
  const gains = new Map<string, bigint>();
  const add = (owner: string | null, mint: string, amount: bigint): void => {
    if (owner === null) return;
    const key = holdingKey(owner, mint);
    gains.set(key, (gains.get(key) ?? 0n) + amount);
  };
  for (const { owner, ownerAfter, mint, before, after } of tokenBalances) {
    add(owner, mint, -before);
    add(ownerAfter, mint, after);
  }
  return gains;
}

/**
 * The facts of a transaction, where no outflow names an owner for more tokens than that owner
 * gained. The part of an outflow beyond the gain becomes an outflow of its own without an owner,
 * which pays no creator. The outflows that come first in the transaction take the gain first.
 * Wrapped SOL is left alone, because it may become SOL at any time, and so is an owner whom no
 * balance of the mint names: that owner had none before and has none afterwards.
 */
export function limitToKept(facts: readonly Fact[], transaction: ChainTransaction): Fact[] {
  const gains = netGains(transaction);
  const places = new Set(
    facts.map(({ account, subscriberId, position }) =>
      [subscriberId, account, position.ordinal].join(' '),
    ),
  );
  const limited = new Map<Fact, Fact[]>();
  const inOrder = [...facts].sort((a, b) => a.position.ordinal - b.position.ordinal);
  for (const fact of inOrder) {
    const { body, subscriberId, account, position } = fact;
    if (body.kind !== 'outflow' || body.internal) continue;
    const { owner, mint, amount, destination } = body;
    if (owner === null || mint === null || mint === WRAPPED_SOL) continue;
    const key = holdingKey(owner, mint);
    const gain = gains.get(key);
    // No balance of this mint names the owner, so that nothing tells what became of the tokens.
    if (gain === undefined) continue;
    const kept = least(amount, most(gain, 0n));
    gains.set(key, gain - kept);
    if (kept === amount) continue;
    const passedOn = {
      ...body,
      amount: amount - kept,
      owner: null,
      destination: destination === owner ? null : destination,
      usd: body.usd === null ? null : (body.usd * (amount - kept)) / amount,
    };
    if (kept === 0n) {
      limited.set(fact, [{ ...fact, body: passedOn }]);
      continue;
    }
    let { ordinal } = position;
    while (places.has([subscriberId, account, ordinal].join(' '))) ordinal += 1;
    places.add([subscriberId, account, ordinal].join(' '));
    const usd = body.usd === null ? null : body.usd - (passedOn.usd ?? 0n);
    limited.set(fact, [
      { ...fact, body: { ...body, amount: kept, usd } },
      { ...fact, position: { ...position, ordinal }, body: passedOn },
    ]);
  }
  return facts.flatMap((fact) => limited.get(fact) ?? [fact]);
}
