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
import { TOKEN_PROGRAMS } from './programs.ts';
import { subscriberAt } from './token-owners.ts';
import { type ChainTransaction, LAST_ORDINAL, ORDINALS_A_CALL } from './transaction.ts';
import { walletCalls } from './wallet-call.ts';

export type Put = (subscriberId: string, account: Address, ordinal: number, body: FactBody) => void;

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
 * The subscriber whose agent signed and owned this token account at the call at `place`, else at
 * any moment of the transaction; undefined for any other account. A token account that a stranger
 * makes, appoints wallets over and gives to the agent has appointments that the agent did not make,
 * unless the agent signs the same transaction.
 */
function appointerOf(perimeter: Perimeter, account: Address, place: number): string | undefined {
  const { transaction, watched, owners } = perimeter;
  const agents = transaction.signers
    .map((each) => watched.get(each))
    .filter((each) => each?.role === 'agent_wallet');
  const untoldOf = subscriberAt(perimeter, account, place);
  return [
    agents.find((each) => each && owners.during(account, place).includes(each.address)),
    agents.find((each) => each && owners.ever(each.address).some((one) => one.account === account)),
    agents.find((each) => each?.subscriberId === untoldOf),
  ].find((each) => each !== undefined)?.subscriberId;
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
        const subscriberId = appointerOf(perimeter, each.source, call.place);
        if (subscriberId === undefined) continue;
        put(subscriberId, each.source, ordinal, {
          kind: 'notice',
          what: 'token_approved',
          who: each.delegate,
          amount: each.amount,
          detail: `May take up to ${each.amount} base units of the token account.`,
        });
      } else if (each.does === 'token_set_authority') {
        const subscriberId = appointerOf(perimeter, each.account, call.place);
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
