// Translation: rewrites order records of an older build as the current build would have written
// them. Builds before 2025-06 leave out the part of a position that a fill closed (`existing_*`).
// It is computed from the position before the fill with the program's own arithmetic
// (controller/position.rs), and the replayed position must end where the program left the account.
import { Fault } from '../../core/fault.ts';
import { base58Text } from '../../core/ids.ts';
import { DRIFT_V2 } from '../../venue/drift-v2/venue.ts';
import type { OrderActionRecord } from '../../venue/records.ts';
import type { Account } from '../chain/account.ts';
import { decodeAccount, type Struct } from './layout.ts';
import { mapPayloads } from './log.ts';
import { type Change, type Direction, moved } from './positions.ts';

type Position = { base: bigint; entry: bigint };
/** Reads an account as it stood at one end of the transaction; null when it did not exist. */
export type Get = (address: string) => Account | null;

const NOTHING: Change = { existingEntry: null, existingBase: null };
const FLAT: Position = { base: 0n, entry: 0n };

function positionOf(account: Account | null, market: number): Position {
  if (account === null) return { ...FLAT };
  const found = (decodeAccount('User', account.data).perpPositions as Struct[]).find(
    (each) =>
      each.marketIndex === market &&
      (each.baseAssetAmount !== 0n || each.quoteAssetAmount !== 0n || each.openOrders !== 0),
  );
  return found === undefined
    ? { ...FLAT }
    : { base: found.baseAssetAmount, entry: found.quoteEntryAmount };
}

/** The Borsh encoding of an optional u64. */
function optional(value: bigint | null): Buffer {
  if (value === null) return Buffer.of(0);
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(1);
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

/** Replays the positions of the users in a transaction's fills, fill by fill. */
function createReplay(before: Get) {
  const positions = new Map<string, Position>();
  return {
    /** Applies one side of a fill, and returns the part of the position that it closed. */
    fill(user: string, market: number, direction: Direction, base: bigint, quote: bigint): Change {
      const name = `${user}/${market}`;
      const was = positions.get(name) ?? positionOf(before(user), market);
      const { position, change } = moved(was, direction, base, quote);
      positions.set(name, position);
      return change;
    },
    /** Throws when a position does not end where the program left it. */
    requireAgreement(after: Get): void {
      for (const [name, { base, entry }] of positions) {
        const [user = '', market = ''] = name.split('/');
        const left = positionOf(after(user), Number(market));
        if (left.base === base && left.entry === entry) continue;
        throw new Fault(
          'local_world_failed',
          `the replayed fills of ${name} end with base ${base} and entry ${entry}; the program left base ${left.base} and entry ${left.entry}`,
        );
      }
    },
  };
}

/** The fields that an older order record lacks, as bytes to append to it. */
function tailOf(record: OrderActionRecord, replay: ReturnType<typeof createReplay>): Buffer {
  const { baseAssetAmountFilled: base, quoteAssetAmountFilled: quote, marketIndex } = record;
  const filled = record.action === 'fill' && record.marketType === 'perp';
  const side = (key: string | null, direction: Direction | null): Change => {
    if (!filled || !base || quote === null || key === null || direction === null) return NOTHING;
    const user = base58Text(Buffer.from(key, 'latin1'));
    return replay.fill(user, marketIndex, direction, base, quote);
  };
  const taker = side(record.taker, record.takerOrderDirection);
  const maker = side(record.maker, record.makerOrderDirection);
  const [triggerPrice, builderIdx, builderFee] = [null, null, null];
  return Buffer.concat([
    record.bitFlags === undefined ? Buffer.of(0) : Buffer.alloc(0),
    ...[
      taker.existingEntry,
      taker.existingBase,
      maker.existingEntry,
      maker.existingBase,
      triggerPrice,
      builderIdx,
      builderFee,
    ].map(optional),
  ]);
}

/**
 * The log of a transaction as the current build would have written it. `before` and `after` read
 * the accounts at both ends; `after` is null when the transaction failed, and then nothing is
 * compared. Throws `local_world_failed` when the replay and the program disagree, so that a wrong
 * translation cannot pass for the program's own record.
 */
export function translateLogs(logs: readonly string[], before: Get, after: Get | null): string[] {
  const replay = createReplay(before);
  const lines = mapPayloads(logs, (payload) => {
    const record = DRIFT_V2.records.decodeEvent(payload);
    if (record?.event !== 'OrderActionRecord') return null;
    if (record.takerExistingQuoteEntryAmount !== undefined) return null;
    return Buffer.concat([payload, tailOf(record, replay)]);
  });
  if (after !== null) replay.requireAgreement(after);
  return lines;
}
