// Program pair: the stand-in and a compiled program side by side, given the same instructions from
// the same accounts each time. After each one the error, the records and every account of the venue
// are compared field by field, which is byte by byte; then the stand-in is given the program's
// accounts, so that one difference is not found twice.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair, type PublicKey, type TransactionInstruction } from '@solana/web3.js';
import type { Account } from '../../src/local/chain/account.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import {
  DRIFT,
  DRIFT_SIGNER,
  insuranceVaultAddress,
  perpMarketAddress,
  STATE,
  spotMarketAddress,
  USDC,
  userAddress,
  userStatsAddress,
  vaultAddress,
} from '../../src/local/drift/addresses.ts';
import { WRAPPED_SOL } from '../../src/local/drift/genesis.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import {
  accountDiscriminator,
  decodeAccount,
  decodeInstruction,
  type Struct,
} from '../../src/local/drift/layout.ts';
import { eventsIn } from '../../src/local/drift/log.ts';
import { tokenAccount, wrappedAccount } from '../../src/local/drift/tokens.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { createRandom, type Random } from '../sim/random.ts';
import { createManualClock } from './clock.ts';
import { bendAccount } from './venue-world.ts';

/** Where the two differ: in the error, in a field of a record, or in a field of an account. */
export type Difference = {
  /** The number of the act in its history. */
  readonly nth: number;
  readonly act: string;
  readonly where: string;
  readonly standIn: string;
  readonly program: string;
};
/** How often an act was done and failed on the program, and the units of those that were done. */
export type Act = { done: number; failed: number; units: number };

/** Sub-accounts whose accounts are compared. */
const SUB_ACCOUNTS = [0, 1, 2, 3, 4];
const LAYOUTS = ['State', 'SpotMarket', 'PerpMarket', 'User', 'UserStats'] as const;
const layoutOf = (data: Uint8Array): string | null =>
  LAYOUTS.find((each) => Buffer.from(data.subarray(0, 8)).equals(accountDiscriminator(each))) ??
  null;

/** Calls `differ` for every leaf that is not the same; places in lists have no number. */
function compare(
  mine: unknown,
  theirs: unknown,
  path: string,
  differ: (path: string, mine: unknown, theirs: unknown) => void,
): void {
  if (typeof mine === 'object' && mine !== null && typeof theirs === 'object' && theirs !== null) {
    const names = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
    for (const name of names)
      compare(
        (mine as Struct)[name],
        (theirs as Struct)[name],
        Array.isArray(mine) ? `${path}[]` : `${path}.${name}`,
        differ,
      );
  } else if (mine !== theirs) differ(path, mine, theirs);
}

const endOf = (landed: Landed | string): string =>
  typeof landed === 'string'
    ? landed
    : landed.execution.error === null
      ? 'done'
      : JSON.stringify(landed.execution.error);

export type Pair = {
  readonly real: World;
  readonly worlds: readonly World[];
  readonly random: Random;
  readonly traders: readonly Trader[];
  readonly acts: ReadonlyMap<string, Act>;
  readonly errors: ReadonlySet<string>;
  readonly differences: readonly Difference[];
  /** Names of the venue's instructions in transactions that the program did. */
  readonly executed: ReadonlySet<string>;
  /** Compares these accounts, too, from now on. */
  track(...addresses: readonly PublicKey[]): void;
  solOf(trader: Trader): PublicKey;
  usdcOf(trader: Trader): PublicKey;
  /** Sends the same on both, and compares everything. True when the program did it. */
  both(
    act: string,
    make: (world: World) => readonly TransactionInstruction[],
    ...signers: readonly Trader[]
  ): boolean;
};

