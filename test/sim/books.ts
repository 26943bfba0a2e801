// Books: the ledger of a simulated history, in memory or on real Postgres, and some queries that
// the ledger itself does not have.
import type { Ledger } from '../../src/core/ports.ts';
import type { Sql } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { keepVenues } from '../../src/ledger/tokens.ts';
import { DRIFT_PROFILE } from '../../src/venue/drift-v2/profile.ts';
import { VELOCITY_PROFILE } from '../../src/venue/velocity/profile.ts';
import { waitingTransfers } from './memory/credits.ts';
import { createMemoryLedger } from './memory/ledger.ts';
import type { MemoryServer } from './memory/server.ts';
import { accrualKey, LIVE, type State } from './memory/state.ts';

type Open = Record<'rumours' | 'closes' | 'transfers' | 'debts' | 'live' | 'gaps', number>;

/** How many payments there are, and how many of them landed at Velocity or died. */
export type Paid = {
  readonly payments: number;
  readonly atVelocity: number;
  readonly dead: number;
};

export type SimBooks = {
  readonly ledger: Ledger;
  /**
   * Rumours that are not final, closes that are not booked, transfers to creators that are not
   * matched, debts that are not paid, payments that have not ended, accounts whose state the facts
   * do not explain.
   */
  open(): Promise<Open>;
  /** Sum of the subscriber's shares: of those that ended unpaid, what was paid. */
  booked(subscriberId: string): Promise<bigint>;
  payments(): Promise<Paid>;
  /** The state that a deliberate fault changes; null on Postgres. */
  readonly state: State | null;
  /** The database as a server that can go back; null on Postgres. */
  readonly server: MemoryServer | null;
};
/** Opens empty books. Time is the simulated one. */
export type OpenBooks = (nowMs: () => number) => Promise<SimBooks>;

export const memoryBooks: OpenBooks = async (nowMs) => {
  const { ledger, state, server } = createMemoryLedger(nowMs);
  return {
    ledger,
    state,
    server,
    async open() {
      const { wanted, confirmed } = await ledger.sightings.backlog();
      const debts = [...state.shares.values()].filter(
        ({ status }) => status !== 'paid' && status !== 'voided',
      ).length;
      const live = [...state.payments.values()].filter((each) => LIVE.has(each.state)).length;
      const closes = [...state.facts.values()].filter(
        ({ fact, finality }) =>
          finality === 'finalized' &&
          (fact.body.kind === 'close' || fact.body.kind === 'reckoning') &&
          [...state.subscriptions.values()].some(
            (each) =>
              each.driftAccount === fact.account && !state.accruals.has(accrualKey(each.id, fact)),
          ),
      ).length;
      const transfers = waitingTransfers(state).length;
      const gaps = [...state.checks.values()].filter((each) => each.difference !== null).length;
      return { rumours: wanted + confirmed, closes, transfers, debts, live, gaps };
    },
    booked: async (id) =>
      [...state.shares.values()].reduce(
        (sum, each) =>
          each.subscriberId === id
            ? sum + (each.status === 'voided' ? each.paid : each.amount)
            : sum,
        0n,
      ),
    async payments() {
      const all = [...state.payments.values()];
      const landed = all.filter((each) => each.state === 'landed');
      return {
        payments: all.length,
        atVelocity: landed.filter((each) => each.venue === 'velocity').length,
        dead: all.filter((each) => each.state === 'dead').length,
      };
    },
  };
};

export const postgresBooks =
  (sql: Sql): OpenBooks =>
  async () => {
    await sql`truncate subscriber, sighting, delivery, halt cascade`;
    await sql`update revision set last = 0`;
    await keepVenues(sql, [DRIFT_PROFILE, VELOCITY_PROFILE]);
    return {
      ledger: createLedger(sql),
      state: null,
      server: null,
      async open() {
        const [row] = await sql<Record<keyof Open, bigint>[]>`
          select (select count(*) from sighting where status in ('wanted', 'confirmed')) as rumours,
                 (select count(*) from unbooked) as closes,
                 (select count(*) from uncredited) as transfers,
                 (select count(*) from profit_share where status not in ('paid', 'voided')) as debts,
                 (select count(*) from payment where state in ('planned', 'signed', 'sent')) as live,
                 (select count(*) from account_check where difference is not null) as gaps`;
        const count = (of: keyof Open): number => Number(row?.[of] ?? 0n);
        return {
          rumours: count('rumours'),
          closes: count('closes'),
          transfers: count('transfers'),
          debts: count('debts'),
          live: count('live'),
          gaps: count('gaps'),
        };
      },
      async booked(id) {
        const [row] = await sql<{ total: bigint | null }[]>`
          select sum(case status when 'voided' then paid else amount end)::bigint as total
          from profit_share where subscriber_id = ${id}`;
        return row?.total ?? 0n;
      },
      async payments() {
        const [row] = await sql<{ payments: bigint; at_velocity: bigint; dead: bigint }[]>`
          select count(*) as payments, count(*) filter (where state = 'dead') as dead,
            count(*) filter (where state = 'landed' and mint = ${VELOCITY_PROFILE.quote.mint}) as at_velocity
          from payment`;
        const { payments = 0n, at_velocity = 0n, dead = 0n } = row ?? {};
        return {
          payments: Number(payments),
          atVelocity: Number(at_velocity),
          dead: Number(dead),
        };
      },
    };
  };
