// Truth: what the surviving chain says of a subscriber, read from the instructions that people gave
// and the balances that they left. It shares no code with the venue's readers.
import type { Address, Signature } from '../../src/core/ids.ts';
import type { SimBooks } from './books.ts';
import { TOKEN } from './chain/account.ts';
import type { Landed, SimChain } from './chain/chain.ts';
import { CALL, FEE } from './chain/drift.ts';
import { SIM_VENUES, venueOfProgram } from './chain/venues.ts';
import { gainOf, givesAway, notCleared, type Taken } from './cleared.ts';
import { accrualKey } from './memory/state.ts';
import { debtsOf, flightsOf, type History, type Moment, type Sum } from './oracle.ts';
import { TIPS_MOST } from './people.ts';
import type { Witness } from './witness.ts';
import {
  accountsOf,
  agentTokensAt,
  CREATOR_WALLETS,
  creatorTokens,
  PEOPLE,
  subscriptionOf,
  venueOfUser,
} from './world.ts';

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
    if (venueOfProgram(program) === null) return [];
    if (view.toString('hex', 0, 8) !== CALL.fill || view[18] !== 1) return [];
    return [{ user: accounts[1] ?? '', netPnl: view.readBigInt64LE(19), fee: FEE, inside }];
  });
}
/** The token account into which a payment goes. */
export const purseOf = ({
  creatorWallet,
  mint,
}: {
  readonly creatorWallet: Address;
  readonly mint: Address;
}): Address =>
  creatorTokens(
    creatorWallet,
    SIM_VENUES.find((each) => each.mint === mint),
  );
/** The place of an instruction on the chain, as far as nodes tell it. */
const momentOf = (
  chain: SimChain,
  { slot, index, transaction }: Landed,
  inside: number,
): Moment => [slot, chain.placesTold ? index : null, inside, transaction.signature];

/**
 * The token accounts of creators, one for each token. Debts are added up by them, so that a payment
 * in another token than that of the debt pays nothing.
 */
const PURSES: ReadonlySet<string> = new Set(
  SIM_VENUES.flatMap((venue) => CREATOR_WALLETS.map((wallet) => creatorTokens(wallet, venue))),
);

/** Whether the agent owns its token account, which it may have given to a stranger. */
const stillTheirs = (
  { transaction, execution }: Landed,
  { agent }: (typeof PEOPLE)[number],
  tokens: string,
): boolean => {
  const index = transaction.keys.indexOf(tokens);
  return execution.postTokens.some((row) => row.accountIndex === index && row.owner === agent);
};

/**
 * What left a subscriber's accounts in one transaction, to a creator or to others, by the
 * instructions that people gave. Who gives a token account away gives what is in it. Tips count for
 * nothing: the histories are too short for more of them than a day allows.
 */
function takenOf(
  chain: SimChain,
  landed: Landed,
  person: (typeof PEOPLE)[number],
): (Taken & { readonly purse: Address | null })[] {
  const { transaction, execution } = landed;
  if (execution.error !== null) return [];
  const { signature } = transaction;
  return transaction.instructions.flatMap(({ program, accounts, data }, inside) => {
    const view = Buffer.from(data);
    const drawn = view.toString('hex', 0, 8) === CALL.withdraw ? venueOfProgram(program) : null;
    const withdraws =
      drawn !== null &&
      accountsOf(person).some((user) => user === accounts[1]) &&
      (accounts[6] !== agentTokensAt(person, drawn) ||
        !stillTheirs(landed, person, agentTokensAt(person, drawn)));
    const sent =
      program === TOKEN && data[0] === 3
        ? SIM_VENUES.find((each) => accounts[0] === agentTokensAt(person, each))
        : undefined;
    const given = givesAway({ program, data })
      ? SIM_VENUES.find((each) => accounts[0] === agentTokensAt(person, each))
      : undefined;
    const venue = withdraws ? drawn : (sent ?? given);
    if (venue === undefined) return [];
    if (given !== undefined) {
      const index = transaction.keys.indexOf(accounts[0] ?? '');
      const amount = execution.preTokens.find((row) => row.accountIndex === index)?.amount ?? 0n;
      const at = momentOf(chain, landed, inside);
      return amount > TIPS_MOST ? [{ at, amount, venue, signature, purse: null }] : [];
    }
    // A withdrawal from an empty account takes nothing.
    const into = (accounts[withdraws ? 6 : 1] ?? '') as Address;
    const [amount, purse] = [gainOf(landed, into), PURSES.has(into) ? into : null];
    if (amount === 0n || (!withdraws && purse === null && amount <= TIPS_MOST)) return [];
    return [{ at: momentOf(chain, landed, inside), amount, venue, signature, purse }];
  });
}

