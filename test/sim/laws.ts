// Laws: the conditions that a simulated history must meet, during it and at its end.
import type { Address } from '../../src/core/ids.ts';
import { judge } from '../../src/core/standing.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import type { SimBooks } from './books.ts';
import type { Landed, SimChain } from './chain/chain.ts';
import { associatedAddress } from './chain/programs.ts';
import { SWAP } from './chain/swaps.ts';
import { SIM_VENUES } from './chain/venues.ts';
import { gainOf } from './cleared.ts';
import { DRILL } from './daemon.ts';
import { hasSigned, type State } from './memory/state.ts';
import { standingOf } from './oracle.ts';
import { purseOf, transfersOf, truthOf } from './truth.ts';
import type { SignedPayment, Witness } from './witness.ts';
import { CREATOR_WALLETS, creatorTokens, PEOPLE, sponsorTokens } from './world.ts';

const fail = (law: string): never => {
  throw new Error(law);
};

/**
 * Law 1, on the chain itself: payments that were executed, and transfers that count towards it,
 * never cover more of a share than there is.
 */
export async function checkPaidOnce(
  chain: SimChain,
  books: SimBooks,
  witness: Witness,
): Promise<void> {
  const paid = new Map<string, { amount: bigint; by: string[] }>();
  for (const landed of chain.landed()) {
    const payment = witness.paymentOf(landed);
    if (payment === null || landed.execution.error !== null) continue;
    await checkRecipients(landed, payment, books);
    for (const { shareId, amount } of payment.covers) {
      const known = paid.get(shareId) ?? { amount: 0n, by: [] };
      paid.set(shareId, { amount: known.amount + amount, by: [...known.by, payment.id] });
    }
  }
  for (const { id: subscriberId } of PEOPLE)
    for (const { signature, shares } of await books.ledger.credits.list({
      subscriberId,
      limit: 500,
    }))
      for (const { shareId, amount } of shares) {
        const known = paid.get(shareId) ?? { amount: 0n, by: [] };
        paid.set(shareId, { amount: known.amount + amount, by: [...known.by, signature] });
      }
  for (const [shareId, { amount, by }] of paid) {
    if (by.length < 2) continue;
    const share = await books.ledger.shares.find(shareId);
    if (share !== null && amount > share.amount)
      fail(`law 1: share ${shareId} of ${share.amount} was paid ${amount} by ${by.join(', ')}`);
  }
}

/** Each recipient gets by a payment, on the chain itself, what the debts to it say. */
async function checkRecipients(
  landed: Landed,
  { id, mint, covers }: SignedPayment,
  books: SimBooks,
): Promise<void> {
  const meant = new Map<Address, bigint>();
  for (const { shareId, amount } of covers) {
    const share = await books.ledger.shares.find(shareId);
    // A database that went back may not have the debt any more.
    if (share === null) return;
    const { creatorWallet } = share;
    meant.set(creatorWallet, (meant.get(creatorWallet) ?? 0n) + amount);
  }
  for (const creatorWallet of CREATOR_WALLETS) {
    const got = gainOf(landed, purseOf({ creatorWallet, mint }));
    const due = meant.get(creatorWallet) ?? 0n;
    if (got !== due) fail(`law 1: ${id} brought ${creatorWallet} ${got}, and was for ${due}`);
  }
}

const LIVE: ReadonlySet<string> = new Set(['planned', 'signed', 'sent']);

/**
 * Laws 1 to 3 as the books must show them after every step; of the ledger in memory, which can be
 * looked into. `lost`: what `lostBy` told whenever the database had gone back.
 */
