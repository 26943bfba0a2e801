// Wallet: the facts about what one transaction did to an agent's wallet and token accounts:
// outflows (computed in core/conservation.ts), the change of the watched token account, and notices
// of who may take tokens from now on. Outflows are computed from balances, so a log that is cut or
// forged changes nothing. Amounts that a venue moved in or out are given (`venueMoved`), and are no
// outflow of the wallet.
import { type Leaving, leavings, leavingsOfFailed, solBrought } from './conservation.ts';
import { understandToken } from './coverage.ts';
import type { FactBody, MintChange, Notice, Outflow } from './fact.ts';
import { type Perimeter, type Subject, subjectsOf } from './holdings.ts';
import type { Address } from './ids.ts';
import { passingOwner } from './made-accounts.ts';
import { TOKEN_PROGRAMS } from './programs.ts';
import { type ChainTransaction, LAST_ORDINAL, ORDINALS_A_CALL } from './transaction.ts';
import { walletCalls } from './wallet-call.ts';
import type { Watched } from './watch-ports.ts';

export type Put = (subscriberId: string, account: Address, ordinal: number, body: FactBody) => void;

/**
 * The watched subscriber that owns a token account, or undefined. The transaction's own balances
 * decide: an account that was given away is still watched, and belongs to no subscriber. With
 * `mint`, only balances of that mint decide, because a transaction may make an account again for
 * another mint and another owner. Where there are none, the account was made and closed in between,
 * and the calls tell the owner. The watch-list answers only where a balance names no owner.
 */
export function ownerAmong(
  {
    transaction,
    watched,
  }: { transaction: ChainTransaction; watched: ReadonlyMap<string, Watched> },
  account: Address,
  mint: Address | null = null,
): string | undefined {
  const rows = transaction.tokenBalances.filter(
    (each) => each.account === account && (mint === null || each.mint === mint),
  );
  const owners = (
    rows.length === 0
      ? [passingOwner(transaction, account)]
      : rows.flatMap((row) => [row.owner, row.ownerAfter])
  ).filter((each) => each !== null);
  if (rows.length > 0 && owners.length === 0) return watched.get(account)?.subscriberId;
  const found = owners.map((owner) => watched.get(owner)).find((each) => each !== undefined);
  return found?.role === 'agent_wallet' ? found.subscriberId : undefined;
}

/** The consent to what left; the transaction's signers are listed only with consent `none`. */
function consentOf(
  transaction: ChainTransaction,
  consent: Leaving['consent'],
): Pick<Outflow, 'consent' | 'signers'> {
  return { consent, signers: consent === 'none' ? transaction.signers : [] };
}

function routeOf(perimeter: Perimeter, { how, mint, destination }: Leaving): Outflow['route'] {
  if (how === 'fee') return 'network_fee';
  if (how === 'handover') return mint === null ? 'sol_handover' : 'token_handover';
  const toVenue =
    destination !== null &&
    perimeter.calls.some(
      (call) => perimeter.venues.has(call.program) && call.accounts.includes(destination),
    );
  if (toVenue) return 'foreign_deposit';
  return mint === null ? 'sol_transfer' : 'token_transfer';
}

function outflowOf(perimeter: Perimeter, subject: Subject, leaving: Leaving): Outflow {
  const { mint, decimals, amount, destination, owner } = leaving;
  const isQuote = mint !== null && perimeter.quotes.has(mint);
  const brought = isQuote ? solBrought(perimeter, subject) : 0n;
  return {
    kind: 'outflow',
    route: routeOf(perimeter, leaving),
    amount,
    mint,
    decimals,
    destination,
    owner,
    internal: false,
    ofValue: mint === null || perimeter.ofValue(mint),
    usd: isQuote ? amount : null,
    ...consentOf(perimeter.transaction, leaving.consent),
    ...(brought > 0n ? { brought } : {}),
  };
}

/**
 * Whether an outflow is worth recording. Tokens without value that left without the agent's consent
 * are not.
 */
const matters = ({ consent, ofValue }: Outflow): boolean => ofValue || consent !== 'none';

function putLeavings(
  perimeter: Perimeter,
  subject: Subject,
  left: readonly Leaving[],
  put: Put,
): void {
  for (const leaving of left) {
    const body = outflowOf(perimeter, subject, leaving);
    if (matters(body)) put(subject.subscriberId, leaving.source, leaving.ordinal, body);
  }
}

/**
 * Puts the change of each watched token account, also of one that was given away. The account's
 * state is checked against it.
 */
