// Session: one running instruction of the stand-in: its named accounts, the venue accounts that it
// loads and saves, the events that it emits, and the error that ends it.
import { PublicKey } from '@solana/web3.js';
import { type Account, bufferOf } from '../chain/account.ts';
import { ProgramFailure } from '../chain/failure.ts';
import type { ResolvedInstruction } from '../chain/message.ts';
import type { ProgramContext } from '../chain/segments.ts';
import { accountDiscriminator, type Struct } from './layout.ts';
import type { Quote, StandInVenue } from './stand-in.ts';

const NO_ORACLE = PublicKey.default.toBase58();

/** Fails the instruction with one of the venue's own errors, by the name in its interface. */
export function fail(session: Pick<Session, 'log' | 'venue'>, name: string): never {
  const found = session.venue.layout.idl.errors.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the venue has no error named ${name}`);
  session.log(
    `Program log: AnchorError occurred. Error Code: ${found.name}. Error Number: ${found.code}. Error Message: ${found.msg}.`,
  );
  throw new ProgramFailure({ Custom: found.code });
}

/** Fails with one of Anchor's own errors. */
export function failAnchor(session: Pick<Session, 'log'>, code: number, name: string): never {
  session.log(`Program log: AnchorError occurred. Error Code: ${name}. Error Number: ${code}.`);
  throw new ProgramFailure({ Custom: code });
}

export type { Quote } from './stand-in.ts';

export type Session = {
  readonly venue: StandInVenue;
  readonly slot: bigint;
  readonly now: bigint;
  readonly context: ProgramContext;
  /** The address of an account by its name in the interface. */
  at(name: string): string;
  log(line: string): void;
  /** Emits through `sol_log_data`. */
  emitData(event: string, value: Struct): void;
  /** Emits as a log message, as the program does for order actions. */
  emitLog(event: string, value: Struct): void;
  /** Loads a venue account; the same object every time, saved at the end when it is writable. */
  load(layout: string, address: string): Struct;
  spotMarket(index: number, writable?: boolean): Struct;
  perpMarket(index: number, writable?: boolean): Struct;
  /** Compares two keys by their bytes, the order in which the program walks its maps. */
  byAddress(a: string, b: string): number;
  /** Users among the accounts beyond the named ones: makers that an order may be filled against. */
  makers(): string[];
  /** The UserStats of an authority, when it is among the accounts beyond the named ones. */
  statsOf(authority: string): Struct | null;
  /** The price of an oracle, PRICE precision. */
  price(oracle: string, source: string): bigint;
  /** The price of an oracle, with confidence and age. */
  quote(oracle: string, source: string): Quote;
  save(): void;
};

/** Creates the session of one instruction. */
export function createSession(
  venue: StandInVenue,
  instruction: ResolvedInstruction,
  named: readonly { readonly name: string; readonly isMut: boolean; readonly isSigner: boolean }[],
  world: ProgramContext,
): Session {
  // Reading an account from the runtime is slow, and one instruction reads the same ones many
  // times.
  const seen = new Map<string, Account | null>();
  const context: ProgramContext = {
    ...world,
    get(address) {
      const known = seen.get(address);
      if (known !== undefined) return known;
      const account = world.get(address);
      seen.set(address, account);
      return account;
    },
    set(address, account) {
      seen.delete(address);
      world.set(address, account);
    },
    call(called) {
      seen.clear();
      world.call(called);
    },
  };
  const loaded = new Map<string, { layout: string; value: Struct }>();
  const metas = new Map(instruction.accounts.map((meta) => [meta.address, meta]));
  const remaining = instruction.accounts.slice(named.length);
  const log = (line: string): void => context.log(line);
  const { layout: layouts } = venue;
  const program = venue.program.toBase58();

  const isMarket = (
    address: string,
    layout: 'SpotMarket' | 'PerpMarket',
    index: number,
  ): boolean => {
    const account = context.get(address);
    if (account?.owner !== program) return false;
    const data = bufferOf(account.data);
    if (!data.subarray(0, 8).equals(accountDiscriminator(layout))) return false;
    return data.readUInt16LE(venue.indexAt[layout]) === index;
  };

  const session: Session = {
    venue,
    slot: context.slot,
    now: context.unixTime,
    context,
    log,
    at(name) {
      const index = named.findIndex((each) => each.name === name);
      return (
        instruction.accounts[index]?.address ?? failAnchor({ log }, 3005, 'AccountNotEnoughKeys')
      );
    },
    emitData(event, value) {
      log(`Program data: ${Buffer.from(layouts.encodeEvent(event, value)).toString('base64')}`);
    },
    emitLog(event, value) {
      log(`Program log: ${Buffer.from(layouts.encodeEvent(event, value)).toString('base64')}`);
    },
    load(layout, address) {
      const known = loaded.get(address);
      if (known !== undefined) return known.value;
      const account = context.get(address);
      // Of the venue's accounts the program reads the State alone in a way that asks first whether
      // it exists.
      if (account === null && layout === 'State')
        return failAnchor({ log }, 3012, 'AccountNotInitialized');
      if (account === null) return failAnchor({ log }, 3007, 'AccountOwnedByWrongProgram');
      if (account.owner !== program) return failAnchor({ log }, 3007, 'AccountOwnedByWrongProgram');
      if (!bufferOf(account.data).subarray(0, 8).equals(accountDiscriminator(layout))) {
        return failAnchor({ log }, 3002, 'AccountDiscriminatorMismatch');
      }
      const value = layouts.decodeAccount(layout, account.data);
      loaded.set(address, { layout, value });
      return value;
    },
    spotMarket(index, writable = false) {
      const meta = remaining.find(({ address }) => isMarket(address, 'SpotMarket', index));
      if (meta === undefined) return fail({ log, venue }, 'SpotMarketNotFound');
      if (writable && !meta.isWritable) return fail({ log, venue }, 'SpotMarketWrongMutability');
      return session.load('SpotMarket', meta.address);
    },
    perpMarket(index, writable = false) {
      const meta = remaining.find(({ address }) => isMarket(address, 'PerpMarket', index));
      if (meta === undefined) return fail({ log, venue }, 'PerpMarketNotFound');
      if (writable && !meta.isWritable) return fail({ log, venue }, 'MarketWrongMutability');
      return session.load('PerpMarket', meta.address);
    },
    byAddress: (a, b) => Buffer.compare(new PublicKey(a).toBuffer(), new PublicKey(b).toBuffer()),
    makers: () =>
      remaining
        .map(({ address }) => address)
        .filter((address) => {
          const account = context.get(address);
          return (
            account?.owner === program &&
            bufferOf(account.data).subarray(0, 8).equals(accountDiscriminator('User'))
          );
        }),
    statsOf(authority) {
      if (authority === NO_ORACLE) return null;
      const address = venue.userStatsAddress(new PublicKey(authority)).toBase58();
      return remaining.some((meta) => meta.address === address)
        ? session.load('UserStats', address)
        : null;
    },
    price: (oracle, source) => session.quote(oracle, source).price,
    quote(oracle, source) {
      if (source === 'quoteAsset' || oracle === NO_ORACLE)
        return { price: 1_000_000n, confidence: 1n, delay: 0n };
      if (!instruction.accounts.some(({ address }) => address === oracle))
        return fail({ log, venue }, 'OracleNotFound');
      const account = context.get(oracle);
      return account === null
        ? fail({ log, venue }, 'OracleNotFound')
        : venue.readQuote(account, context.slot, source);
    },
    save() {
      for (const [address, { layout, value }] of loaded) {
        if (!metas.get(address)?.isWritable) continue;
        const account = context.get(address);
        if (account !== null)
          context.set(address, {
            ...account,
            data: layouts.encodeAccount(layout, value, account.data),
          });
      }
    },
  };
  return session;
}
