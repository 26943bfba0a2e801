// Nonce accounts: every nonce account of the ledger, for lists and checks.
import type { NonceAccount } from '../core/nonce-account.ts';
import type { Ledger } from '../core/ports.ts';

/** The accounts that one query reads. */
const PAGE = 100;

/** Every nonce account that is not closed, in the order of subscribers. */
export async function nonceAccounts({ nonces }: Pick<Ledger, 'nonces'>): Promise<NonceAccount[]> {
  const all: NonceAccount[] = [];
  for (;;) {
    const after = all.at(-1)?.subscriberId;
    const page = await nonces.list({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
