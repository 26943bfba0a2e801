// Ledger answers: what a ledger answers to every question about debts, payments and standings, to
// compare two ledgers.
import { accrualOf } from '../../src/core/accrual.ts';
import type { UnaccruedClose } from '../../src/core/debt-ports.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { addressOf, signatureOf } from './ledger.ts';
import { driftOf, WHO } from './ledger-draws.ts';
import { moversOf } from './nonce-draws.ts';
import { plain, sorted } from './plain.ts';

/** Pages of both lists by every filter, the last one after a cursor that names no row. */
async function lists(ledger: Ledger): Promise<unknown> {
  const pages = async <Row extends { readonly id: string }>(
    list: (page: { limit: number; before?: string }) => Promise<Row[]>,
  ): Promise<unknown[]> => {
    const first = await list({ limit: 3 });
    const cursor = first.at(-1)?.id;
    const next = cursor === undefined ? [] : await list({ limit: 4, before: cursor });
    return [first, next, await list({ limit: 4, before: 'none of this list' })];
  };
  const [id = ''] = WHO;
  const creatorWallet = addressOf(40);
  const found = [];
  for (const filter of [
    {},
    { subscriberId: id },
    { creatorWallet },
    { subscriptionId: `${id}-sub` },
    { status: 'paid' as const },
  ])
    found.push(await pages((page) => ledger.shares.list({ ...filter, ...page })));
  for (const filter of [
    {},
    { subscriberId: id },
    { creatorWallet },
    { state: 'landed' as const },
    { state: 'failed' as const },
  ])
    found.push(
      await pages(async (page) => {
        const rows = await ledger.payments.list({ ...filter, ...page });
        // When each was planned and ended is the database's own time there.
        return rows.map(({ plannedAtMs, endedAtMs, ...row }) => row);
      }),
    );
  return found;
}

/** The figures of every share, and of one that does not exist. */
async function accruals({ shares }: Ledger): Promise<unknown[]> {
  const ids = ['none', ...(await shares.list({ limit: 500 })).map((each) => each.id)];
  const figures = await shares.accruals(ids);
  return ids.map((id) => figures.get(id) ?? null);
}

/** An aside that fails once more, and is forgotten after its fourth failure. */
async function rest({ asides }: Ledger): Promise<unknown[]> {
  const failure = { kind: 'state', subject: 'x', reason: 'drill', nowMs: 5 } as const;
  const put = await asides.put({ ...failure, firstMs: 1_000, mostMs: 7_000 });
  return [put, [...(await asides.of('state'))], put.attempts > 3 && asides.clear('state', 'x')];
}

/** A share and a payment by their ids. */
const found = async ({ shares, payments }: Ledger): Promise<unknown[]> => {
  const [share] = await shares.list({ limit: 1 });
  const { plannedAtMs, endedAtMs, ...payment } = (await payments.find('p0')) ?? {};
  return [await shares.find(share?.id ?? 'none'), payment, await shares.find('none')];
};

/**
 * The closes that wait to be booked, page by page, with what each would owe: one ledger reads an
 * account's history from the last close that left it flat, the other one all of it.
 */
export async function unaccrued({ shares }: Ledger, limit = 3): Promise<unknown[]> {
  const pages = [];
  for (let after: UnaccruedClose['fact'] | null = null; ; ) {
    const page: UnaccruedClose[] = await shares.unaccrued(limit, after);
    pages.push(
      page.map(({ fact, subscription, vouched, history }) => ({
        fact: { ...fact, body: fact.body.netPnl },
        subscription: subscription.id,
        vouched,
        accrued: accrualOf(fact.body, fact.position.slot, subscription, history),
      })),
    );
    after = page.at(-1)?.fact ?? null;
    if (after === null) return pages;
  }
}

/** All answers, as JSON. The standings are judged anew first. */
export async function everything(ledger: Ledger): Promise<unknown> {
  const of = async (id: string) => ({
    debts: await ledger.shares.open(id),
    due: await ledger.shares.due(id),
    live: await ledger.payments.live(id),
    nonce: await ledger.nonces.of(id),
    movers: await moversOf(ledger, id),
    uncovered: await ledger.shares.uncovered(id),
    overpaid: await Promise.all(
      (await ledger.payments.list({ subscriberId: id, limit: 9 })).map((each) =>
        ledger.payments.overpaidBy(each.id),
      ),
    ),
    subscriptions: (await ledger.subscriptions.ofSubscriber(id)).map((each) => each.id),
    topUp: await ledger.payments.toppedUpWithin(id, 1_000),
    owedTo: await Promise.all(
      WHO.map((_, other) => ledger.shares.owedTo(addressOf(40 + other), USDC.mint)),
    ),
    told: await Promise.all(
      [12, 20, 30, 39].flatMap((slot) => [
        ledger.checks.told(driftOf(WHO.indexOf(id)), 9, slot),
        ledger.checks.recorded(driftOf(WHO.indexOf(id)), 9, slot),
      ]),
    ),
    credits: sorted(await ledger.credits.list({ subscriberId: id, limit: 99 }), 'signature').map(
      (each) => ({ ...each, shares: sorted([...each.shares], 'shareId') }),
    ),
    unmatched: await Promise.all(
      WHO.map(
        async (_, other) => (await ledger.credits.unmatched(id, addressOf(40 + other))) !== null,
      ),
    ),
    payable: await ledger.shares.oldestOpenSlot(id, 'payable'),
    open: await ledger.shares.oldestOpenSlot(id, 'open'),
    standing: await ledger.standings.update(id, judge),
    tabs: (await ledger.subscriptions.find(`${id}-sub`))?.tabs,
  });
  // One after the other: a verdict that changes takes the next revision.
  const who = [];
  for (const id of WHO) who.push(await of(id));
  return plain({
    who,
    shares: await ledger.shares.list({ limit: 500 }),
    accruals: await accruals(ledger),
    rest: await rest(ledger),
    found: await found(ledger),
    unaccrued: await unaccrued(ledger),
    work: (await ledger.shares.subscribersWithWork()).sort(),
    observed: await ledger.shares.observed(),
    owing: (await ledger.standings.owing()).sort(),
    backlog: await ledger.sightings.backlog(),
    waiting: (await ledger.shares.waitingFor({ class: 'venue_paused' })).subscribers.sort(),
    unknown: await ledger.payments.unknown([
      signatureOf(3),
      signatureOf(4_000),
      ...[0, 1, 2, 3].map((each) => signatureOf(2_000 + each)),
    ]),
    unexplained: (await ledger.payments.unexplained(99)).map((each) => [each.id, each.excess]),
    unexplainedOf: await Promise.all(WHO.map((id) => ledger.payments.unexplainedOf(id))),
    lists: await lists(ledger),
  });
}
