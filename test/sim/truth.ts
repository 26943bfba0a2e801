// Truth: what the surviving chain says of a subscriber, read from the instructions that people gave
// and the balances that they left. It shares no code with the venue's readers.
import type { Address, Signature } from '../../src/core/ids.ts';
import type { SimBooks } from './books.ts';
import { TOKEN } from './chain/account.ts';
import type { Landed, SimChain } from './chain/chain.ts';
import { CALL, DRIFT_PROGRAM, FEE } from './chain/drift.ts';
import { accrualKey } from './memory/state.ts';
import { debtsOf, flightsOf, type History, type Moment, type Transfer } from './oracle.ts';
import { TIPS_MOST } from './people.ts';
import type { Witness } from './witness.ts';
import { CREATOR_WALLETS, creatorTokens, PEOPLE, subscriptionOf } from './world.ts';

/**
 * Net profit of each close in a transaction, by account, read from the instructions that people
 * gave.
 */
export function closesOf({
  transaction,
  execution,
}: Landed): { user: string; netPnl: bigint; fee: bigint; inside: number }[] {
  if (execution.error !== null) return [];
  return transaction.instructions.flatMap(({ program, accounts, data }, inside) => {
    const view = Buffer.from(data);
    if (program !== DRIFT_PROGRAM || view.toString('hex', 0, 8) !== CALL.fill || view[18] !== 1)
      return [];
    return [{ user: accounts[1] ?? '', netPnl: view.readBigInt64LE(19), fee: FEE, inside }];
  });
}
/** The amount that a transaction brought to a token account, by its balances before and after. */
export function gainOf({ transaction, execution }: Landed, account: Address): bigint {
  const index = transaction.keys.indexOf(account);
  const of = (rows: Landed['execution']['preTokens']): bigint =>
    rows.find((row) => row.accountIndex === index)?.amount ?? 0n;
  return of(execution.postTokens) - of(execution.preTokens);
}

/** The place of an instruction on the chain, as far as nodes tell it. */
const momentOf = (
  chain: SimChain,
  { slot, index, transaction }: Landed,
  inside: number,
): Moment => [slot, chain.placesTold ? index : null, inside, transaction.signature];

/** What people took out of a subscriber's accounts in one transaction. */
type Taken = { readonly at: Moment; readonly amount: bigint; readonly signature: string };
/** The creator whose token account this is; null of any other account. */
const creatorAt = (account: string): Address | null =>
  CREATOR_WALLETS.find((wallet) => creatorTokens(wallet) === account) ?? null;

/** Whether the agent owns its token account, which it may have given to a stranger. */
const stillTheirs = (
  { transaction, execution }: Landed,
  { agent, agentTokens }: (typeof PEOPLE)[number],
): boolean => {
  const index = transaction.keys.indexOf(agentTokens);
  return execution.postTokens.some((row) => row.accountIndex === index && row.owner === agent);
};

/**
 * What left a subscriber's accounts in one transaction, to a creator or to others, by the
 * instructions that people gave. Tips count for nothing: the histories are too short for more of
 * them than a day allows.
 */
function takenOf(
  chain: SimChain,
  landed: Landed,
  person: (typeof PEOPLE)[number],
): (Taken & { readonly creator: Address | null })[] {
  const { transaction, execution } = landed;
  if (execution.error !== null) return [];
  const { signature } = transaction;
  return transaction.instructions.flatMap(({ program, accounts, data }, inside) => {
    const view = Buffer.from(data);
    const withdraws =
      program === DRIFT_PROGRAM &&
      view.toString('hex', 0, 8) === CALL.withdraw &&
      person.users.some((user) => user === accounts[1]) &&
      (accounts[6] !== person.agentTokens || !stillTheirs(landed, person));
    const sends = program === TOKEN && data[0] === 3 && accounts[0] === person.agentTokens;
    if (!withdraws && !sends) return [];
    // A withdrawal from an empty account takes nothing.
    const into = (accounts[withdraws ? 6 : 1] ?? '') as Address;
    const [amount, creator] = [gainOf(landed, into), creatorAt(into)];
    if (amount === 0n || (sends && creator === null && amount <= TIPS_MOST)) return [];
    return [{ at: momentOf(chain, landed, inside), amount, signature, creator }];
  });
}

