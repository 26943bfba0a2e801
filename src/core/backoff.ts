// Backoff: how long to wait before trying again. Pure: chance comes in as an argument.

export type BackoffRule = { readonly firstMs: number; readonly mostMs: number };

/** Full-jitter exponential delay in milliseconds for the nth attempt (from 1). `random` is in [0, 1). */
export function delayMs(rule: BackoffRule, attempt: number, random: number): number {
  const ceiling = Math.min(rule.mostMs, rule.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
