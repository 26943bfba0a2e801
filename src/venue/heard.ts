// Heard: one transaction as the collectors of this floor look at it: its calls, the venue's events
// with the call each came from, who is watched, and where a fact is put.
import type { FactBody } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { Address } from '../core/ids.ts';
import { type Call, type ChainTransaction, callsOf, ORDINALS_A_CALL } from '../core/transaction.ts';
import { addressOf, type Key } from './codec.ts';
import type { Dialect } from './dialect.ts';
import { readLogs } from './logs.ts';
import type { CallPlaces } from './profile.ts';
import type { VenueEvent } from './records.ts';

export type VenueCall = Call & {
  /**
   * Null for an instruction that moves neither value nor control by itself: orders, settlements,
   * keepers' work.
   */
  readonly known: CallPlaces | null;
};
export type HeardEvent = {
  readonly event: VenueEvent;
  readonly call: VenueCall | null;
  readonly ordinal: number;
};
export type Heard = {
  readonly dialect: Dialect;
  readonly transaction: ChainTransaction;
  readonly calls: readonly Call[];
  readonly venueCalls: readonly VenueCall[];
  /** Null when the log was cut: then only instructions and balances tell. */
  readonly events: readonly HeardEvent[] | null;
  readonly watched: ReadonlyMap<string, Watched>;
  /** The watched Drift account that a key of a record names. */
  userOf(key: Key | null): Watched | undefined;
  /**
   * Every watched Drift account that a call was given; with null, that any call of the transaction
   * was.
   */
  givenTo(call: VenueCall | null): Watched[];
  put(subscriberId: string, account: Address, ordinal: number, body: FactBody): void;
};

/** Programs whose instructions the runtime does not log. */
const SILENT = new Set([
  'Ed25519SigVerify111111111111111111111111111',
  'KeccakSecp256k11111111111111111111111111111',
  'Secp256r1SigVerify1111111111111111111111111',
]);

export const discriminatorOf = (data: Uint8Array): string =>
  Buffer.from(data.subarray(0, 8)).toString('hex');

/** Reads the calls and events that one venue has in a transaction. */
export function readHeard(
  dialect: Dialect,
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
  put: Heard['put'],
): Heard {
  const { programId, calls: places } = dialect.profile;
  const calls = callsOf(transaction);
  const venueCalls = calls
    .filter((call) => call.program === programId)
    .map((call): VenueCall => ({ ...call, known: places[discriminatorOf(call.data)] ?? null }));
  const byPlace = new Map(venueCalls.map((call) => [`${call.top}/${call.inner}`, call]));
  const logging = transaction.instructions.flatMap((each, index) =>
    SILENT.has(each.program) ? [] : [index],
  );
  const logged = readLogs(dialect.records, transaction.logs, programId);
  const counts = new Map<number, number>();
  const events = logged?.map(({ event, instruction, call }): HeardEvent => {
    const from = byPlace.get(`${logging[instruction]}/${call}`) ?? null;
    const place = from?.place ?? 0;
    const nth = counts.get(place) ?? 0;
    counts.set(place, nth + 1);
    // Each event has room for four facts of one account; a call's own facts come before its
    // events'.
    return { event, call: from, ordinal: place * ORDINALS_A_CALL + 4 * (nth + 1) };
  });
  return {
    dialect,
    transaction,
    calls,
    venueCalls,
    events: events ?? null,
    watched,
    userOf(key) {
      if (key === null) return undefined;
      const found = watched.get(addressOf(key));
      return found?.role === 'drift_user' ? found : undefined;
    },
    givenTo(call) {
      const accounts = new Set<string>(call?.accounts ?? transaction.keys);
      return [...accounts].flatMap((address) => {
        const found = watched.get(address);
        return found?.role === 'drift_user' ? [found] : [];
      });
    },
    put,
  };
}
