// Token: a token in which a venue counts profit, and amounts of it in words. USDC and USDT are two
// tokens: an amount of one is never added to, or paid with, an amount of the other.
import type { Address } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';

export type Token = {
  readonly mint: Address;
  readonly symbol: string;
  readonly decimals: number;
};
/** An amount of a token, in its base units. */
export type Owed = Token & { readonly amount: BaseUnits };

/** USDC on mainnet: the quote token of the default venue, and of everything older than venues. */
export const USDC: Token = {
  mint: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v' as Address,
  symbol: 'USDC',
  decimals: 6,
};

/** The quote tokens of the venues that a daemon serves, by mint. */
export type Quotes = ReadonlyMap<string, Token>;
/** The tokens by their mints. */
export const quotesOf = (tokens: readonly Token[]): Quotes =>
  new Map(tokens.map(({ mint, symbol, decimals }) => [mint, { mint, symbol, decimals }]));
export const ONLY_USDC: Quotes = quotesOf([USDC]);

/**
 * The quote token of a mint. A mint that is no quote token of a served venue stands for itself,
 * with the six decimals that every quote token of this release has.
 */
export const tokenOf = (quotes: Quotes, mint: Address): Token =>
  quotes.get(mint) ?? { mint, symbol: mint, decimals: 6 };

/** Decimal strings of base units that settings give by the symbol of a token. */
export const bySymbol = (
  given: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, BaseUnits> =>
  new Map(Object.entries(given).map(([symbol, each]) => [symbol, BigInt(each)]));

/** An amount in words: `12.345678 USDC`. */
export const amountText = (amount: BaseUnits, { symbol, decimals }: Token): string =>
  `${formatUnits(amount, decimals)} ${symbol}`;

/** Amounts of several tokens in words: `1.000000 USDC and 2.000000 USDT`. */
export const amountsText = (amounts: readonly Owed[]): string =>
  amounts.map((each) => amountText(each.amount, each)).join(' and ');

/** The sum of each token, in the order of the mints. */
export function sumsOf(amounts: readonly Owed[]): Owed[] {
  const sums = new Map<string, Owed>();
  for (const each of amounts) {
    const amount = (sums.get(each.mint)?.amount ?? 0n) + each.amount;
    sums.set(each.mint, { ...each, amount });
  }
  return [...sums.values()].sort((a, b) => (a.mint < b.mint ? -1 : 1));
}

/** The amounts above zero, each with its token, in the order of the mints. */
export const owedOf = (amounts: ReadonlyMap<string, BaseUnits>, quotes: Quotes): Owed[] =>
  [...amounts]
    .filter(([, amount]) => amount > 0n)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([mint, amount]) => ({ ...tokenOf(quotes, mint as Address), amount }));
