// Balances: the lamports and tokens of the accounts of a transaction, as a node reports them.
import { base58Text } from '../../core/ids.ts';
import {
  type Account,
  type Accounts,
  bufferOf,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from './account.ts';

export type TokenBalanceRow = {
  readonly accountIndex: number;
  readonly mint: string;
  readonly owner: string;
  readonly amount: bigint;
  readonly decimals: number;
  /** The token program that owns the account. */
  readonly program: string;
};
const MINT_DECIMALS_AT = 44;
const TOKEN_ACCOUNT_BYTES = 165;
/** Token-2022 writes the kind of an account with extensions right behind the classic layout. */
const TOKEN_2022_IS_ACCOUNT = 2;

function isTokenAccount({ owner, data }: Account): boolean {
  if (owner === TOKEN_PROGRAM) return data.length === TOKEN_ACCOUNT_BYTES;
  if (owner !== TOKEN_2022_PROGRAM) return false;
  return (
    data.length === TOKEN_ACCOUNT_BYTES ||
    (data.length > TOKEN_ACCOUNT_BYTES && data[TOKEN_ACCOUNT_BYTES] === TOKEN_2022_IS_ACCOUNT)
  );
}

/** Reads balances from these accounts. */
export const createBalances = ({ peek }: Pick<Accounts, 'peek'>) => ({
  /** The lamports of each account; 0 of one that does not exist. */
  lamportsOf: (keys: readonly string[]): bigint[] => keys.map((key) => peek(key)?.lamports ?? 0n),
  /** The tokens of those that are token accounts. */
  tokensOf: (keys: readonly string[]): TokenBalanceRow[] =>
    keys.flatMap((key, accountIndex) => {
      const account = peek(key);
      if (account === null || !isTokenAccount(account)) return [];
      const data = bufferOf(account.data);
      const mint = base58Text(data.subarray(0, 32));
      return [
        {
          accountIndex,
          mint,
          owner: base58Text(data.subarray(32, 64)),
          amount: data.readBigUInt64LE(64),
          decimals: peek(mint)?.data[MINT_DECIMALS_AT] ?? 0,
          program: account.owner,
        },
      ];
    }),
});
