// Venue sabotage: faults of a daemon that serves two venues, put in on purpose.
import type { Address } from '../../src/core/ids.ts';
import type { StandingEvent } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { DRIFT, VELOCITY } from './chain/venues.ts';
import type { Deliberate } from './sabotage.ts';
import { PEOPLE } from './world.ts';

export const VENUE_SABOTAGES: Record<string, Deliberate> = {
  'paying a debt of Velocity in the token of Drift v2': {
    within: 30,
    known: 1,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        shares: {
          ...ledger.shares,
          async due(subscriberId) {
            const person = PEOPLE.find((each) => each.id === subscriberId);
            const driftUser = person?.users[0] ?? ('' as Address);
            const elsewhere = { venue: DRIFT.name, token: USDC, driftUser, subAccountId: 0 };
            const due = await ledger.shares.due(subscriberId);
            return due.map((each) =>
              each.venue === VELOCITY.name ? { ...each, ...elsewhere } : each,
            );
          },
        },
      }),
    },
  },
  'barring a runaway only for debts at Drift v2': {
    within: 100,
    known: 56,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        standings: {
          ...ledger.standings,
          update: (subscriberId, judge) =>
            ledger.standings.update(subscriberId, (history, quotes) => {
              const whole = judge(history, quotes);
              const isThere = (each: StandingEvent): boolean =>
                each.kind === 'left' || each.mint === DRIFT.mint;
              const { standing } = judge(history.filter(isThere), quotes);
              const { outstanding, owed } = whole;
              return standing === 'good' ? { standing, outstanding, owed } : whole;
            }),
        },
      }),
    },
  },
};
