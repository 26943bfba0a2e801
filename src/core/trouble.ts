// Trouble: why a debt cannot be paid now. The class decides what happens to the debt, the code is stable and public.
import type { Lamports } from './money.ts';

/**
 * What kind of trouble an error is, and so what happens to the debt.
 * `retry_soon`: it passes within seconds. `retry_when_healthier`: the account must recover first.
 * `venue_paused`, `venue_limited` (the venue gives nobody more for now), `needs_sol`,
 * `needs_authorisation`, `books_behind`: pauses, which use up no attempts. `accumulating`: the debt is
 * too small yet by its own terms. `unexpected`: an error that is in no table; it is tried again
 * UNEXPECTED_MOST times at growing intervals, then it parks the debt. `operator`, `permanent`: a person
 * must act, so the debt is parked at once.
 */
export const ERROR_CLASSES = [
  'retry_soon',
  'retry_when_healthier',
  'venue_paused',
  'venue_limited',
  'needs_sol',
  'needs_authorisation',
  'books_behind',
  'accumulating',
  'unexpected',
  'operator',
  'permanent',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** Why a payment did not come about: the class decides, the code is stable, the detail is for people. */
export type Trouble = {
  readonly class: ErrorClass;
  readonly code: string;
  readonly detail: string;
  /** With `needs_sol`: what the fee payer lacks. */
  readonly lamports?: Lamports;
};

/** Told of a payment that is ended before anything is signed, because a person or a clearance asks. */
export const PLANNED_ANEW: Trouble = {
  class: 'retry_soon',
  code: 'planned_anew',
  detail: 'The debt was asked for before anything was signed, so it is planned anew.',
};
