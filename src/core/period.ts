// Period: the part of time to which a list or a sum is restricted.

/** A period of time, in milliseconds since 1970; `untilMs` is not part of it. */
export type Period = { readonly sinceMs?: number; readonly untilMs?: number };
