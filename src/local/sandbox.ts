// Sandbox: what people do on the chain of the local world, one act at a time, by the names of
// people: they are funded, trade, withdraw; prices move; the node is slow or broken.
import { Keypair, PublicKey } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import { base58Text, isAddress } from '../core/ids.ts';
import { formatUnits, parseUnits } from '../core/money.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import { createMischief } from './chain/mischief.ts';
import type { Trader } from './drift/instructions.ts';
import type { VenueDriver } from './driver.ts';
import type { ServedWorld } from './world.ts';

/** One act. Amounts, sizes and prices are decimal text, such as `1000` USDC or `1.5` SOL. */
export type SandboxAct =
  | { readonly do: 'fund'; readonly name: string; readonly usdc: string; readonly sol: string }
  | { readonly do: 'wallet' | 'key'; readonly name: string }
  | {
      readonly do: 'trade';
      readonly name: string;
      readonly direction: 'long' | 'short';
      readonly size: string;
      readonly market: string;
      readonly close: boolean;
    }
  | { readonly do: 'price'; readonly market: string; readonly price: string }
  | { readonly do: 'withdraw'; readonly name: string; readonly usdc: string; readonly to: string }
  | { readonly do: 'slow'; readonly ms: number }
  | { readonly do: 'break'; readonly what: BreakWhat }
  | { readonly do: 'mend' }
  | { readonly do: 'show' };
const BREAKS = ['rpc', 'sends', 'sockets', 'helius'] as const;
export type BreakWhat = (typeof BREAKS)[number];
/** The answer to an act: sentences for people, and the figures of the act. */
export type SandboxAnswer = { readonly said: readonly string[] } & Readonly<
  Record<string, unknown>
>;
export type Sandbox = {
  /** Does one act. Throws a fault that says what is wrong with it. */
  act(given: SandboxAct, venue?: VenueName): SandboxAnswer;
};

const SOL_DECIMALS = 9;
const BASE_DECIMALS = 9;
const USD_DECIMALS = 6;
const MARKETS: Readonly<Record<string, number>> = { 'SOL-PERP': 0, 'BTC-PERP': 1 };

const wrong = (what: string): Fault => new Fault('body_invalid', what);
function unitsOf(text: string, decimals: number, what: string): bigint {
  const units = parseUnits(text, decimals);
  if (units === null) throw wrong(`${what} must be a number with at most ${decimals} decimals.`);
  return units;
}
function marketOf(text: string): number {
  const index = MARKETS[text.toUpperCase()] ?? (/^\d{1,3}$/.test(text) ? Number(text) : null);
  if (index === null || !Object.values(MARKETS).includes(index))
    throw wrong(`market must be one of ${Object.keys(MARKETS).join(', ')}.`);
  return index;
}
const nameOf = (index: number): string =>
  Object.keys(MARKETS).find((each) => MARKETS[each] === index) ?? String(index);

/** A person: the key of the wallet, and the account at each venue where there is one. */
type Person = { readonly key: Keypair; readonly traders: Map<VenueDriver, Trader> };

