// Drift: the Drift v2 venue behind the port. The program has been paused since April 2026; its successor would be
// another profile, layout and error table behind the same port.
import type { Address } from '../core/ids.ts';
import type { Chain, PaymentParts, Venue } from '../core/outside.ts';
import type { VenueFunds } from '../core/plan.ts';
import type { AccountMeta, Instruction } from '../core/transaction.ts';
import {
  depositTokens,
  readExchangeStatus,
  readFlatFillerFee,
  readPerpOracle,
  readPerpPrice,
  readSpotMarket,
  readSubAccountsCreated,
  readUser,
  type User,
} from './accounts.ts';
import { ownUsers, userStatsAddress } from './addresses.ts';
import { PROVEN_ON } from './builds.ts';
import { classify, NOTHING_TO_SETTLE, SHORT_OF_COLLATERAL } from './errors.ts';
import { atPrices, fundsOf } from './funds.ts';
import { cover, hear } from './hearing.ts';
import { inspectVenue } from './inspect.ts';
import { LOOKUP_TABLES, PROGRAM_ID, QUOTE_DECIMALS, QUOTE_MARKET, QUOTE_MINT } from './profile.ts';
import { createSdkDoor, type Sdk } from './sdk.ts';
import { PULSES, stateOf } from './state.ts';

const NO_ORACLE = '11111111111111111111111111111111' as Address;
const USERS_REMEMBERED_MOST = 10_000;

/** `door` loads the SDK, for instruction encodings; venues may share one. */
export function createDriftVenue(door = createSdkDoor()): Venue {
  /** By market address. */
  const oracles = new Map<Address, Address>();
  // What a plan has just seen of a user, so that building its transaction a moment later need not read
  // again. Whoever built the last transaction of a payment forgets it.
  const lastSeen = new Map<string, User>();

  /** Oracles hardly ever change; a wrong one fails the simulation, and that forgets them all. What is missing is read at once. */
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
        kind === 'spot' ? readSpotMarket(account.data).oracle : readPerpOracle(account.data),
      );
    }
    return markets.map((each) => oracles.get(each.address) ?? NO_ORACLE);
  };

  /** Oracles, then spot markets, then perp markets, each once, as the program's account loader wants them. */
  const remainingAccounts = async (
    user: User,
    settleMarkets: readonly number[],
    sdk: Sdk,
    readAccounts: Chain['accounts'],
    writable: 'settle' | 'withdraw',
  ): Promise<AccountMeta[]> => {
    const spots = [...new Set([QUOTE_MARKET, ...user.spots.map((each) => each.market)])];
    const perps = [...new Set([...settleMarkets, ...user.perps.map((each) => each.market)])];
    const markets = await Promise.all([
      ...spots.map(async (index) => ({
        kind: 'spot' as const,
        index,
        address: await sdk.spotMarket(index),
      })),
      ...perps.map(async (index) => ({
        kind: 'perp' as const,
        index,
        address: await sdk.perpMarket(index),
      })),
    ]);
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
            ? index === QUOTE_MARKET
            : writable === 'settle' && settleMarkets.includes(index),
        ),
      ),
    ];
  };

  const userFor = async (driftUser: Address, readAccounts: Chain['accounts']): Promise<User> => {
    const known = lastSeen.get(driftUser);
    if (known !== undefined) return known;
    const [account] = (await readAccounts([driftUser])).accounts;
    if (!account) throw new RangeError(`the Drift account ${driftUser} does not exist`);
    return readUser(account.data);
  };

  return {
    name: 'drift-v2',
    programId: PROGRAM_ID,
    provenOn: PROVEN_ON,
    quoteMint: QUOTE_MINT,
    quoteMarket: QUOTE_MARKET,
    quoteDecimals: QUOTE_DECIMALS,
    shortOfCollateral: SHORT_OF_COLLATERAL,
    nothingToSettle: NOTHING_TO_SETTLE,
    lookupTables: LOOKUP_TABLES,
    userAddress: async (authority, subAccountId) =>
      (await door.load()).user(authority, subAccountId),
    hear: (transaction, watched) => hear(transaction, watched, ownUsers),
    cover,
    pulseSlice: (role) => PULSES[role],
    stateOf,
    quoteMarketAddress: async () => (await door.load()).spotMarket(QUOTE_MARKET),
    quoteWorth: (scaled, market) =>
      market === null || scaled < 0n ? null : depositTokens(scaled, readSpotMarket(market.data)),
    statsAddress: userStatsAddress,
    subAccountsCreated: (account) => (account === null ? 0 : readSubAccountsCreated(account.data)),
    async flatFee(readAccounts) {
      const state = await (await door.load()).state();
      const [account] = (await readAccounts([state])).accounts;
      return account ? readFlatFillerFee(account.data) : 0n;
    },
    async preflightAccounts(driftUser) {
      const sdk = await door.load();
      return [driftUser, await sdk.spotMarket(QUOTE_MARKET), await sdk.state()];
    },
    funds(driftUser, [userAccount, marketAccount, stateAccount]): VenueFunds | null {
      if (!userAccount || !marketAccount || !stateAccount) return null;
      const user = readUser(userAccount.data);
      if (lastSeen.size >= USERS_REMEMBERED_MOST) lastSeen.clear();
      lastSeen.set(driftUser, user);
      const exchangeStatus = readExchangeStatus(stateAccount.data);
      return fundsOf(user, readSpotMarket(marketAccount.data), exchangeStatus);
    },
    async valued(driftUser, funds, readAccounts) {
      const user = lastSeen.get(driftUser);
      const held = funds.claimable.filter((each) => each.held).map((each) => each.market);
      if (user === undefined || held.length === 0) return funds;
      const sdk = await door.load();
      const addresses = await Promise.all(held.map((market) => sdk.perpMarket(market)));
      const { accounts } = await readAccounts(addresses);
      const prices = new Map<number, bigint>();
      for (const [at, market] of held.entries()) {
        const account = accounts[at];
        if (account) prices.set(market, readPerpPrice(account.data));
      }
      return atPrices(funds, user, prices);
    },
    forget: (driftUser) => void lastSeen.delete(driftUser),
    async instructions(
      { payment, agent, source }: PaymentParts,
      readAccounts,
    ): Promise<Instruction[]> {
      const { plan } = payment;
      if (plan.withdraw === 0n) return [];
      const sdk = await door.load();
      const user = await userFor(payment.driftUser, readAccounts);
      const accounts = { user: payment.driftUser, authority: agent };
      const built: Instruction[] = [];
      if (plan.settleMarkets.length > 0) {
        const remaining = await remainingAccounts(
          user,
          plan.settleMarkets,
          sdk,
          readAccounts,
          'settle',
        );
        // One instruction a market: one that is refused names its market by its place.
        for (const market of plan.settleMarkets)
          built.push(await sdk.settle(accounts, market, remaining));
      }
      const remaining = await remainingAccounts(
        user,
        plan.settleMarkets,
        sdk,
        readAccounts,
        'withdraw',
      );
      built.push(
        await sdk.withdraw({ ...accounts, destination: source }, plan.withdraw, remaining),
      );
      return built;
    },
    inspect: inspectVenue,
    trouble(error, programs) {
      const trouble = classify(
        error,
        programs,
        (code) => door.loaded()?.errorName(code) ?? `error ${code}`,
      );
      if (trouble.class === 'operator') oracles.clear();
      return trouble;
    },
  };
}
