// Venue: the simulated venue: what an act means, what an account holds, and whether it is paused.
import type { Fact } from '../../src/core/fact.ts';
import type { Watched } from '../../src/core/hearing-ports.ts';
import type { Venue } from '../../src/core/outside.ts';
import type { Trouble } from '../../src/core/payment.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import type { Act, SimChain } from './chain.ts';
import { at, MINT, parse } from './ports.ts';

export function createSimVenue(sim: SimChain): Venue {
  const factsOf = (
    transaction: ChainTransaction,
    watched: ReadonlyMap<string, Watched>,
  ): Fact[] => {
    const act = parse<Act>(Buffer.from(transaction.logs[0] ?? '{}'));
    const account = at(act.subscriber, 'drift');
    const watch = watched.get(account);
    if (watch === undefined || transaction.error !== null) return [];
    const { signature, slot, blockIndex } = transaction;
    const base = {
      subscriberId: watch.subscriberId,
      account,
      signature,
      position: { slot, blockIndex, ordinal: 0 },
    };
    if (act.kind === 'close') {
      const netPnl = BigInt(act.netPnl);
      return [
        {
          ...base,
          body: {
            kind: 'close',
            market: 0,
            side: 'taker',
            position: 'long',
            cause: 'trade',
            baseFilled: 1n,
            baseClosed: 1n,
            proceeds: netPnl,
            entry: 0n,
            grossPnl: netPnl,
            fee: 0n,
            netPnl,
            fillRecordId: 0n,
            oraclePrice: 1n,
            counterparty: null,
          },
        },
      ];
    }
    const amount = BigInt(act.kind === 'payment' ? act.withdraw : act.amount);
    return amount === 0n
      ? []
      : [
          {
            ...base,
            body: {
              kind: 'outflow',
              route: 'withdraw',
              amount,
              mint: MINT,
              decimals: 6,
              destination: null,
              internal: false,
              owner: null,
              ofValue: true,
              consent: 'agent',
              signers: [],
              usd: null,
            },
          },
        ];
  };
  const trouble = (error: unknown): Trouble => ({
    class:
      error === 'flaky'
        ? 'retry_soon'
        : error === 'paused'
          ? 'venue_paused'
          : error === 'short'
            ? 'retry_when_healthier'
            : 'needs_sol',
    code: String(error),
    detail: '',
  });
  return {
    name: 'simulated',
    programId: MINT,
    quoteMint: MINT,
    quoteMarket: 0,
    quoteDecimals: 6,
    shortOfCollateral: 'short_of_collateral',
    nothingToSettle: [],
    userAddress: async () => MINT,
    hear: (transaction, watched) => factsOf(transaction, watched),
    pulseSlice: () => ({ offset: 0, length: 0 }),
    stateOf: () => null,
    statsAddress: () => MINT,
    subAccountsCreated: () => 0,
    flatFee: async () => 10_000n,
    preflightAccounts: async (driftUser) => [driftUser],
    funds: (_, [account]) =>
      account
        ? {
            deposit: BigInt(parse<string>(account.data)),
            claimable: [],
            exposed: false,
            room: null,
            blocked: sim.paused ? trouble('paused') : null,
          }
        : null,
    valued: async (_, funds) => funds,
    instructions: async () => [],
    forget: () => {},
    inspect: () => null,
    trouble,
  };
}
