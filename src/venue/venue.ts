// Venue: implements the `Venue` port for one dialect, with a door to the builder of its
// instructions.

import type { Chain } from '../core/chain-ports.ts';
import type { Address } from '../core/ids.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { PaymentParts } from '../core/signing-ports.ts';
import type { AccountMeta, Instruction } from '../core/transaction.ts';
import type { SeenAccount, Venue } from '../core/venue.ts';
import { depositTokens, type User } from './accounts.ts';
import { type Builder, type BuilderDoor, interestInstruction } from './builder.ts';
import type { Dialect } from './dialect.ts';
import { classify, NOTHING_TO_SETTLE, SHORT_OF_COLLATERAL } from './errors.ts';
import { atPrices, fundsOf } from './funds.ts';
import { cover, hearVenue } from './hearing.ts';
import { inspectVenue } from './inspect.ts';
import { madeForAt } from './made-for.ts';

/** Markets without an oracle name the system program. */
const NO_ORACLE = SYSTEM_PROGRAM;

/** Creates the venue of a dialect. `door` loads the builder when instructions are first needed. */
export function createVenue(dialect: Dialect, door: BuilderDoor): Venue {
  const { profile, accounts, states, addresses } = dialect;
  const { quote } = profile;
  const hasBreaker = profile.accounts.UserStats.fields.equityBreaker !== null;
  /** The oracle of each market, by the market's address. */
  const oracles = new Map<Address, Address>();

  /**
   * The oracles of markets, in order; unknown ones are read in one request. Markets hardly ever
   * change their oracle. An outdated one makes the simulation fail with an error of the class
   * `operator`; the caller then calls `forgetOracles`.
   */
  const oraclesOf = async (
    markets: readonly { kind: 'spot' | 'perp'; index: number; address: Address }[],
    readAccounts: Chain['accounts'],
  ): Promise<Address[]> => {
    const missing = markets.filter((each) => !oracles.has(each.address));
    const read =
      missing.length === 0
        ? []
        : (await readAccounts(missing.map((each) => each.address))).accounts;
    for (const [at, { kind, index, address }] of missing.entries()) {
      const account = read[at];
      if (!account) throw new RangeError(`the venue has no ${kind} market ${index}`);
      oracles.set(
        address,
        kind === 'spot'
          ? accounts.spotMarket(accounts.owned(account)).oracle
          : accounts.perpOracle(accounts.owned(account)),
      );
    }
    return markets.map((each) => oracles.get(each.address) ?? NO_ORACLE);
  };

  /**
   * The remaining accounts in the order that the program's account loader requires: oracles, then
   * spot markets, then perp markets, each once.
   */
  const remainingAccounts = async (
    seen: SeenAccount,
    settleMarkets: readonly number[],
    readAccounts: Chain['accounts'],
    writable: 'settle' | 'withdraw',
  ): Promise<AccountMeta[]> => {
    const spots = [...new Set([quote.market, ...seen.spotMarkets])];
    const perps = [...new Set([...settleMarkets, ...seen.perps.map((each) => each.market)])];
    const markets = [
      ...spots.map((index) => ({
        kind: 'spot' as const,
        index,
        address: addresses.spotMarket(index),
      })),
      ...perps.map((index) => ({
        kind: 'perp' as const,
        index,
        address: addresses.perpMarket(index),
      })),
    ];
    const wanted = await oraclesOf(markets, readAccounts);
    const meta = (address: Address, isWritable: boolean): AccountMeta => ({
      address,
      isSigner: false,
      isWritable,
    });
    return [
      ...[...new Set(wanted)]
        .filter((oracle) => oracle !== NO_ORACLE)
        .map((oracle) => meta(oracle, false)),
      ...markets.map(({ kind, index, address }) =>
        meta(
          address,
          kind === 'spot'
            ? index === quote.market
            : writable === 'settle' && settleMarkets.includes(index),
        ),
      ),
    ];
  };

  const seenIn = (address: Address, user: User): SeenAccount => ({
    address,
    spotMarkets: user.spots.map((each) => each.market),
    borrowed: user.spots
      .filter((each) => each.isBorrow && each.market !== quote.market)
      .map((each) => each.market),
    perps: user.perps.map(({ market, base, quote: held }) => ({ market, base, quote: held })),
  });

  /**
   * The instructions that were built last from each reading. A payment is simulated and then signed
   * from one reading, so unless its plan changed in between, the instructions are built once.
   */
  let remembered = new WeakMap<SeenAccount, { readonly key: string; built: Instruction[] }>();
  const build = async (
    { payment, agent, source }: PaymentParts,
    seen: SeenAccount,
    readAccounts: Chain['accounts'],
  ): Promise<Instruction[]> => {
    const { plan } = payment;
    if (plan.withdraw === 0n) return [];
    const builder: Builder = await door.load();
    const parties = { user: payment.driftUser, authority: agent };
    const built: Instruction[] = [];
    if (plan.settleMarkets.length > 0) {
      const remaining = await remainingAccounts(seen, plan.settleMarkets, readAccounts, 'settle');
      // One instruction for each market, so that the index of a refused instruction identifies
      // the market.
      for (const market of plan.settleMarkets)
        built.push(builder.settle(parties, market, remaining));
    }
    const remaining = await remainingAccounts(seen, plan.settleMarkets, readAccounts, 'withdraw');
    for (const index of seen.refresh ?? []) {
      const market = { kind: 'spot' as const, index, address: addresses.spotMarket(index) };
      const [oracle = NO_ORACLE] = await oraclesOf([market], readAccounts);
      built.push(interestInstruction(dialect, index, oracle));
    }
    built.push(builder.withdraw({ ...parties, destination: source }, plan.withdraw, remaining));
    return built;
  };
  const perpPrices: Venue['perpPrices'] = async (wanted, readAccounts) => {
    const { accounts: markets } = await readAccounts(wanted.map(addresses.perpMarket));
    const prices = new Map<number, bigint>();
    for (const [at, market] of wanted.entries()) {
      const account = markets[at];
      if (account) prices.set(market, accounts.perpPrice(accounts.owned(account)));
    }
    return prices;
  };
  return {
    name: profile.name,
    title: profile.title,
    programId: profile.programId,
    provenOn: profile.provenOn,
    quote: { mint: quote.mint, symbol: quote.symbol, decimals: quote.decimals },
    quoteMint: quote.mint,
    quoteMarket: quote.market,
    quoteDecimals: quote.decimals,
    shortOfCollateral: SHORT_OF_COLLATERAL,
    nothingToSettle: NOTHING_TO_SETTLE,
    contended: [addresses.spotMarket(quote.market), addresses.spotVault(quote.market)],
    lookupTables: profile.lookupTables,
    marketName: (index) => profile.perpNames[index] ?? null,
    userAddress: async (authority, subAccountId) => addresses.user(authority, subAccountId),
    hear: (transaction, watched) => hearVenue(dialect, transaction, watched),
    isOwnAccount: addresses.isOwnAccount,
    isMadeFor: madeForAt(dialect),
    cover: (transaction, watched) => cover(dialect, transaction, watched),
    ofValue: (mint) => profile.marketMints.has(mint),
    pulseSlice: states.pulse,
    leaves: states.leaves,
    stateOf: states.stateOf,
    quoteMarketAddress: async () => addresses.spotMarket(quote.market),
    quoteWorth: (scaled, market) =>
      market === null || scaled < 0n
        ? null
        : depositTokens(scaled, accounts.spotMarket(accounts.owned(market))),
    statsAddress: addresses.userStats,
    subAccountsCreated: (account) =>
      account === null ? 0 : accounts.subAccountsCreated(accounts.owned(account)),
    referrerRewards: (account) =>
      account === null ? null : accounts.referrerRewards(accounts.owned(account)),
    async flatFee(readAccounts) {
      const [account] = (await readAccounts([addresses.state])).accounts;
      return account ? accounts.flatFillerFee(accounts.owned(account)) : 0n;
    },
    preflightAccounts: async (driftUser, authority) => [
      driftUser,
      addresses.spotMarket(quote.market),
      addresses.state,
      ...(hasBreaker && authority !== undefined ? [addresses.userStats(authority)] : []),
    ],
    read(driftUser, [userAccount, marketAccount, stateAccount, stats]) {
      if (!userAccount || !marketAccount || !stateAccount) return null;
      const user = accounts.user(accounts.owned(userAccount));
      const exchangeStatus = accounts.exchangeStatus(accounts.owned(stateAccount));
      const market = accounts.spotMarket(accounts.owned(marketAccount));
      const account = seenIn(driftUser, user);
      const stopped = stats ? accounts.breakerTripped(accounts.owned(stats)) : false;
      return { account, funds: fundsOf(profile, user, market, { exchangeStatus, stopped }) };
    },
    async account(driftUser, readAccounts) {
      const [account] = (await readAccounts([driftUser])).accounts;
      if (!account)
        throw new RangeError(`the ${profile.title} account ${driftUser} does not exist`);
      return seenIn(driftUser, accounts.user(accounts.owned(account)));
    },
    async valued(seen, funds, readAccounts) {
      const held = funds.claimable.filter((each) => each.held).map((each) => each.market);
      if (held.length === 0) return funds;
      return atPrices(funds, seen, await perpPrices(held, readAccounts));
    },
    perpPrices,
    forgetOracles() {
      oracles.clear();
      remembered = new WeakMap();
    },
    refreshed: ({ code }, account) =>
      code === `venue_${profile.staleInterest}` &&
      account.borrowed.length > 0 &&
      account.refresh === undefined
        ? { ...account, refresh: account.borrowed }
        : null,
    async prepare() {
      await door.load();
    },
    async instructions(parts, seen, readAccounts) {
      const { driftUser, plan } = parts.payment;
      const key = [driftUser, parts.agent, parts.source, plan.withdraw, plan.settleMarkets].join();
      const kept = remembered;
      const known = kept.get(seen);
      if (known?.key === key) return known.built;
      const built = await build(parts, seen, readAccounts);
      kept.set(seen, { key, built });
      return built;
    },
    inspect: (instruction) => inspectVenue(profile.programId, instruction),
    trouble: (error, programs, logs) =>
      classify(
        profile,
        error,
        programs,
        logs,
        (code) => door.loaded()?.errorName(code) ?? `error ${code}`,
      ),
  };
}