/** Every transfer to a creator on the surviving chain that people made for a subscriber. */
export const transfersOf = (
  chain: SimChain,
  witness: Witness,
  person: (typeof PEOPLE)[number],
): (Taken & { readonly purse: Address })[] =>
  chain
    .landed()
    .filter((landed) => chain.isFinal(landed) && witness.paymentOf(landed) === null)
    .flatMap((landed) => takenOf(chain, landed, person))
    .flatMap((each) => (each.purse === null ? [] : [{ ...each, purse: each.purse }]));

/** A debt as it is booked: its amount, and the rest that ended unpaid. */
type Booked = { readonly amount: bigint; readonly ended: bigint };
const NOTHING_BOOKED: Booked = { amount: 0n, ended: 0n };
/** A turn in which a share is dealt has at most as many units as a share has basis points. */
const TURN_MOST = 10_000n;
/**
 * The closes of a subscription that the ledger in memory has booked, by their transaction and in
 * their order in it. The chain does not show which debts ended unpaid; `checkEnded` judges that.
 */
function bookedOf({ state }: SimBooks, subscriptionId: string): Map<string, Map<string, Booked>[]> {
  if (state === null) return new Map();
  const rows = [...state.facts.values()]
    .filter(({ fact }) => state.accruals.has(accrualKey(subscriptionId, fact)))
    .sort((a, b) => a.fact.position.ordinal - b.fact.position.ordinal);
  const booked = new Map<string, Map<string, Booked>[]>();
  for (const { fact } of rows) {
    const shares = [...state.shares.values()].filter(
      (each) =>
        each.subscriptionId === subscriptionId &&
        each.signature === fact.signature &&
        each.ordinal === fact.position.ordinal,
    );
    const own = new Map<string, Booked>();
    for (const { creatorWallet, status, amount, paid } of shares) {
      const known = own.get(creatorWallet) ?? { amount: 0n, ended: 0n };
      own.set(creatorWallet, {
        amount: known.amount + amount,
        ended: known.ended + (status === 'voided' ? amount - paid : 0n),
      });
    }
    booked.set(fact.signature, [...(booked.get(fact.signature) ?? []), own]);
  }
  return booked;
}

type Signed = { readonly at: Moment; readonly signature: string };
const bySlotAndSignature = (a: Signed, b: Signed): number =>
  a.at[0] - b.at[0] || Number(a.signature > b.signature) - Number(a.signature < b.signature);

/**
 * The truth about one subscriber by the surviving chain: debts by the token account of the creator,
 * what each account gets of them as they were booked, and the history that its standing depends on.
 */
