// Session: one running instruction of the stand-in: its named accounts, the venue accounts that it
// loads and saves, the events that it emits, and the error that ends it.
import { PublicKey } from '@solana/web3.js';
import type { Account } from '../chain/account.ts';
import { ProgramFailure } from '../chain/failure.ts';
import type { ResolvedInstruction } from '../chain/message.ts';
import type { ProgramContext } from '../chain/segments.ts';
import { DRIFT, userStatsAddress } from './addresses.ts';
import {
  accountDiscriminator,
  decodeAccount,
  encodeAccount,
  encodeEvent,
  idl,
  type Struct,
} from './layout.ts';
import { readQuote } from './oracle.ts';

const PROGRAM = DRIFT.toBase58();
const codes = new Map(idl.errors.map((each) => [each.name, each]));
const NO_ORACLE = PublicKey.default.toBase58();

/** Fails the instruction with one of the venue's own errors, by the name in its interface. */
export function fail(session: Pick<Session, 'log'>, name: string): never {
  const found = codes.get(name);
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

/** A price with its confidence, PRICE precision, and its age in slots. */
export type Quote = { readonly price: bigint; readonly confidence: bigint; readonly delay: bigint };

export type Session = {
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

export function createSession(
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

  const session: Session = {
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
      log(`Program data: ${Buffer.from(encodeEvent(event, value)).toString('base64')}`);
    },
    emitLog(event, value) {
      log(`Program log: ${Buffer.from(encodeEvent(event, value)).toString('base64')}`);
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
      if (account.owner !== PROGRAM) return failAnchor({ log }, 3007, 'AccountOwnedByWrongProgram');
      if (!Buffer.from(account.data.subarray(0, 8)).equals(accountDiscriminator(layout))) {
        return failAnchor({ log }, 3002, 'AccountDiscriminatorMismatch');
      }
      const value = decodeAccount(layout, account.data);
      loaded.set(address, { layout, value });
      return value;
    },
    spotMarket(index, writable = false) {
      const meta = remaining.find(({ address }) => isMarket(context, address, 'SpotMarket', index));
      if (meta === undefined) return fail({ log }, 'SpotMarketNotFound');
      if (writable && !meta.isWritable) return fail({ log }, 'SpotMarketWrongMutability');
      return session.load('SpotMarket', meta.address);
    },
    perpMarket(index, writable = false) {
      const meta = remaining.find(({ address }) => isMarket(context, address, 'PerpMarket', index));
      if (meta === undefined) return fail({ log }, 'PerpMarketNotFound');
      if (writable && !meta.isWritable) return fail({ log }, 'MarketWrongMutability');
      return session.load('PerpMarket', meta.address);
    },
    byAddress: (a, b) => Buffer.compare(new PublicKey(a).toBuffer(), new PublicKey(b).toBuffer()),
    makers: () =>
      remaining
        .map(({ address }) => address)
        .filter((address) => {
          const account = context.get(address);
          return (
            account?.owner === PROGRAM &&
            Buffer.from(account.data.subarray(0, 8)).equals(accountDiscriminator('User'))
          );
        }),
    statsOf(authority) {
      if (authority === NO_ORACLE) return null;
      const address = userStatsAddress(new PublicKey(authority)).toBase58();
      return remaining.some((meta) => meta.address === address)
        ? session.load('UserStats', address)
        : null;
    },
    price: (oracle, source) => session.quote(oracle, source).price,
    quote(oracle, source) {
      if (source === 'quoteAsset' || oracle === NO_ORACLE)
        return { price: 1_000_000n, confidence: 1n, delay: 0n };
      if (!instruction.accounts.some(({ address }) => address === oracle))
        return fail({ log }, 'OracleNotFound');
      const account = context.get(oracle);
      return account === null ? fail({ log }, 'OracleNotFound') : readQuote(account, context.slot);
    },
    save() {
      for (const [address, { layout, value }] of loaded) {
        if (!metas.get(address)?.isWritable) continue;
        const account = context.get(address);
        if (account !== null)
          context.set(address, { ...account, data: encodeAccount(layout, value) });
      }
    },
  };
  return session;
}

const MARKET_INDEX_AT: Record<string, number> = { SpotMarket: 684, PerpMarket: 1160 };

function isMarket(
  context: ProgramContext,
  address: string,
  layout: string,
  index: number,
): boolean {
  const account = context.get(address);
  if (account?.owner !== PROGRAM) return false;
  const data = Buffer.from(account.data);
  if (!data.subarray(0, 8).equals(accountDiscriminator(layout))) return false;
  return data.readUInt16LE(MARKET_INDEX_AT[layout] ?? 0) === index;
}
