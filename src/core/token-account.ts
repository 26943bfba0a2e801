// Token account: tells a token account from the other accounts of the two token programs, which are
// mints and multisigs. Layouts: `Account` of spl-token, and `AccountType` of Token-2022.
import type { ChainAccount } from './chain-ports.ts';
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from './programs.ts';

/** The bytes of a token account without extensions. */
const TOKEN_ACCOUNT_BYTES = 165;
/** The bytes of a multisig. No account of Token-2022 with extensions has this length. */
const MULTISIG_BYTES = 355;
/** The byte of a longer account of Token-2022 that says it is a token account. */
const IS_TOKEN_ACCOUNT = 2;

/** Whether the account, which was read whole, is a token account. */
export function isTokenAccount({ owner, data }: Pick<ChainAccount, 'owner' | 'data'>): boolean {
  if (owner !== TOKEN_PROGRAM && owner !== TOKEN_2022_PROGRAM) return false;
  if (data.length === TOKEN_ACCOUNT_BYTES) return true;
  if (owner === TOKEN_PROGRAM || data.length === MULTISIG_BYTES) return false;
  return data[TOKEN_ACCOUNT_BYTES] === IS_TOKEN_ACCOUNT;
}