/** Every transfer to a creator on the surviving chain that people made for a subscriber. */
export const transfersOf = (
  chain: SimChain,
  witness: Witness,
  person: (typeof PEOPLE)[number],
): (Taken & { readonly creator: Address })[] =>
  chain
    .landed()
    .filter((landed) => chain.isFinal(landed) && witness.paymentOf(landed) === null)
    .flatMap((landed) => takenOf(chain, landed, person))
    .flatMap((each) => (each.creator === null ? [] : [{ ...each, creator: each.creator }]));

/** A debt as it is booked: its amount, and the rest that ended unpaid. */
type Booked = { readonly amount: bigint; readonly ended: bigint };
/**
 * The closes of a subscription that the ledger in memory has booked, by their transaction and in
 * their order in it. The chain does not show which debts ended unpaid; `checkEnded` judges that.
 */
function bookedOf({ state }: SimBooks, subscriptionId: string): Map<string, Booked[]> {
  if (state === null) return new Map();
  const rows = [...state.facts.values()]
    .filter(({ fact }) => state.accruals.has(accrualKey(subscriptionId, fact)))
    .sort((a, b) => a.fact.position.ordinal - b.fact.position.ordinal);
  const booked = new Map<string, Booked[]>();
  for (const { fact } of rows) {
    const shares = [...state.shares.values()].filter(
      (each) =>
        each.subscriptionId === subscriptionId &&
        each.signature === fact.signature &&
        each.ordinal === fact.position.ordinal,
    );
    const sum = (part: (share: (typeof shares)[number]) => bigint): bigint =>
      shares.reduce((total, each) => total + part(each), 0n);
    const ended = sum(({ status, amount, paid }) => (status === 'voided' ? amount - paid : 0n));
    const own = { amount: sum(({ amount }) => amount), ended };
    booked.set(fact.signature, [...(booked.get(fact.signature) ?? []), own]);
  }
  return booked;
}

/**
 * The withdrawals that no clearance covers in full. A clearance to close covers what leaves within
 * its slots, and not after the subscriber traded in a later slot than that of its grant. One to
 * withdraw covers its amount, in the order of the chain; in one slot in the order of the
 * signatures. Of several the one that was granted first is used first. Only kept clearances count.
 */
function notCleared(
  chain: SimChain,
  { state }: SimBooks,
  person: (typeof PEOPLE)[number],
  taken: readonly Taken[],
): Moment[] {
  const fills = (landed: Landed): boolean =>
    landed.execution.error === null &&
    landed.transaction.instructions.some(
      ({ program, accounts, data }) =>
        program === DRIFT_PROGRAM &&
        Buffer.from(data).toString('hex', 0, 8) === CALL.fill &&
        person.users.some((user) => user === accounts[1]),
    );
  const traded = chain.landed().flatMap((each) => (fills(each) ? [each.slot] : []));
  const clearances = [...(state?.clearances.get(person.id) ?? [])]
    .sort((a, b) => a.grantedSlot - b.grantedSlot || (a.id < b.id ? -1 : 1))
    .map((each) => ({ ...each, left: each.amount }));
  const inOrder = [...taken].sort(
    (a, b) => a.at[0] - b.at[0] || (a.signature < b.signature ? -1 : 1),
  );
  return inOrder.flatMap(({ at, amount }) => {
    let open = amount;
    for (const each of clearances) {
      if (at[0] < each.grantedSlot || at[0] > each.untilSlot) continue;
      if (each.left === null) {
        if (!traded.some((slot) => slot > each.grantedSlot && slot < at[0])) open = 0n;
        continue;
      }
      const covered = each.left < open ? each.left : open;
      each.left -= covered;
      open -= covered;
    }
    return open > 0n ? [at] : [];
  });
}

