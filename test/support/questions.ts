// Questions: what the daemon and its API ask the ledger all the time, of books as bench/books.ts
// fills them. The time of each must not grow with the books. Two that grow with the number of
// debtors are left out: `shares.subscribersWithWork` and `owing.waiting`.
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';

const LIMIT = 10;
/** The ids and addresses that bench/books.ts gives the twentieth subscriber. */
const subscriberId = 's20';
const user = `d20${'x'.repeat(36)}` as Address;
const creatorWallet = `c7${'y'.repeat(36)}` as Address;
const signature = `x20_3${'z'.repeat(60)}` as Signature;

/** The questions by what they ask for. */
export function questions(ledger: Ledger): Record<string, () => Promise<unknown>> {
  const { shares, payments, standings, sightings, facts, sums, checks, credits, costs } = ledger;
  const { watchList, suspicions } = ledger;
  return {
    'closes that are not booked': () => shares.unaccrued(100),
    'debts of one subscriber': () => shares.due(subscriberId),
    'what covers a debt': () => shares.uncovered(subscriberId),
    'payments that no debt explains': () => payments.unexplainedOf(subscriberId),
    'since when a subscriber owes': () => shares.oldestOpenSlot(subscriberId, 'open'),
    'what is owed to a creator': () => shares.owedTo(creatorWallet, USDC.mint),
    'debts that lapse': () => shares.lapsing(),
    'debts that persons asked to have voided': () => shares.voidsAsked(),
    'shares, the newest': () => shares.list({ limit: LIMIT }),
    'shares, a later page': () => shares.list({ limit: LIMIT, before: 'ps_7_20' }),
    'shares of a subscriber': () => shares.list({ subscriberId, limit: LIMIT }),
    'one share, explained': () => shares.accruals(['ps_7_3']),
    'payments, the newest': () => payments.list({ limit: LIMIT }),
    'payments of a creator': () => payments.list({ creatorWallet, limit: LIMIT }),
    'the payment on its way': () => payments.live(subscriberId),
    'a payment by its signature': () => payments.bySignature(signature),
    'a transfer that is not matched': () => credits.unmatched(subscriberId, creatorWallet),
    'what was signed within a day': () => costs.signedToday(subscriberId, USDC.mint),
    'a verdict': () => standings.update(subscriberId, judge),
    'changes of standing': () => standings.changesSince({ revision: 10n, nonce: null }, LIMIT),
    'transactions to read': () => sightings.claim(0, 1_000, LIMIT),
    'what is unread': () => sightings.backlog(),
    'what was heard last': () => sightings.lastHeard(),
    'facts of a subscriber': () => facts.list({ subscriberId, limit: LIMIT }),
    'facts between two states': () => checks.told(user, 100, 350, 0),
    'accounts to check': () => checks.due(LIMIT, 0),
    'an account to check': () => checks.find([user]),
    'differences that no fact explains': () => checks.gaps(),
    'accounts of a subscriber': () => watchList.ofSubscriber(subscriberId),
    'who is suspected': () => suspicions.refresh(0n),
    'the oldest debt': () => sums.oldestDebtMs(0),
  };
}