export async function truthOf(
  chain: SimChain,
  witness: Witness,
  person: (typeof PEOPLE)[number],
  books: SimBooks,
): Promise<{ owed: Map<string, bigint>; dealt: Map<string, bigint>; history: History }> {
  const owed = new Map<string, bigint>();
  const dealt = new Map<string, bigint>();
  const events: { owed: Sum[]; claims: Sum[]; paid: Sum[] } = { owed: [], claims: [], paid: [] };
  const taken: Taken[] = [];
  const closes = accountsOf(person).map((): (ReturnType<typeof closesOf>[number] & Place)[] => []);
  type Place = { readonly slot: number; readonly at: Moment; readonly signature: string };
  for (const landed of chain.landed()) {
    if (!chain.isFinal(landed)) continue;
    const payment = witness.paymentOf(landed);
    if (payment !== null) {
      if (payment.subscriberId === person.id && landed.execution.error === null)
        for (const { wallet: creatorWallet, amount } of payment.recipients)
          events.paid.push({
            at: momentOf(chain, landed, 0),
            mint: payment.mint,
            purse: purseOf({ creatorWallet, mint: payment.mint }),
            amount,
          });
      continue;
    }
    taken.push(...takenOf(chain, landed, person).filter(({ purse }) => purse === null));
    const { signature } = landed.transaction;
    for (const close of closesOf(landed))
      closes[accountsOf(person).indexOf(close.user as Address)]?.push({
        ...close,
        at: momentOf(chain, landed, close.inside),
        slot: landed.slot,
        signature,
      });
  }
  for (const [sub, own] of closes.entries()) {
    // Without indexes, the closes of one slot are booked in the order of their signatures.
    if (!chain.placesTold) own.sort((a, b) => bySlotAndSignature(a, b) || a.inside - b.inside);
    const { id } = subscriptionOf(PEOPLE.indexOf(person), sub);
    const booked = bookedOf(books, id);
    const terms = (await books.ledger.subscriptions.find(id))?.terms ?? [];
    const debts = debtsOf(own, terms).flatMap((each, nth) => {
      const { at, signature, user } = own[nth] as (typeof own)[number];
      const rows = booked.get(signature)?.shift();
      const parts = new Map(each.map(({ creator, amount }) => [creator, amount]));
      return [...new Set([...parts.keys(), ...(rows?.keys() ?? [])])].map((creator) => {
        const whole = parts.get(creator) ?? 0n;
        // Of a close that is booked, a creator without a row got nothing.
        const row = rows === undefined ? null : (rows.get(creator) ?? NOTHING_BOOKED);
        return { creator, at, user, whole, ...(row ?? { amount: whole, ended: 0n }) };
      });
    });
    const isSplit = terms.some((each) => each.splits.length > 0);
    const most = isSplit ? TURN_MOST : 2n;
    for (const { creator, at, user, whole, amount, ended } of debts) {
      const { mint } = venueOfUser(user);
      const purse = creatorTokens(creator as Address, venueOfUser(user));
      owed.set(purse, (owed.get(purse) ?? 0n) + whole - ended);
      // Where closes are booked in another order, the remainders of their divisions, and the places
      // in a turn, make one debt larger and another smaller: then the sum alone is the chain's.
      const off = amount - whole;
      const claimed = off > -most && off < most ? amount : whole;
      dealt.set(purse, (dealt.get(purse) ?? 0n) + (isSplit ? claimed : whole) - ended);
      events.claims.push({ at, mint, purse, amount: claimed });
      if (claimed !== ended) events.owed.push({ at, mint, purse, amount: claimed - ended });
    }
  }
  const credits = await books.ledger.credits.list({ subscriberId: person.id, limit: 500 });
  const credited = new Map(credits.map((each) => [each.signature, each.credited]));
  const transfers = transfersOf(chain, witness, person).map((each) => ({
    ...each,
    credited: credited.get(each.signature as Signature) ?? 0n,
  }));
  // Without indexes, the transfers of one slot are matched in the order of their signatures, too.
  if (!chain.placesTold) transfers.sort(bySlotAndSignature);
  const discharged = transfers.map(({ at, venue, purse, credited: amount }) => ({
    at,
    mint: venue.mint,
    purse,
    amount,
    exact: true,
  }));
  const paid = [...events.paid, ...discharged.filter(({ amount }) => amount > 0n)];
  const outflows = [
    ...notCleared(chain, books, person, taken, { owed: events.owed, paid }),
    ...flightsOf(transfers, events.claims, events.paid),
  ];
  return { owed, dealt, history: { owed: events.owed, paid, outflows } };
}
