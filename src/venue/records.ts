// Records: decodes the events of a venue by the tables of its profile. Records of other kinds are
// skipped undecoded. A record that does not fit its table exactly is returned as `Spoiled`, without
// figures.
import { createHash } from 'node:crypto';
import { compileReader, type Layout, type RecordOf, type Spoiled } from './codec.ts';
import type { RECORDS as DRIFT } from './drift-v2/records.ts';
import type { LiquidationFee, RecordTables } from './profile.ts';

type Of<Name extends keyof RecordTables> = { readonly event: Name } & RecordOf<
  (typeof DRIFT)[Name]
>;
export type DepositRecord = Of<'DepositRecord'>;
export type OrderActionRecord = Of<'OrderActionRecord'>;
export type FundingPaymentRecord = Of<'FundingPaymentRecord'>;
export type SwapRecord = Of<'SwapRecord'>;
export type LPRecord = Of<'LPRecord'>;
export type SettlePnlRecord = Of<'SettlePnlRecord'>;
/** The perp part of a liquidation: the fields that every venue writes, and the fees. */
type LiquidatedPerp = Omit<
  RecordOf<(typeof DRIFT)['LiquidationRecord']>['liquidatePerp'],
  LiquidationFee | 'lpShares'
> &
  Partial<Record<LiquidationFee, bigint>>;
export type LiquidationRecord = Omit<Of<'LiquidationRecord'>, 'liquidatePerp'> & {
  readonly liquidatePerp: LiquidatedPerp;
};
/** A decoded record, or `Spoiled` for a record that does not fit its table. */
export type VenueEvent =
  | DepositRecord
  | OrderActionRecord
  | FundingPaymentRecord
  | LiquidationRecord
  | SwapRecord
  | LPRecord
  | SettlePnlRecord
  | Spoiled;

export type RecordReaders = {
  /** Whether base64 text can be the beginning of a record of the profile. Decodes nothing. */
  mayBeRecord(line: string, from: number): boolean;
  /** Decodes one payload. Null when it is no record of the profile. */
  decodeEvent(payload: Uint8Array): VenueEvent | null;
  /**
   * Decodes the record in the first `end` bytes of a buffer. Null when it is no record of the
   * profile.
   */
  decodeIn(bytes: Buffer, view: DataView, end: number): VenueEvent | null;
};

type AnyReader = (bytes: Buffer, view: DataView, end: number) => VenueEvent;

/** The discriminator of an event: the first eight bytes of SHA-256 of `event:Name`. */
const eventDiscriminator = (name: string): Buffer =>
  createHash('sha256').update(`event:${name}`).digest().subarray(0, 8);

/** Four characters as one number. */
const four = (text: string, from: number): number =>
  (text.charCodeAt(from) << 24) |
  (text.charCodeAt(from + 1) << 16) |
  (text.charCodeAt(from + 2) << 8) |
  text.charCodeAt(from + 3);

/** Compiles the record readers of a venue. */
export function createRecordReaders(tables: RecordTables): RecordReaders {
  const layouts: Readonly<Record<string, Layout>> = tables;
  const names = Object.keys(layouts);
  const byDiscriminator = new Map<bigint, AnyReader>(
    Object.entries(layouts).map(([name, layout]) => [
      eventDiscriminator(name).readBigUInt64LE(),
      compileReader(name, layout) as unknown as AnyReader,
    ]),
  );
  /**
   * How the base64 text of each record begins: four characters, which hold its first three bytes.
   */
  const beginnings = new Set(
    names.map((name) => four(eventDiscriminator(name).toString('base64'), 0)),
  );
  const decodeIn = (bytes: Buffer, view: DataView, end: number): VenueEvent | null =>
    end < 8 ? null : (byDiscriminator.get(view.getBigUint64(0, true))?.(bytes, view, end) ?? null);
  return {
    mayBeRecord: (line, from) => beginnings.has(four(line, from)),
    decodeIn,
    decodeEvent(payload) {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      return decodeIn(bytes, view, payload.length);
    },
  };
}