function checkBooks(
  chain: SimChain,
  { state }: SimBooks,
  witness: Witness,
  lost: ReadonlySet<string>,
): void {
  if (state === null) return;
  witness.note();
  for (const each of witness.broken) fail(each);
  const payments = [...state.payments.values()];
  const live = payments.filter((each) => LIVE.has(each.state));
  if (new Set(live.map((each) => each.subscriberId)).size < live.length)
    fail('law 1: a subscriber has two payments that may still land');
  for (const share of state.shares.values()) {
    if (share.paid < 0n || share.paid > share.amount)
      fail(`law 1: share ${share.id} of ${share.amount} counts ${share.paid} as paid`);
    if ((share.status === 'paid') !== (share.paid === share.amount))
      fail(`law 2: share ${share.id} is ${share.status} with ${share.paid} of ${share.amount}`);
    const claimed = live.some((each) => each.covers.some((cover) => cover.shareId === share.id));
    if (claimed !== (share.status === 'processing'))
      fail(
        `law 2: share ${share.id} is ${share.status}, and ${claimed ? 'has' : 'has no'} payment`,
      );
  }
  for (const transfer of state.credits.values()) {
    const { id, signature, subscriberId, creatorWallet, token, slot, amount, credited } = transfer;
    const landed = chain.find(signature);
    if (landed === null || !chain.isFinal(landed))
      fail(`law 1: transfer ${signature} counts, and is not final`);
    if (credited > amount) fail(`law 1: transfer ${signature} of ${amount} counts for ${credited}`);
    // The rest of a transfer pays every debt that was there when it was made. One that waits again
    // is matched once the books agree with the chain.
    if (state.creditsAgain.has(id)) continue;
    const left = [...state.shares.values()].find(
      (each) =>
        each.subscriberId === subscriberId &&
        each.creatorWallet === creatorWallet &&
        each.token.mint === token.mint &&
        each.slot <= slot &&
        (each.status === 'pending' || each.status === 'failed'),
    );
    if (credited < amount && left !== undefined)
      fail(`law 2: ${left.id} is ${left.status}, and transfer ${signature} has a rest`);
  }
  for (const landed of chain.landed()) {
    const payment = witness.paymentOf(landed);
    const { signature } = landed.transaction;
    if (payment === null || lost.has(signature)) continue;
    const known = state.payments.get(payment.id);
    if (known === undefined || !hasSigned(known, signature))
      fail(`law 3: ${payment.id} is on chain, and its bytes are not on record`);
    const failed = landed.execution.error !== null;
    if (
      chain.isFinal(landed) &&
      (known?.state === 'dead' || (known?.state === 'failed' && !failed))
    )
      fail(`law 3: ${payment.id} was executed, and is called ${known?.state}`);
  }
}

/**
 * Whether a payment on record was signed with the signature of this transaction. A swap does not
 * name its payment: two payments that are planned in one block may be signed alike.
 */
const isOnRecord = (state: State, { signature }: { readonly signature: string }): boolean =>
  [...state.payments.values()].some((each) => each.signed?.signature === signature);

/** The signatures of what was signed and the database does not have any more. */
export function lostBy({ state }: SimBooks, witness: Witness): string[] {
  if (state === null) return [];
  const isKept = (id: string, signature: string): boolean => {
    const row = state.payments.get(id);
    return row !== undefined && hasSigned(row, signature);
  };
  return [
    ...[...witness.signed].flatMap(([signature, { id }]) =>
      isKept(id, signature) ? [] : [signature],
    ),
    ...[...witness.swaps.keys()].filter((signature) => !isOnRecord(state, { signature })),
  ];
}

/**
 * Law 8: each executed swap is on record, took exactly the agreed tokens from its agent, and
 * brought at least the agreed SOL to it, less the fee. `lost` as in `checkBooks`.
 */
function checkSwaps(
  chain: SimChain,
  { state }: SimBooks,
  witness: Witness,
  lost: ReadonlySet<string>,
): void {
  for (const landed of chain.landed()) {
    const { transaction, execution } = landed;
    const swap = witness.swaps.get(transaction.signature);
    if (swap === undefined) continue;
    const { id, agent } = swap;
    if (state !== null && !lost.has(transaction.signature) && !isOnRecord(state, transaction))
      fail(`law 3: swap ${id} is on chain, and its bytes are not on record`);
    if (execution.error !== null) continue;
    const taken = -gainOf(landed, associatedAddress(QUOTE_MINT, agent));
    const at = transaction.keys.indexOf(agent);
    const brought = (execution.postBalances[at] ?? 0n) - (execution.preBalances[at] ?? 0n);
    if (taken !== SWAP.amount || brought < SWAP.lamportsLeast - execution.fee)
      fail(`law 8: swap ${id} took ${taken} and brought ${brought} lamports`);
  }
}

/**
 * Law 2: a debt ends unpaid only where an operator voided it, or where its terms say so, and then
 * not before its time, counted from the first execution of its close.
 */
function checkEnded({ state }: SimBooks, firstMs: ReadonlyMap<string, number>): void {
  for (const { id, status, voided, subscriptionId, signature } of state?.shares.values() ?? []) {
    if (status !== 'voided' || voided?.reason === DRILL.reason) continue;
    if (voided?.by !== 'terms')
      fail(`law 2: ${id} ended unpaid, and neither its terms nor an operator said so`);
    const after = state?.subscriptions.get(subscriptionId)?.terms[0]?.expiresAfterMs;
    const first = firstMs.get(signature) ?? Number.POSITIVE_INFINITY;
    if (first + (after ?? Number.POSITIVE_INFINITY) > (voided?.atMs ?? 0))
      fail(`law 2: ${id} lapsed before its time`);
  }
}

