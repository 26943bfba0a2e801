// Laws: the conditions that a simulated history must meet, during it and at its end.
import type { Address } from '../../src/core/ids.ts';
import { judge } from '../../src/core/standing.ts';
import type { SimBooks } from './books.ts';
import { TOKEN } from './chain/account.ts';
import type { Landed, SimChain } from './chain/chain.ts';
import { CALL, DRIFT_PROGRAM } from './chain/drift.ts';
import { DRILL } from './daemon.ts';
import { type History, type Moment, standingOf } from './oracle.ts';
import type { Witness } from './witness.ts';
import {
  CREATOR_WALLETS,
  creatorTokens,
  PEOPLE,
  SHARE_BPS,
  SPONSOR_TOKENS,
  subscriptionOf,
} from './world.ts';

const fail = (law: string): never => {
  throw new Error(law);
};

/**
 * Law 1, on the chain itself: payments that were executed never cover more of a share than there
 * is.
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
    for (const { shareId, amount } of payment.covers) {
      const known = paid.get(shareId) ?? { amount: 0n, by: [] };
      paid.set(shareId, { amount: known.amount + amount, by: [...known.by, payment.id] });
    }
  }
  for (const [shareId, { amount, by }] of paid) {
    if (by.length < 2) continue;
    const share = await books.ledger.shares.find(shareId);
    if (share !== null && amount > share.amount)
      fail(`law 1: share ${shareId} of ${share.amount} was paid ${amount} by ${by.join(', ')}`);
  }
}

const LIVE: ReadonlySet<string> = new Set(['planned', 'signed', 'sent']);

/**
 * Laws 1 to 3 as the books must show them after every step; of the ledger in memory, which can be
 * looked into. `lost`: payments whose bytes the database has lost by going back.
 */