/** Opens the program and the stand-in with the same keys, accounts and money. */
export function openPair(program: string, seed: number): Pair {
  const keys = (): (() => Keypair) => {
    const random = createRandom(seed ^ 0x5eed);
    return () => Keypair.fromSeed(Uint8Array.from({ length: 32 }, () => random.below(256)));
  };
  const open = (programFile: string | null): World =>
    createWorld({ programFile, clock: createManualClock(), newKey: keys() });
  const real = open(program);
  const standIn = open(null);
  const worlds = [real, standIn];
  const random = createRandom(seed);
  const differences: Difference[] = [];
  const acts = new Map<string, Act>();
  const errors = new Set<string>();
  const executed = new Set<string>();
  let nth = 0;

  const solOf = ({ agent }: Trader): PublicKey =>
    getAssociatedTokenAddressSync(WRAPPED_SOL, agent.publicKey);
  const usdcOf = ({ agent }: Trader): PublicKey =>
    getAssociatedTokenAddressSync(USDC, agent.publicKey);
  const traders: Trader[] = Array.from({ length: 5 }, (_, at) => {
    const agent = real.driver.newKey();
    standIn.driver.newKey();
    const trader = { agent, subAccountId: 0 };
    for (const { driver, cluster } of worlds) {
      driver.createTrader({ agent, deposit: 2_000_000_000n, lamports: 10_000_000_000n });
      driver.giveUsdc(agent.publicKey, 1_000_000_000n);
      cluster.put(
        solOf(trader).toBase58(),
        wrappedAccount(WRAPPED_SOL, agent.publicKey, 50_000_000_000n),
      );
      if (at % 2 === 0)
        driver.send(
          [driver.instructions.deposit(trader, 5_000_000_000n, 1, solOf(trader))],
          [driver.faucet, agent],
        );
      driver.send(
        [driver.instructions.initializeUser(agent.publicKey, driver.faucet.publicKey, 1)],
        [driver.faucet, agent],
      );
    }
    return trader;
  });
  for (const { cluster } of worlds)
    for (const [market, mint, amount] of [
      [0, USDC, 1_000_000_000_000n],
      [1, WRAPPED_SOL, 1_000_000_000_000n],
    ] as const) {
      const vault = insuranceVaultAddress(market).toBase58();
      cluster.put(
        vault,
        (market === 0 ? tokenAccount : wrappedAccount)(mint, DRIFT_SIGNER, amount),
      );
    }
  for (const world of worlds)
    for (const market of [0, 1])
      bendAccount(world, 'SpotMarket', spotMarketAddress(market).toBase58(), (value) => {
        value.insuranceFund.vault = insuranceVaultAddress(market).toBase58();
      });

  const tracked = new Set<string>(
    [
      STATE,
      ...[0, 1].flatMap((market) => [
        spotMarketAddress(market),
        perpMarketAddress(market),
        vaultAddress(market),
        insuranceVaultAddress(market),
      ]),
      ...traders.flatMap((trader) => [
        ...SUB_ACCOUNTS.map((id) => userAddress(trader.agent.publicKey, id)),
        userStatsAddress(trader.agent.publicKey),
        usdcOf(trader),
        solOf(trader),
      ]),
    ].map((key) => key.toBase58()),
  );
  const same = (a: Account | null, b: Account | null): boolean =>
    a === null || b === null
      ? a === b
      : a.lamports === b.lamports && Buffer.compare(a.data, b.data) === 0;
  /** Gives the stand-in the program's accounts. */
  const agree = (): void => {
    for (const address of tracked) {
      const [theirs, mine] = [real.cluster.bank.get(address), standIn.cluster.bank.get(address)];
      if (!same(theirs, mine)) standIn.cluster.put(address, theirs);
    }
  };
  agree();

  const observe = (act: string): void => {
    for (const address of tracked) {
      const [theirs, mine] = [real.cluster.bank.get(address), standIn.cluster.bank.get(address)];
      if (same(theirs, mine)) continue;
      const differ = (where: string, standInSays: unknown, programSays: unknown) =>
        differences.push({
          nth,
          act,
          where,
          standIn: String(standInSays),
          program: String(programSays),
        });
      if (theirs === null || mine === null) {
        differ('account', mine === null ? 'none' : 'there', theirs === null ? 'none' : 'there');
        continue;
      }
      const layout = layoutOf(theirs.data);
      if (theirs.lamports !== mine.lamports)
        differ(`${layout ?? 'token account'} lamports`, mine.lamports, theirs.lamports);
      if (layout === null) {
        if (Buffer.compare(mine.data, theirs.data) !== 0)
          differ(
            'token account',
            Buffer.from(mine.data).toString('hex', 64, 72),
            Buffer.from(theirs.data).toString('hex', 64, 72),
          );
      } else
        compare(
          decodeAccount(layout, mine.data),
          decodeAccount(layout, theirs.data),
          layout,
          differ,
        );
    }
  };

  const both: Pair['both'] = (
    act: string,
    make: (world: World) => readonly TransactionInstruction[],
    ...signers: readonly Trader[]
  ): boolean => {
    nth++;
    const given = worlds.map((world) => make(world));
    const [theirs, mine] = worlds.map((world, at) =>
      world.driver.attempt(given[at] ?? [], [
        world.driver.faucet,
        ...signers.map(({ agent }) => agent),
      ]),
    );
    if (theirs === undefined || mine === undefined) throw new Error('two worlds');
    const [end, ours] = [endOf(theirs), endOf(mine)];
    const known = acts.get(act) ?? { done: 0, failed: 0, units: 0 };
    if (end === 'done') {
      known.done++;
      for (const { programId, data } of given[0] ?? []) {
        const name = programId.equals(DRIFT) ? decodeInstruction(data)?.name : undefined;
        if (name !== undefined) executed.add(name);
      }
      known.units += typeof theirs === 'string' ? 0 : theirs.execution.units;
    } else {
      known.failed++;
      errors.add(end);
    }
    acts.set(act, known);
    if (end !== ours) differences.push({ nth, act, where: 'error', standIn: ours, program: end });
    else if (typeof theirs !== 'string' && typeof mine !== 'string') {
      const events = ({ execution }: Landed) =>
        eventsIn(execution.logs).filter(({ name }) => name !== 'OrderRecord');
      if (end === 'done') {
        const [said, told] = [events(mine), events(theirs)];
        const names = (list: typeof said) => list.map((each) => each.name).join();
        if (names(said) !== names(told))
          differences.push({
            nth,
            act,
            where: 'records',
            standIn: names(said),
            program: names(told),
          });
        else
          for (const [at, { name, fields }] of told.entries()) {
            const shown = Object.fromEntries(
              Object.entries(said[at]?.fields ?? {}).filter(([field]) => field in fields),
            );
            compare(shown, fields, name, (where, a, b) =>
              differences.push({ nth, act, where, standIn: String(a), program: String(b) }),
            );
          }
        observe(act);
      }
    }
    agree();
    return end === 'done';
  };
  const track: Pair['track'] = (...addresses) => {
    for (const each of addresses) tracked.add(each.toBase58());
  };
  return {
    real,
    worlds,
    random,
    traders,
    acts,
    errors,
    differences,
    executed,
    track,
    solOf,
    usdcOf,
    both,
  };
}
