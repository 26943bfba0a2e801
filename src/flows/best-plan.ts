// Best plan: finds the best plan for debts among the accounts of a subscriber at one venue. The
// account that made the oldest debt is asked first, then the others. Reads the chain, and writes
// nothing.

import { moreTelling, withholdsProfit } from '../core/aftermath.ts';
import { type Debt, walletsOf } from '../core/debt.ts';
import type { Payment, PaymentPlan } from '../core/payment.ts';
import { paysWhole } from '../core/payment-recipients.ts';
import type { PayingPolicy } from '../core/plan.ts';
import type { Ledger, Subscriber, VenueAccount } from '../core/ports.ts';
import type { Preflight } from '../core/preflight.ts';
import type { ErrorClass, Trouble } from '../core/trouble.ts';
import type { SeenAccount } from '../core/venue.ts';
import type { LaneNonce, NonceSeen } from './nonce-guard.ts';
import { type ReadPorts, type Reserves, readPreflight } from './preflight.ts';
import type { createRecipientsSeen } from './recipients-seen.ts';
import { createRoom, type Granted } from './room.ts';

export type BestPlanRequest = {
  readonly subscriber: Subscriber;
  readonly debts: readonly Debt[];
  /** All debts that rest where these cannot be paid, these included. */
  readonly due: readonly Debt[];
  /** The debt whose account is asked first. */
  readonly oldest: Debt;
  /** The nonce account to read with the others; null when the lane can have none. */
  readonly nonceAccount: LaneNonce | null;
  readonly policy: PayingPolicy;
  readonly recipientsSeen: ReturnType<typeof createRecipientsSeen>;
  /** The payment that a plan out of the account of this debt would become. */
  readonly paymentOf: (from: Debt, decided: PaymentPlan) => Payment;
  /** Changes a reading before a plan is made from it; left out, the reading is used as it is. */
  readonly counted?: (read: Preflight) => Preflight;
};

/** Classes of trouble that one account may have and another account of the same owner not. */
const LACKING: ReadonlySet<ErrorClass> = new Set([
  'retry_soon',
  'retry_when_healthier',
  'venue_limited',
  'unexpected',
  'operator',
  'permanent',
]);

/** Whether another account of the same owner may pay although one account has this trouble. */
const ofOneAccount = (trouble: Trouble): boolean =>
  LACKING.has(trouble.class) || withholdsProfit(trouble);

type GrantedUnder = Granted & { readonly nonce: NonceSeen | null };
/** A plan, or why there is none, and the account from which it was made. */
export type BestPlan = GrantedUnder & { readonly from: Debt };

/**
 * The better of two accounts' plans: the one that pays more, else a swap, else the more telling
 * trouble.
 */
function better(first: BestPlan, second: BestPlan): BestPlan {
  const paid = ({ planned }: BestPlan) => (planned.kind === 'pay' ? planned.plan.amount : 0n);
  if (paid(first) > 0n || paid(second) > 0n) return paid(second) > paid(first) ? second : first;
  const [one, other] = [first.planned, second.planned];
  if (one.kind !== 'wait') return first;
  if (other.kind !== 'wait') return second;
  return moreTelling(one.trouble, other.trouble) === one.trouble ? first : second;
}

/**
 * How many payments of one of these debts have expired. Debts that were never tried cost no query.
 */
async function expiriesOf(
  ledger: Ledger,
  subscriberId: string,
  debts: readonly Debt[],
): Promise<number> {
  if (debts.every((each) => each.attempts === 0)) return 0;
  const ids = debts.map((each) => each.shareId);
  return (await ledger.shares.tries(subscriberId, ids)).expiries;
}

/** Creates the function that finds the best plan. */
export function createBestPlan(
  ports: ReadPorts & { readonly ledger: Ledger },
  reserves: Reserves,
): (request: BestPlanRequest) => Promise<BestPlan> {
  const { ledger, venues } = ports;
  const granted = createRoom(ports);

  /**
   * The preflight with open positions valued, when the debts cannot be paid without settling one of
   * them.
   */
  const valued = async (
    debts: readonly Debt[],
    from: Debt,
    account: SeenAccount | null,
    preflight: Preflight,
  ): Promise<Preflight> => {
    const funds = preflight.venue;
    if (funds === null || account === null || !funds.claimable.some((each) => each.held))
      return preflight;
    const owed = debts.reduce((sum, each) => sum + each.owed, 0n);
    const closed = funds.claimable.reduce((sum, each) => sum + (each.held ? 0n : each.amount), 0n);
    if ((preflight.agentTokens ?? 0n) + funds.deposit + closed >= owed) return preflight;
    return {
      ...preflight,
      venue: await venues.of(from.venue).valued(account, funds, ports.chain.accounts),
    };
  };

  const planFrom = async (request: BestPlanRequest, from: Debt): Promise<GrantedUnder> => {
    const { subscriber, debts, due, policy, nonceAccount, counted = (read) => read } = request;
    const expiries = await expiriesOf(ledger, subscriber.id, debts);
    const wallets = walletsOf(debts);
    const read = await readPreflight(
      ports,
      reserves,
      from,
      wallets,
      subscriber,
      expiries,
      nonceAccount,
    );
    const { nonce, account } = read;
    const seen = await request.recipientsSeen(subscriber.id, wallets, from.token, read);
    if ('trouble' in seen)
      return { planned: { kind: 'wait', about: 'creator', ...seen }, account: null, nonce };
    const told = counted({ ...read, ...seen.get(from.creatorWallet), others: seen });
    const preflight = await valued(debts, from, account, told);
    const paymentOf = (decided: PaymentPlan) => request.paymentOf(from, decided);
    const found = await granted({ subscriber, debts, due, preflight, account, policy, paymentOf });
    return { ...found, nonce };
  };

  /**
   * The accounts that may pay; each is looked up when the caller asks for it. Accounts that do not
   * exist are left out, because each would cost a reading of the chain. An account that is made
   * again is listed from its first fact on, or from the next state that shows it.
   */
  async function* accountsOf({
    subscriber,
    oldest,
  }: BestPlanRequest): AsyncGenerator<Pick<VenueAccount, 'address' | 'subAccountId'>> {
    yield { address: oldest.driftUser, subAccountId: oldest.subAccountId };
    const others = subscriber.driftAccounts.filter(
      (each) => each.venue === oldest.venue && each.address !== oldest.driftUser,
    );
    if (others.length === 0) return;
    const missing = await ledger.checks.missing(subscriber.id);
    yield* others.filter((each) => !missing.has(each.address));
  }

  return async function best(request) {
    const { debts, oldest } = request;
    let found: BestPlan | null = null;
    for await (const { address, subAccountId } of accountsOf(request)) {
      const from = { ...oldest, driftUser: address, subAccountId };
      const option = { ...(await planFrom(request, from)), from };
      const { planned } = option;
      found = found === null ? option : better(found, option);
      // This account cannot pay; another of the same owner may.
      const lacking =
        planned.kind === 'wait' && planned.about === 'subscriber' && ofOneAccount(planned.trouble);
      const whole = planned.kind === 'pay' && paysWhole(planned.plan, debts);
      if (whole || (planned.kind !== 'pay' && !lacking)) break;
    }
    return found as BestPlan;
  };
}