export function checkBooks(
  chain: SimChain,
  { state }: SimBooks,
  witness: Witness,
  lost: ReadonlySet<string>,
): void {
  if (state === null) return;
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
  for (const landed of chain.landed()) {
    const payment = witness.paymentOf(landed);
    if (payment === null || lost.has(payment.id)) continue;
    const { signature } = landed.transaction;
    const known = state.payments.get(payment.id);
    if (known?.signed?.signature !== signature)
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
 * Net profit of each close in a transaction, by account, read from the instructions that people
 * gave.
 */
export function closesOf({
  transaction,
  execution,
}: Landed): { user: string; netPnl: bigint; inside: number }[] {
  if (execution.error !== null) return [];
  return transaction.instructions.flatMap(({ program, accounts, data }, inside) => {
    const view = Buffer.from(data);
    if (program !== DRIFT_PROGRAM || view.toString('hex', 0, 8) !== CALL.fill || view[18] !== 1)
      return [];
    return [{ user: accounts[1] ?? '', netPnl: view.readBigInt64LE(19), inside }];
  });
}
/** The amount that a transaction brought to a token account, by its balances before and after. */
function gainOf({ transaction, execution }: Landed, account: Address): bigint {
  const index = transaction.keys.indexOf(account);
  const of = (rows: Landed['execution']['preTokens']): bigint =>
    rows.find((row) => row.accountIndex === index)?.amount ?? 0n;
  return of(execution.postTokens) - of(execution.preTokens);
}

/** Places of what people took out of a subscriber's accounts. */
function outflowsOf(landed: Landed, person: (typeof PEOPLE)[number]): Moment[] {
  const { transaction, execution, slot, index } = landed;
  if (execution.error !== null) return [];
  const { preTokens, postTokens } = execution;
  // A withdrawal from an empty account takes nothing.
  const moved = preTokens.some(
    (row) =>
      row.amount >
      (postTokens.find((each) => each.accountIndex === row.accountIndex)?.amount ?? 0n),
  );
  if (!moved) return [];
  return transaction.instructions.flatMap(({ program, accounts, data }, inside): Moment[] => {
    const view = Buffer.from(data);
    const withdraws =
      program === DRIFT_PROGRAM &&
      view.toString('hex', 0, 8) === CALL.withdraw &&
      person.users.some((user) => user === accounts[1]) &&
      accounts[6] !== person.agentTokens;
    const sends = program === TOKEN && data[0] === 3 && accounts[0] === person.agentTokens;
    return withdraws || sends ? [[slot, index, inside]] : [];
  });
}

/** A debt as it is booked: its amount, and the rest that ended unpaid. */
type Booked = { readonly amount: bigint; readonly ended: bigint };
/**
 * The debts of the ledger in memory, by the signature of their close. The chain does not show which
 * debts ended unpaid; `checkEnded` judges that.
 */
function bookedOf({ state }: SimBooks): Map<string, Booked> {
  return new Map(
    [...(state?.shares.values() ?? [])].map(({ signature, amount, paid, status }) => [
      signature,
      { amount, ended: status === 'voided' ? amount - paid : 0n },
    ]),
  );
}

/**
 * Whether an outflow was cleared by a clearance to close: within its slots, and not after the
 * subscriber traded in a later slot than that of its grant. Only kept clearances count.
 */
function isCleared(
  chain: SimChain,
  { state }: SimBooks,
  person: (typeof PEOPLE)[number],
): (at: Moment) => boolean {
  const clearances = state?.clearances.get(person.id) ?? [];
  const fills = (landed: Landed): boolean =>
    landed.execution.error === null &&
    landed.transaction.instructions.some(
      ({ program, accounts, data }) =>
        program === DRIFT_PROGRAM &&
        Buffer.from(data).toString('hex', 0, 8) === CALL.fill &&
        person.users.some((user) => user === accounts[1]),
    );
  const traded = chain.landed().flatMap((each) => (fills(each) ? [each.slot] : []));
  return ([slot]) =>
    clearances.some(
      ({ grantedSlot, untilSlot }) =>
        slot >= grantedSlot &&
        slot <= untilSlot &&
        !traded.some((each) => each > grantedSlot && each < slot),
    );
}

/**
 * The truth about one subscriber by the surviving chain: debts by creator, and the history that its
 * standing depends on.
 */
export function truthOf(
  chain: SimChain,
  witness: Witness,
  person: (typeof PEOPLE)[number],
  books: SimBooks,
): { owed: Map<string, bigint>; history: History } {
  const owed = new Map<string, bigint>();
  const events: {
    owed: History['owed'][number][];
    paid: History['paid'][number][];
    out: Moment[];
  } = { owed: [], paid: [], out: [] };
  const booked = bookedOf(books);
  const cleared = isCleared(chain, books, person);
  /** The remainders of divisions, by subscription. */
  const carries = new Map<string, bigint>();
  for (const landed of chain.landed()) {
    if (!chain.isFinal(landed)) continue;
    const { slot, index } = landed;
    const payment = witness.paymentOf(landed);
    if (payment !== null) {
      if (payment.subscriberId === person.id && landed.execution.error === null)
        events.paid.push({ at: [slot, index, 0], amount: payment.amount });
      continue;
    }
    events.out.push(...outflowsOf(landed, person).filter((at) => !cleared(at)));
    for (const { user, netPnl, inside } of closesOf(landed)) {
      const sub = person.users.indexOf(user as Address);
      if (sub < 0 || netPnl <= 0n) continue;
      const { id, creatorWallet } = subscriptionOf(PEOPLE.indexOf(person), sub);
      const exact = netPnl * BigInt(SHARE_BPS) + (carries.get(id) ?? 0n);
      carries.set(id, exact % 10_000n);
      const whole = exact / 10_000n;
      const row = booked.get(landed.transaction.signature);
      const ended = row?.ended ?? 0n;
      owed.set(creatorWallet, (owed.get(creatorWallet) ?? 0n) + whole - ended);
      // Where closes are booked in another order, the remainders of their divisions make one debt a
      // unit larger and another a unit smaller: then the sum alone is the chain's.
      const off = (row?.amount ?? whole) - whole;
      const amount = (off === 1n || off === -1n ? whole + off : whole) - ended;
      if (amount !== 0n) events.owed.push({ at: [slot, index, inside], amount });
    }
  }
  return { owed, history: { owed: events.owed, paid: events.paid, outflows: events.out } };
}

/**
 * Law 2: a debt ends unpaid only where an operator voided it, or where its terms say so, and then
 * not before its time, counted from the first execution of its close.
 */
export function checkEnded({ state }: SimBooks, firstMs: ReadonlyMap<string, number>): void {
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
    const { history } = truthOf(chain, witness, person, books);
    const expected = standingOf(history);
    const entry = await books.ledger.standings.update(person.id, judge);
    if (entry.standing !== expected.standing || entry.outstanding !== expected.outstanding)
      fail(
        `law 6: ${person.id} is ${entry.standing} and owes ${entry.outstanding} by the ledger, ${expected.standing} and ${expected.outstanding} by the chain`,
      );
  }
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
    const { owed } = truthOf(chain, witness, person, books);
    const total = [...owed.values()].reduce((sum, each) => sum + each, 0n);
    const booked = await books.booked(person.id);
    if (booked !== total)
      fail(`law 2: ${person.id} owes ${total} by the chain, ${booked} by the ledger`);
    for (const [creator, amount] of owed) due.set(creator, (due.get(creator) ?? 0n) + amount);
  }
  await checkStandings(chain, books, witness);
  const received = new Map<string, bigint>();
  let [agreed, reimbursed] = [0n, 0n];
  for (const landed of chain.landed()) {
    const payment = witness.paymentOf(landed);
    if (payment === null) continue;
    const { creatorWallet } = payment;
    const unknown = await books.ledger.payments.unknown([landed.transaction.signature]);
    if (landed.execution.error === null && unknown.length > 0)
      fail(`law 3: ${payment.id} was executed, and is not in the books`);
    if (landed.execution.error === null) agreed += payment.reimburse;
    reimbursed += gainOf(landed, SPONSOR_TOKENS);
    received.set(
      creatorWallet,
      (received.get(creatorWallet) ?? 0n) + gainOf(landed, creatorTokens(creatorWallet)),
    );
  }
  for (const wallet of CREATOR_WALLETS) {
    const [owed, got] = [due.get(wallet) ?? 0n, received.get(wallet) ?? 0n];
    if (got !== owed) fail(`law 1: creator ${wallet} was owed ${owed} and was paid ${got}`);
  }
  if (agreed !== reimbursed)
    fail(`law 1: the sponsor was to get ${agreed} for its fees, and got ${reimbursed}`);
}