/**
 * The truth about one subscriber by the surviving chain: debts by creator, and the history that its
 * standing depends on.
 */
export async function truthOf(
  chain: SimChain,
  witness: Witness,
  person: (typeof PEOPLE)[number],
  books: SimBooks,
): Promise<{ owed: Map<string, bigint>; history: History }> {
  type Sum = { readonly at: Moment; readonly creator: string; readonly amount: bigint };
  const owed = new Map<string, bigint>();
  const events: { owed: Sum[]; claims: Sum[]; paid: Sum[] } = { owed: [], claims: [], paid: [] };
  const taken: Taken[] = [];
  const closes = person.users.map((): (ReturnType<typeof closesOf>[number] & Place)[] => []);
  type Place = { readonly slot: number; readonly at: Moment; readonly signature: string };
  for (const landed of chain.landed()) {
    if (!chain.isFinal(landed)) continue;
    const payment = witness.paymentOf(landed);
    if (payment !== null) {
      if (payment.subscriberId === person.id && landed.execution.error === null)
        events.paid.push({
          at: momentOf(chain, landed, 0),
          creator: payment.creatorWallet,
          amount: payment.amount,
        });
      continue;
    }
    taken.push(...takenOf(chain, landed, person).filter(({ creator }) => creator === null));
    const { signature } = landed.transaction;
    for (const close of closesOf(landed))
      closes[person.users.indexOf(close.user as Address)]?.push({
        ...close,
        at: momentOf(chain, landed, close.inside),
        slot: landed.slot,
        signature,
      });
  }
  for (const [sub, own] of closes.entries()) {
    // Without indexes, the closes of one slot are booked in the order of their signatures.
    if (!chain.placesTold)
      own.sort(
        (a, b) =>
          a.slot - b.slot ||
          Number(a.signature > b.signature) - Number(a.signature < b.signature) ||
          a.inside - b.inside,
      );
    const { id } = subscriptionOf(PEOPLE.indexOf(person), sub);
    const booked = bookedOf(books, id);
    const terms = (await books.ledger.subscriptions.find(id))?.terms ?? [];
    for (const [nth, { creator, amount: whole }] of debtsOf(own, terms).entries()) {
      const { at, signature } = own[nth] as (typeof own)[number];
      const row = booked.get(signature)?.shift();
      const ended = row?.ended ?? 0n;
      owed.set(creator, (owed.get(creator) ?? 0n) + whole - ended);
      // Where closes are booked in another order, the remainders of their divisions make one debt a
      // unit larger and another a unit smaller: then the sum alone is the chain's.
      const off = (row?.amount ?? whole) - whole;
      const claimed = off === 1n || off === -1n ? whole + off : whole;
      events.claims.push({ at, creator, amount: claimed });
      if (claimed !== ended) events.owed.push({ at, creator, amount: claimed - ended });
    }
  }
  owed.delete('');
  const credits = await books.ledger.credits.list({ subscriberId: person.id, limit: 500 });
  const credited = new Map(credits.map((each) => [each.signature, each.credited]));
  const transfers: Transfer[] = transfersOf(chain, witness, person).map((each) => ({
    ...each,
    credited: credited.get(each.signature as Signature) ?? 0n,
  }));
  const discharged = transfers.map(({ at, credited: amount }) => ({ at, amount, exact: true }));
  const paid = [...events.paid, ...discharged.filter(({ amount }) => amount > 0n)];
  const outflows = [
    ...notCleared(chain, books, person, taken),
    ...flightsOf(transfers, events.claims, events.paid),
  ];
  return { owed, history: { owed: events.owed, paid, outflows } };
}
