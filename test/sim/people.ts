// People: what happens to a simulated history from outside: trades, flights, top-ups, pauses, operators, and the weather.
import type { Ledger } from '../../src/core/ports.ts';
import type { SimChain } from './chain.ts';
import { idOf, SUBSCRIBERS } from './laws.ts';
import type { Weather } from './ports.ts';
import type { Random } from './random.ts';

/** Every history has weather of its own, from almost fair to hardly anything getting through. */
export const storm = (random: Random): Weather => ({
  error: random.next() * 0.3,
  lost: random.pick([0.05, 0.3, 0.9, 1]),
  denied: random.next() * 0.3,
  delayed: random.next() * 0.7,
  lag: random.next() * 0.5,
  lie: random.next() * 0.2,
});

/** What people do. */
export function live(chain: SimChain, random: Random): void {
  const subscriber = random.below(SUBSCRIBERS);
  const own = chain.balances.accounts[subscriber];
  if (own === undefined) return;
  const what = random.next();
  if (what < 0.45)
    chain.happen({ kind: 'close', subscriber, netPnl: String(random.below(2_000_000) - 400_000) });
  else if (what < 0.6)
    chain.happen({
      kind: 'outflow',
      subscriber,
      amount: String(1 + random.below(Number(own.deposit / 4n) + 1)),
    });
  else if (what < 0.75) own.lamports += 20_000n;
  else if (what < 0.9) chain.balances.sponsor += 50_000n;
  else chain.paused = !chain.paused;
}

/** What operators and platforms do. */
export async function operate(ledger: Ledger, random: Random): Promise<void> {
  const id = idOf(random.below(SUBSCRIBERS));
  const what = random.next();
  if (what < 0.3) await ledger.shares.hasten(id);
  else if (what < 0.6) {
    const open = await ledger.shares.open(id);
    if (open.length > 0) await ledger.shares.retry(random.pick(open).id);
  } else if (what < 0.8) await ledger.halts.set(random.pick(['all', `subscriber:${id}`]), 'drill');
  else for (const { scope } of await ledger.halts.list()) await ledger.halts.lift(scope);
}
