// Bundles: transactions of people that hold two or three facts about one account: closes, and a
// withdrawal before or after one. Only the place in the transaction tells their order, and that
// order decides the standing and, on a high-water mark, the debt.

import { ACTS } from './acts.ts';
import type { SimChain } from './chain/chain.ts';
import { depositOf } from './chain/drift.ts';
import type { SimInstruction } from './chain/message.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';
import { accountsOf, MARKETS, PEOPLE, strangerTokens, venueOfUser } from './world.ts';

/** The facts of a bundle in their order; each kind also comes in the reverse order. */
const KINDS = [
  ['win', 'leave'],
  ['leave', 'win'],
  ['win', 'lose'],
  ['lose', 'win'],
  ['win', 'leave', 'win'],
] as const;

/** Executes one transaction that holds several facts about one account of one person. */
export function bundle(people: People, chain: SimChain, random: Random, both: boolean): void {
  const person = random.pick(PEOPLE);
  const user = random.pick(both ? accountsOf(person) : person.users);
  const deposit = depositOf(chain.store.get(user));
  const amount = 1n + BigInt(random.below(Number(deposit / 8n) + 1));
  const close = (netPnl: bigint): SimInstruction[] =>
    ACTS.close(user, random.below(MARKETS), netPnl);
  const acts = {
    win: () => close(BigInt(200_000 + random.below(1_800_000))),
    lose: () => close(-BigInt(50_000 + random.below(400_000))),
    leave: () => ACTS.withdraw(person, user, amount, strangerTokens(venueOfUser(user))),
  };
  people.act(
    random.pick(KINDS).flatMap((fact) => acts[fact]()),
    person.agent,
  );
}
