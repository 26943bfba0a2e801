// Asker: the part of the daemon that puts a question to a node: the name of a loop, `payments` for
// the lanes, `nodes` for the checks of the nodes themselves, `other` for the API and the start.
// Meters count calls by it, and the budget says which part may be given up.
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();
const OTHER = 'other';

/** Runs a work whose questions to nodes count for `asker`, also after it has waited. */
export const askedBy = <T>(asker: string, work: () => T): T => current.run(asker, work);

/** The part that asks now. */
export const askerNow = (): string => current.getStore() ?? OTHER;

/**
 * A request with the askers of its questions, in order: questions of several parts share a batch. A
 * request without them counts for the part that sends it.
 */
export type AskedRequest = RequestInit & { readonly askers?: readonly string[] };

/** The asker of one question of a request. */
export const askerOf = (init: AskedRequest | undefined, index: number): string =>
  init?.askers?.[index] ?? askerNow();

/** The part that reads transactions which may be a runaway's withdrawal: its questions go first. */
export const AHEAD = 'ahead';

/** The askers of a request, each once. */
export const askersOf = (init: AskedRequest | undefined): ReadonlySet<string> =>
  new Set(init?.askers ?? [askerNow()]);
