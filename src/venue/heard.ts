// Heard: one transaction prepared for the collectors of this folder: its calls, the venue's events
// each with the call that wrote it, the watched accounts, and the function that puts a fact.
import type { FactBody } from '../core/fact.ts';
import type { Address } from '../core/ids.ts';
import { type TokenOwners, tokenOwners } from '../core/token-owners.ts';
import { type Call, type ChainTransaction, callsOf, ORDINALS_A_CALL } from '../core/transaction.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import type { Watched } from '../core/watch-ports.ts';
import type { Addresses } from './addresses.ts';
import { addressOf, type Key } from './codec.ts';
import type { Dialect } from './dialect.ts';
import { readLogs } from './logs.ts';
import type { CallPlaces } from './profile.ts';
import type { VenueEvent } from './records.ts';

/** The part of a dialect that reading a transaction needs. */
export type Hearing = Pick<Dialect, 'profile' | 'records'> & {
  readonly addresses: Pick<Addresses, 'user' | 'isOwnUser' | 'isOwnAccount' | 'walletAccounts'>;
};

export type VenueCall = Call & {
  /**
   * The profile's entry for this instruction; null when the instruction itself moves neither value
   * nor control (orders, settlements, keepers' work).
   */
  readonly known: CallPlaces | null;
};
export type HeardEvent = {
  readonly event: VenueEvent;
  readonly call: VenueCall | null;
  readonly ordinal: number;
};
export type Heard = {
  readonly dialect: Hearing;
  readonly transaction: ChainTransaction;
  readonly calls: readonly Call[];
  readonly venueCalls: readonly VenueCall[];
  /** The owners of its token accounts at each moment of the transaction. */
  readonly owners: TokenOwners;
  /** Null when the log was cut; only instructions and balances can be used then. */
  readonly events: readonly HeardEvent[] | null;
  readonly watched: ReadonlyMap<string, Watched>;
  /** The watched Drift account whose address a record's key is. */
  userOf(key: Key | null): Watched | undefined;
  /**
   * The watched Drift accounts among the accounts of a call, or of the whole transaction when
   * `call` is null.
   */
  givenTo(call: VenueCall | null): Watched[];
  put(subscriberId: string, account: Address, ordinal: number, body: FactBody): void;
};

/** Native programs whose instructions leave no line in the log. */
const SILENT = new Set([
  'Ed25519SigVerify111111111111111111111111111',
  'KeccakSecp256k11111111111111111111111111111',
  'Secp256r1SigVerify1111111111111111111111111',
]);

/** The first eight bytes of an instruction's data, in hex. */
export const discriminatorOf = (data: Uint8Array): string =>
  Buffer.from(data.subarray(0, 8)).toString('hex');

/** Reads the calls and events of one venue in a transaction. */
export function readHeard(
  dialect: Hearing,
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
  put: Heard['put'],
): Heard {
  const { programId, calls: places, name } = dialect.profile;
  /** Whether an account is one at this venue. */
  const isOwn = (account: Watched | undefined): account is Watched =>
    account?.role === 'drift_user' && (account.venue ?? DEFAULT_VENUE) === name;
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
    // Ordinals within a call: the facts of the call itself come first, then four ordinals for each
    // of its events, for up to four facts of one account.
    return { event, call: from, ordinal: place * ORDINALS_A_CALL + 4 * (nth + 1) };
  });
  return {
    dialect,
    transaction,
    calls,
    venueCalls,
    owners: tokenOwners(transaction),
    events: events ?? null,
    watched,
    userOf(key) {
      if (key === null) return undefined;
      const found = watched.get(addressOf(key));
      return isOwn(found) ? found : undefined;
    },
    givenTo(call) {
      const accounts = new Set<string>(call?.accounts ?? transaction.keys);
      return [...accounts].flatMap((address) => {
        const found = watched.get(address);
        return isOwn(found) ? [found] : [];
      });
    },
    put,
  };
}