/** What must hold after every step. */
export function checkStep(
  chain: SimChain,
  books: SimBooks,
  witness: Witness,
  known: { readonly lost: ReadonlySet<string>; readonly firstMs: ReadonlyMap<string, number> },
): void {
  checkBooks(chain, books, witness, known.lost);
  checkSwaps(chain, books, witness, known.lost);
  checkEnded(books, known.firstMs);
}

/**
 * Law 6: every standing, and every amount owed, is what the chain says. Everything must have been
 * heard before.
 */
export async function checkStandings(
  chain: SimChain,
  books: SimBooks,
  witness: Witness,
): Promise<void> {
  for (const person of PEOPLE) {
    const { history } = await truthOf(chain, witness, person, books);
    const expected = standingOf(history);
    const entry = await books.ledger.standings.update(person.id, judge);
    if (entry.standing !== expected.standing || entry.outstanding !== expected.outstanding)
      fail(
        `law 6: ${person.id} is ${entry.standing} and owes ${entry.outstanding} by the ledger, ${expected.standing} and ${expected.outstanding} by the chain`,
      );
  }
}

/**
 * Each final transfer to a creator by others is in the books once, as the chain shows it, and no
 * other is. Returns what the books credit.
 */
async function checkCredits(
  chain: SimChain,
  books: SimBooks,
  witness: Witness,
  person: (typeof PEOPLE)[number],
): Promise<readonly { readonly purse: string; readonly credited: bigint }[]> {
  const told = (rows: readonly { signature: string; purse: string; amount: bigint }[]): string =>
    rows
      .map(({ signature, purse, amount }) => `${signature} ${purse} ${amount}`)
      .sort()
      .join(', ');
  const listed = await books.ledger.credits.list({ subscriberId: person.id, limit: 500 });
  const booked = listed.map((each) => ({
    ...each,
    purse: purseOf({ creatorWallet: each.creatorWallet, mint: each.token.mint }),
  }));
  const [shown, known] = [told(transfersOf(chain, witness, person)), told(booked)];
  if (shown !== known)
    fail(`law 1: others paid for ${person.id}: ${shown} by the chain, ${known} by the ledger`);
  return booked;
}

/**
 * In the end: the ledger is the history of the chain, debts are what it implies, and creators hold
 * exactly that.
 */
export async function checkOutcome(
  chain: SimChain,
  books: SimBooks,
  witness: Witness,
): Promise<void> {
  const due = new Map<string, bigint>();
  for (const person of PEOPLE) {
    const { owed, dealt } = await truthOf(chain, witness, person, books);
    const total = [...owed.values()].reduce((sum, each) => sum + each, 0n);
    const booked = await books.booked(person.id);
    if (booked !== total)
      fail(`law 2: ${person.id} owes ${total} by the chain, ${booked} by the ledger`);
    for (const [purse, amount] of dealt) due.set(purse, (due.get(purse) ?? 0n) + amount);
  }
  await checkStandings(chain, books, witness);
  for (const person of PEOPLE)
    for (const { purse, credited } of await checkCredits(chain, books, witness, person))
      due.set(purse, (due.get(purse) ?? 0n) - credited);
  const received = new Map<string, bigint>();
  /** By mint: what the sponsor was to get for its fees, and did not. */
  const reimbursed = new Map<string, bigint>();
  for (const landed of chain.landed()) {
    const payment = witness.paymentOf(landed);
    if (payment === null) continue;
    const unknown = await books.ledger.payments.unknown([landed.transaction.signature]);
    if (landed.execution.error === null && unknown.length > 0)
      fail(`law 3: ${payment.id} was executed, and is not in the books`);
    for (const venue of SIM_VENUES) {
      const { mint } = venue;
      const agreed =
        landed.execution.error === null && payment.mint === mint ? payment.reimburse : 0n;
      const missing = agreed - gainOf(landed, sponsorTokens(venue));
      reimbursed.set(mint, (reimbursed.get(mint) ?? 0n) + missing);
      for (const wallet of CREATOR_WALLETS) {
        const purse = creatorTokens(wallet, venue);
        received.set(purse, (received.get(purse) ?? 0n) + gainOf(landed, purse));
      }
    }
  }
  for (const venue of SIM_VENUES)
    for (const wallet of CREATOR_WALLETS) {
      const purse = creatorTokens(wallet, venue);
      const [owed, got] = [due.get(purse) ?? 0n, received.get(purse) ?? 0n];
      if (got !== owed)
        fail(
          `law 1: creator ${wallet} was owed ${owed} at ${venue.name} and was paid ${got} of its token`,
        );
    }
  for (const [mint, missing] of reimbursed)
    if (missing !== 0n)
      fail(`law 1: the sponsor got ${missing} of ${mint} too little for its fees`);
}
