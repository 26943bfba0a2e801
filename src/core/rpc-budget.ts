// Rpc budget: how many sources of calls the daemon gives up so that the credits of a month last. A
// plan is spent evenly: the part of the month that has passed allows the same part of the credits,
// and a tenth of all credits may be spent ahead of that. Beyond a tenth one source is given up,
// beyond two tenths two, and so on; all of them once everything is spent. A source is taken again
// when half a tenth is regained, so that no source is given up and taken again all the time.

/** `null`: no bound. Credits of all daemons a month, and of this one a minute. */
export type RpcBudget = {
  readonly creditsAMonthMost: number | null;
  readonly creditsAMinuteMost: number | null;
  /** The day of the month, in UTC, on which the provider counts anew. */
  readonly monthBeginsOn: number;
};

/** A month of the plan: from its beginning up to the beginning of the next. Milliseconds. */
export type Month = {
  readonly beginMs: number;
  readonly endMs: number;
  /** The day of the beginning, as 2026-11-01. */
  readonly begins: string;
};

/** The part of the credits that may be spent ahead of time before a source is given up. */
const STEP = 0.1;
/** A source is taken again once the spending has fallen by this part of a step. */
const REGAINED = 0.5;
/** The part of `creditsAMinuteMost` below which a source is taken again. */
const CALM = 0.7;

/** The month of the plan that contains a time. `beginsOn` is at most 28, which every month has. */
export function monthAt(nowMs: number, beginsOn: number): Month {
  const now = new Date(nowMs);
  const isBefore = now.getUTCDate() < beginsOn ? 1 : 0;
  const first = (later: number): number =>
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - isBefore + later, beginsOn);
  const beginMs = first(0);
  return { beginMs, endMs: first(1), begins: new Date(beginMs).toISOString().slice(0, 10) };
}

/** The credits that may be spent up to a time of the month, when they are spent evenly. */
export function evenly(mostCredits: number, month: Month, nowMs: number): number {
  return (mostCredits * (nowMs - month.beginMs)) / (month.endMs - month.beginMs);
}

/**
 * The number of sources to give up for the month's sake, of which `before` are given up now and
 * `all` could be. `spent` are the credits of the month so far.
 */
export function givenUpForMonth(
  budget: RpcBudget,
  spent: number,
  nowMs: number,
  { before, all }: { readonly before: number; readonly all: number },
): number {
  const most = budget.creditsAMonthMost;
  if (most === null) return 0;
  if (spent >= most) return all;
  const month = monthAt(nowMs, budget.monthBeginsOn);
  const steps = (spent - evenly(most, month, nowMs)) / (most * STEP);
  const due = Math.max(0, Math.floor(steps));
  if (due >= before) return Math.min(all, due);
  return Math.min(before, Math.max(0, Math.floor(steps + REGAINED)), all);
}

/**
 * The number of sources to give up for the minute's sake. `minute` are the credits of the last
 * minute. One more than `before` when they are above the bound, one less below 70 % of it.
 */
export function givenUpForMinute(
  budget: RpcBudget,
  minute: number,
  { before, all }: { readonly before: number; readonly all: number },
): number {
  const most = budget.creditsAMinuteMost;
  if (most === null) return 0;
  if (minute > most) return Math.min(all, before + 1);
  return minute < most * CALM ? Math.max(0, before - 1) : before;
}
