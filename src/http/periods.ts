// Periods: the query fields `since` and `until` of lists, and the period that they name.
import Type from 'typebox';
import { Fault } from '../core/fault.ts';
import type { Period } from '../core/period.ts';
import { instantOf } from '../core/time.ts';

const instant = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[0-9T:.Z+-]{10,35}$', description }));

/** The fields of a query that restrict a list to a period. */
export const PeriodFields = {
  since: instant(
    'From this time on: ISO 8601 with its zone, or a day, which begins at midnight UTC.',
  ),
  until: instant('Before this time.'),
};

function msOf(name: string, text: string): number {
  const ms = instantOf(text);
  if (ms === null)
    throw new Fault(
      'query_invalid',
      `${name} must be a day such as 2026-11-26, or an ISO 8601 time with its zone, and is ${text}.`,
    );
  return ms;
}

/** The period of a query. Throws `query_invalid` for a text that is no time. */
export const periodOf = ({
  since,
  until,
}: {
  readonly since?: string;
  readonly until?: string;
}): Period => ({
  ...(since === undefined ? {} : { sinceMs: msOf('since', since) }),
  ...(until === undefined ? {} : { untilMs: msOf('until', until) }),
});
