// Outcomes: the ways in which API requests and RPC calls end, as metrics count them.

/** How a request to the API ended. `aborted`: the client did not wait for the answer. */
export const REQUEST_OUTCOMES = ['2xx', '3xx', '4xx', '5xx', 'aborted'] as const;

/**
 * How a call of an RPC node ended. `answered`: with a result. `refused`: with a JSON-RPC error.
 * `limited`: with HTTP 429. `failed`: with another HTTP status, or not at all. `given_up`: another
 * node was asked as well, and answered first.
 */
export const RPC_OUTCOMES = ['answered', 'refused', 'limited', 'failed', 'given_up'] as const;
export type RpcOutcome = (typeof RPC_OUTCOMES)[number];
