// Made accounts: tells from a transaction's own calls who owned the token accounts that it made. A
// token account that is made and closed in one transaction stands in none of its balances, although
// tokens may have gone through it.
import { type Address, base58Text } from './ids.ts';
import { TOKEN_PROGRAMS } from './programs.ts';
import { type Call, type ChainTransaction, callsOf } from './transaction.ts';
import { batched, type Read } from './wallet-call.ts';

/** A token account that a transaction made. */
type MadeAccount = {
  /** Its owner; null when the calls gave it to several owners one after another, or name none. */
  readonly owner: Address | null;
};

const BATCH = 255;
const ownerIn = ({ data }: Read, at: number): Address | null =>
  data.length < at + 32 ? null : (base58Text(data.subarray(at, at + 32)) as Address);

function note(made: Map<Address, MadeAccount>, call: Read): void {
  const { accounts, data } = call;
  const [account] = accounts;
  const instruction: number = data[0] ?? -1;
  if (instruction === BATCH) for (const each of batched(call)) note(made, each);
  if (account === undefined) return;
  const known = made.get(account);
  const give = (owner: Address | null): void => {
    made.set(account, { owner: known === undefined || known.owner === owner ? owner : null });
  };
  if (instruction === 1) give(accounts[2] ?? null); // InitializeAccount
  // InitializeAccount2 and InitializeAccount3
  if (instruction === 16 || instruction === 18) give(ownerIn(call, 1));
  // SetAuthority of kind 2, the owner
  if (instruction === 6 && data[1] === 2 && known !== undefined)
    give(data[2] === 1 ? ownerIn(call, 3) : null);
}

/**
 * The token accounts that calls of the token programs made (InitializeAccount, also inside a batch
 * or another program's call), by address. The associated token program makes its accounts by such a
 * call.
 */
export function madeAccounts(calls: readonly Call[]): Map<Address, MadeAccount> {
  const made = new Map<Address, MadeAccount>();
  for (const call of calls) if (TOKEN_PROGRAMS.has(call.program)) note(made, call);
  return made;
}

/**
 * The owner of an account that held tokens of a mint within a transaction and neither before nor
 * afterwards, so that no balance of that mint names the account. Null where the calls name no owner
 * or several.
 */
export const passingOwner = (transaction: ChainTransaction, account: Address): Address | null =>
  madeAccounts(callsOf(transaction)).get(account)?.owner ?? null;
