// Consent: by whose act an asset left the wallets of an agent, as the transaction proves it.
import type { Outflow } from './fact.ts';
import type { Asset, Holding, Perimeter, Subject } from './holdings.ts';
import type { Address } from './ids.ts';
import { TOKEN_PROGRAM, WRAPPED_SOL } from './programs.ts';

export type Consent = Outflow['consent'];

/**
 * By whose act this asset left the wallets of the subject. CONSENTS in fact.ts says what each is.
 */
export function consentTo(perimeter: Perimeter, { agent }: Subject, asset: Asset): Consent {
  const { signers, tokenBalances } = perimeter.transaction;
  if (signers.includes(agent)) return 'agent';
  // An account that held nothing lost nothing, also when a stranger who gave it away closes it.
  const fell = asset.holdings.filter(
    (each) => each.ownBefore && each.before > 0n && (!each.ownAfter || each.after < each.before),
  );
  const program = (account: Address) =>
    tokenBalances.find((row) => row.account === account)?.program ?? null;
  // Only the owner or a delegate can take tokens of a classic token account. Lamports of an account
  // without wrapped SOL are not protected like that: a stranger may close an account that it gave
  // to the agent, and keep the rent.
  const bound = ({ account }: Holding): boolean =>
    account === agent ||
    (program(account) === TOKEN_PROGRAM &&
      (asset.mint !== null ||
        tokenBalances.some(
          (row) =>
            row.account === account &&
            row.mint === WRAPPED_SOL &&
            row.before > 0n &&
            (row.after < row.before || row.ownerAfter !== agent),
        )));
  return fell.some(bound) ? 'appointed' : 'none';
}