/** Creates the sandbox of a world. Acts that name no venue are done at `usual`. */
export function createSandbox(world: ServedWorld, usual: VenueName): Sandbox {
  const people = new Map<string, Person>();
  const prices = new Map<number, string>([
    [0, '150'],
    [1, '90000'],
  ]);
  const person = (name: string): Person => {
    if (!/^[A-Za-z0-9_.:-]{1,64}$/.test(name))
      throw wrong('A name has 1 to 64 letters, digits or any of _ . : -');
    const known = people.get(name);
    if (known !== undefined) return known;
    const made = { key: Keypair.generate(), traders: new Map<VenueDriver, Trader>() };
    people.set(name, made);
    return made;
  };
  const traderOf = (name: string, driver: VenueDriver): Trader => {
    const trader = person(name).traders.get(driver);
    if (trader === undefined)
      throw wrong(`${name} has no account at ${driver.title} yet: bailiff local fund ${name}`);
    return trader;
  };
  const addressOf = (to: string): PublicKey =>
    isAddress(to) ? new PublicKey(to) : person(to).key.publicKey;
  const driverOf = (venue: VenueName): VenueDriver => {
    const driver = venue === DEFAULT_VENUE ? world.driver : world.velocity;
    if (driver === null) throw wrong(`${venue} is not in this world.`);
    return driver;
  };

  const fund = (
    driver: VenueDriver,
    { name, usdc, sol }: Extract<SandboxAct, { do: 'fund' }>,
  ): SandboxAnswer => {
    const { symbol } = driver.quote;
    const deposit = unitsOf(usdc, USD_DECIMALS, 'usdc');
    const lamports = unitsOf(sol, SOL_DECIMALS, 'sol');
    const who = person(name);
    const wallet = who.key.publicKey.toBase58();
    if (!who.traders.has(driver)) {
      if (deposit === 0n) throw wrong('The first funds of a trader need usdc above 0.');
      who.traders.set(driver, driver.createTrader({ deposit, lamports, agent: who.key }));
      const said = `${name} has the agent wallet ${wallet}, with ${sol} SOL, and ${usdc} ${symbol} in sub-account 0 at ${driver.title}.`;
      return { said: [said], wallet };
    }
    if (lamports > 0n) driver.giveSol(who.key.publicKey, lamports);
    if (deposit > 0n) driver.giveQuote(who.key.publicKey, deposit);
    return { said: [`${name}'s wallet got ${sol} SOL and ${usdc} ${symbol}.`], wallet };
  };

  const show = (driver: VenueDriver): SandboxAnswer => {
    const { symbol } = driver.quote;
    const depositOf = (trader: Trader | undefined): string | null =>
      trader === undefined ? null : formatUnits(driver.depositOf(trader));
    const rows = [...people].map(([name, { key, traders }]) => ({
      name,
      wallet: key.publicKey.toBase58(),
      sol: formatUnits(driver.lamportsOf(key.publicKey), SOL_DECIMALS),
      inWallet: formatUnits(driver.quoteOf(key.publicKey) ?? 0n),
      atVenue: depositOf(traders.get(driver)),
    }));
    return {
      said: [
        ...[...prices].map(([market, price]) => `${nameOf(market)} ${price}`),
        ...rows.map(
          (row) =>
            `${row.name}  ${row.wallet}  ${row.sol} SOL  ${row.inWallet} ${symbol} in the wallet${row.atVenue === null ? '' : `, ${row.atVenue} deposited at ${driver.title}`}`,
        ),
      ],
      people: rows,
      prices: Object.fromEntries([...prices].map(([market, price]) => [nameOf(market), price])),
    };
  };

  const breaks = (what: BreakWhat): string => {
    switch (what) {
      case 'rpc':
        world.mischief.tooManyRequests = Number.POSITIVE_INFINITY;
        return 'The node answers every request with 429.';
      case 'sends':
        world.mischief.swallowSends = Number.POSITIVE_INFINITY;
        return 'The node takes transactions and loses them.';
      case 'sockets':
        world.mischief.muteSockets = true;
        return 'WebSockets stay open, and nothing comes on them.';
      case 'helius':
        world.helius.mischief.exhausted = true;
        return 'Helius is out of credits: it refuses calls, and delivers nothing.';
    }
  };
  const mend = (): string => {
    Object.assign(world.mischief, createMischief());
    world.helius.mischief.exhausted = false;
    return 'Node and Helius work again.';
  };

  return {
    act(given, venue = usual) {
      const driver = driverOf(venue);
      const { symbol } = driver.quote;
      switch (given.do) {
        case 'fund':
          return fund(driver, given);
        case 'wallet': {
          const wallet = person(given.name).key.publicKey.toBase58();
          return { said: [wallet], wallet };
        }
        case 'key':
          return { said: [base58Text(person(given.name).key.secretKey)] };
        case 'trade': {
          const { name, direction, size, close } = given;
          const market = marketOf(given.market);
          const base = unitsOf(size, BASE_DECIMALS, 'size');
          if (base === 0n) throw wrong('size must be above 0.');
          const options = { market, reduceOnly: close };
          const { signature } = driver.trade(traderOf(name, driver), direction, base, options);
          const what = `${close ? 'closed with' : 'opened with'} ${direction} ${size} ${nameOf(market)}`;
          return { said: [`${name} ${what}: ${signature}`], signature };
        }
        case 'price': {
          const market = marketOf(given.market);
          const price = unitsOf(given.price, USD_DECIMALS, 'price');
          if (price === 0n) throw wrong('price must be above 0.');
          driver.movePrice(market, price);
          prices.set(market, given.price);
          return { said: [`${nameOf(market)} is at ${given.price}.`] };
        }
        case 'withdraw': {
          const { name, usdc, to } = given;
          const amount = unitsOf(usdc, USD_DECIMALS, 'usdc');
          const destination = addressOf(to);
          const { signature } = driver.withdrawTo(traderOf(name, driver), destination, amount);
          const said = `${name} withdrew ${usdc} ${symbol} to ${destination.toBase58()}: ${signature}`;
          return { said: [said], signature };
        }
        case 'slow':
          world.mischief.delayMs = given.ms;
          return { said: [`The node answers ${given.ms} ms late.`] };
        case 'break':
          return { said: [breaks(given.what), 'Mend it with: bailiff local mend'] };
        case 'mend':
          return { said: [mend()] };
        case 'show':
          return show(driver);
      }
    },
  };
}
