// Takings: what a debtor does under a clearance before the debt is paid. One account wins, another
// one loses, the accounts are read for further clearances in between, and everything leaves.
import type { Ledger } from '../../src/core/ports.ts';
import { ACTS } from './acts.ts';
import type { SimChain } from './chain/chain.ts';
import { CALL, depositOf } from './chain/drift.ts';
import type { SimInstruction } from './chain/message.ts';
import { DRIFT } from './chain/venues.ts';
import { readingsOf } from './cleared.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';
import { MARKETS, PEOPLE, type Person, PLACES, STRANGER_TOKENS } from './world.ts';

/** Settles the results of every market into the deposit of an account. */
function settling({ agent }: Person, user: string): SimInstruction[] {
  const { program, state, vault } = { ...DRIFT, ...PLACES[DRIFT.name] };
  const data = Buffer.alloc(12 + 2 * MARKETS);
  data.write(CALL.settleMultiple, 'hex');
  data.writeUInt32LE(MARKETS, 8);
  for (let market = 0; market < MARKETS; market++) data.writeUInt16LE(market, 12 + 2 * market);
  return [{ program, accounts: [state, user, agent, vault], data: new Uint8Array(data) }];
}

/**
 * One person is cleared, wins and loses in random order, and takes all or most of the money. A
 * block passes after each act.
 */
export async function take(
  people: People,
  chain: SimChain,
  random: Random,
  ledger: Ledger,
  nowMs: () => number,
  pass: () => void,
): Promise<void> {
  const person = random.pick(PEOPLE);
  const [wins = '', loses = ''] = random.chance(0.5) ? person.users : person.users.toReversed();
  const heldIn = (user: string): bigint => depositOf(chain.store.get(user));
  let grants = 0;
  const close = (user: string, netPnl: bigint) =>
    people.act(ACTS.close(user, random.below(MARKETS), netPnl));
  const leave = (user: string, amount: bigint) =>
    people.act(ACTS.withdraw(person, user, amount, STRANGER_TOKENS), person.agent);
  const clear = async (): Promise<void> => {
    const slot = chain.block(chain.tip()).slot;
    const readings = readingsOf(chain, person, DRIFT, slot);
    const amount = heldIn(wins) + heldIn(loses) + 3_000_000n;
    await ledger.clearances.grant(
      person.id,
      {
        id: `taking${++grants}`,
        purpose: 'withdraw',
        amount,
        mint: DRIFT.mint,
        trades: [],
        grantedSlot: slot,
        untilSlot: slot + 200,
      },
      nowMs(),
      nowMs() + 60_000,
      null,
      { most: amount, slot, readings },
    );
  };
  const steps = [
    () => close(wins, BigInt(500_000 + random.below(1_500_000))),
    () => close(loses, -BigInt(100_000 + random.below(1_500_000))),
    () => leave(random.pick([wins, loses]), heldIn(wins) / 4n + 1n),
    () => people.act(ACTS.deposit(person, loses, BigInt(1 + random.below(1_000_000)))),
    clear,
  ].filter((_, nth) => nth === 0 || random.chance(0.6));
  for (let step: (() => unknown) | undefined = clear; step !== undefined; ) {
    await step();
    pass();
    [step] = steps.splice(random.below(steps.length || 1), 1);
  }
  for (const user of [wins, loses]) people.act(settling(person, user));
  pass();
  for (const user of [loses, wins]) if (random.chance(0.9)) leave(user, heldIn(user));
  pass();
}