function putTallies({ transaction, watched }: Perimeter, put: Put): void {
  const changes = new Map<Address, MintChange[]>();
  for (const { account, mint, before, after } of transaction.tokenBalances)
    changes.set(account, [...(changes.get(account) ?? []), { mint, amount: after - before }]);
  for (const [account, mints] of changes) {
    const watch = watched.get(account);
    if (watch?.role !== 'agent_token_account') continue;
    put(watch.subscriberId, account, LAST_ORDINAL, {
      kind: 'tally',
      realised: 0n,
      funding: 0n,
      deposits: 0n,
      withdraws: 0n,
      tokens: mints.reduce((sum, each) => sum + each.amount, 0n),
      mints,
    });
  }
}

/**
 * The subscriber whose agent signed and owned this token account before or after; undefined for
 * any other account. A token account that a stranger makes, appoints wallets over and gives to the
 * agent has appointments that the agent did not make.
 */
function appointerOf(perimeter: Perimeter, account: Address): string | undefined {
  const { transaction, watched } = perimeter;
  const owner = ownerAmong(perimeter, account);
  const signed = transaction.signers.some((each) => {
    const signer = watched.get(each);
    return signer?.role === 'agent_wallet' && signer.subscriberId === owner;
  });
  return signed ? owner : undefined;
}

/**
 * Puts a notice for each call by which an agent lets another wallet take tokens of its account,
 * also inside a batch.
 */
function putNotices(perimeter: Perimeter, put: Put): void {
  for (const call of perimeter.calls) {
    for (const [nth, each] of walletCalls(call).entries()) {
      const ordinal = call.place * ORDINALS_A_CALL + (nth === 0 ? 0 : 512 + nth);
      if (each.does === 'token_approve') {
        const subscriberId = appointerOf(perimeter, each.source);
        if (subscriberId === undefined) continue;
        put(subscriberId, each.source, ordinal, {
          kind: 'notice',
          what: 'token_approved',
          who: each.delegate,
          amount: each.amount,
          detail: `May take up to ${each.amount} base units of the token account.`,
        });
      } else if (each.does === 'token_set_authority') {
        const subscriberId = appointerOf(perimeter, each.account);
        const isOwn = perimeter.watched.get(each.authority ?? '')?.subscriberId === subscriberId;
        if (subscriberId === undefined || isOwn) continue;
        put(subscriberId, each.account, ordinal, {
          kind: 'notice',
          what: 'token_authority_changed',
          who: each.authority,
          amount: null,
          detail:
            each.type === 2 ? 'The owner of the token account.' : `Authority of type ${each.type}.`,
        });
      }
    }
  }
}

/**
 * Puts a notice for each call of a token program that this release does not know, when the agent
 * signed and passed its watched account: control of the account may have changed. Balances tell
 * what the call moved, and the account's own state tells whether anything moved since.
 */
function putUnknownCalls(perimeter: Perimeter, put: Put): void {
  const { transaction, watched } = perimeter;
  for (const call of perimeter.calls) {
    if (!TOKEN_PROGRAMS.has(call.program) || understandToken(call) !== 'unknown') continue;
    for (const account of new Set(call.accounts)) {
      const watch = watched.get(account);
      if (watch?.role !== 'agent_token_account') continue;
      const agents = transaction.signers.map((each) => watched.get(each));
      if (!agents.some((each) => each?.subscriberId === watch.subscriberId)) continue;
      put(
        watch.subscriberId,
        account,
        call.place * ORDINALS_A_CALL + 1,
        unknownCall(call.program, call.data.subarray(0, 1)),
      );
    }
  }
}

/** The notice of a call that this release does not know. `instruction` holds its first bytes. */
export const unknownCall = (program: Address, instruction: Uint8Array): Notice => ({
  kind: 'notice',
  what: 'unknown_call',
  who: program,
  amount: null,
  detail: `Instruction ${Buffer.from(instruction).toString('hex')} of the program is newer than this release.`,
});

/** Puts the facts of a successful transaction about the watched wallets. */
export function hearWallets(perimeter: Perimeter, put: Put): void {
  putTallies(perimeter, put);
  putNotices(perimeter, put);
  putUnknownCalls(perimeter, put);
  for (const subject of subjectsOf(perimeter))
    putLeavings(perimeter, subject, leavings(perimeter, subject), put);
}

/** Puts the facts of a failed transaction about the watched wallets: the fees that it took. */
export function hearFailed(perimeter: Perimeter, put: Put): void {
  for (const subject of subjectsOf(perimeter))
    putLeavings(perimeter, subject, leavingsOfFailed(perimeter, subject), put);
}
