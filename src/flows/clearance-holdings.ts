// Clearance holdings: reads what the accounts of a subscriber hold now, for a clearance: the
// accounts at one venue or at all, and the token account of the agent wallet.
import type { Chain, ChainAccount } from '../core/chain-ports.ts';
import type { FundsReading } from '../core/clearance.ts';
import { type Holding, isHeard } from '../core/covered.ts';
import type { Address } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import type { AccountState } from '../core/reckoning.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Venue, Venues } from '../core/venue.ts';

export type HoldingsPorts = {
  readonly ledger: Pick<Ledger, 'checks'>;
  readonly chain: Chain;
  readonly tokens: Tokens;
  readonly venues: Venues;
};
export type Holdings = {
  /** The state of each account of the subscriber at a venue. */
  readonly holdings: readonly Holding[];
  /** The quote tokens in the token account of the agent wallet, in base units. */
  readonly tokens: BaseUnits;
  /** The funds that each account holds for the debts to come, with the slot of the reading. */
  readonly readings: readonly FundsReading[];
};

/** The number of accounts that one call asks for. */
const ASKED_AT_ONCE = 100;

/**
 * The quote tokens of an account at a venue: its deposit, isolated collateral, and what closed
 * parts of positions still add to it or take from it. Base units; a borrow is below zero.
 */
function settledOf(venue: Venue, state: AccountState | null, market: ChainAccount | null): bigint {
  const { quote, hints } = state ?? {};
  if (!quote || !hints) return 0n;
  const scaled = quote.scaled + hints.isolated;
  const worth = venue.quoteWorth(scaled < 0n ? -scaled : scaled, market) ?? 0n;
  return (scaled < 0n ? -worth : worth) + quote.unsettled;
}

/**
 * Creates the function that reads the holdings: of the accounts at one venue, or with `all` of
 * those at every venue.
 */
export function createClearanceHoldings(
  ports: HoldingsPorts,
): (subscriber: Subscriber, at: Venue, all: boolean) => Promise<Holdings> {
  const { ledger, chain, tokens, venues } = ports;

  /**
   * The Drift accounts that neither the ledger nor the chain shows now. A hundred are asked for in
   * one call. The ledger alone is not enough: it learns of an account that was made again only
   * after the account may have traded.
   */
  const goneOf = async (subscriberId: string): Promise<ReadonlySet<Address>> => {
    const missing = [...(await ledger.checks.missing(subscriberId))];
    const gone = new Set<Address>();
    for (let from = 0; from < missing.length; from += ASKED_AT_ONCE) {
      const batch = missing.slice(from, from + ASKED_AT_ONCE);
      const { accounts } = await chain.slices(batch, { offset: 0, length: 0 }, 'confirmed');
      for (const [index, address] of batch.entries())
        if (accounts[index] == null) gone.add(address);
    }
    return gone;
  };

  return async (subscriber, at, all) => {
    const holdings: Holding[] = [];
    const readings: FundsReading[] = [];
    const gone = await goneOf(subscriber.id);
    for (const { address, venue: name } of subscriber.driftAccounts) {
      if ((!all && name !== at.name) || gone.has(address)) continue;
      const venue = venues.of(name);
      const { slot, accounts } = await chain.accounts(await venue.preflightAccounts(address));
      const state = venue.stateOf('drift_user', slot, accounts[0] ?? null);
      readings.push({
        account: address,
        slot,
        amount: settledOf(venue, state, accounts[1] ?? null),
      });
      const funds = venue.read(address, accounts)?.funds ?? null;
      const explained = await ledger.checks.explained(address);
      const claimable = funds?.claimable.filter((each) => !each.held) ?? [];
      holdings.push({
        exists: state?.hints.exists ?? false,
        heard: explained !== null && state !== null && isHeard(explained, state),
        positions: state?.positions?.length ?? 0,
        deposit: funds?.deposit ?? 0n,
        claimable: claimable.reduce((sum, each) => sum + each.amount, 0n),
      });
    }
    const { agentWallet } = subscriber;
    const address = tokens.tokenAccount(at.quoteMint, agentWallet);
    const { slot, accounts } = await chain.accounts([address]);
    const own = tokens.readTokenAccount(accounts[0] ?? null, at.quoteMint, agentWallet);
    const amount = own === null || own.foreign ? 0n : own.amount;
    // A token account of another owner leaves nothing behind, also when tokens come into it.
    if (own?.foreign !== true) readings.push({ account: address, slot, amount });
    return { holdings, tokens: amount, readings };
  };
}
