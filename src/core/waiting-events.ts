// Waiting events: the events that are written once for several debts, beside those of each debt:
// when debts begin to wait, and when the venue that they waited for is open again.
import type { EventOf } from './event.ts';
import type { Share } from './share.ts';
import type { Trouble } from './trouble.ts';

/**
 * The events, beside those of each debt, that are told once when debts of a subscriber begin to
 * rest. Call it only when the event of one of the debts is told. `venueAwaited` says that another
 * debt already waited for the venue.
 */
export function restingEvents(
  subscriberId: string,
  trouble: Trouble,
  venueAwaited: boolean,
): EventOf<'agent.needs_sol' | 'venue.paused'>[] {
  if (trouble.class === 'needs_sol')
    return [{ kind: 'agent.needs_sol', subscriberId, body: trouble }];
  return trouble.class === 'venue_paused' && !venueAwaited
    ? [{ kind: 'venue.paused', subscriberId: null, body: trouble }]
    : [];
}

/** The event of debts that were woken: the venue that some of them waited for is open again. */
export const resumedEvents = (woken: readonly Share[]): EventOf<'venue.resumed'>[] =>
  woken.some(({ reason }) => reason?.class === 'venue_paused')
    ? [{ kind: 'venue.resumed', subscriberId: null, body: { waiting: woken.length } }]
    : [];
