// Translation: the order records of an older build are filled in from the positions before the
// fill. Cutting the stand-in's records to the length of 2024 and translating them gives back what
// the stand-in wrote, byte by byte.
import { expect, test } from 'vitest';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { DRIFT } from '../../src/local/drift/addresses.ts';
import { translateLogs } from '../../src/local/drift/translation.ts';
import { createWorld } from '../../src/local/world.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from '../support/clock.ts';

const PAYLOAD = /^(Program (?:log|data): )([A-Za-z0-9+/]+=*)$/;

/** A line as the 2024 build wrote it: order records end after `oracle_price`. */
function cut(line: string): string {
  const [, head, text] = PAYLOAD.exec(line) ?? [];
  if (head === undefined || text === undefined) return line;
  const bytes = Buffer.from(text, 'base64');
  const event = DRIFT_V2.records.decodeEvent(bytes);
  if (event?.event !== 'OrderActionRecord') return line;
  const told = [
    event.takerExistingQuoteEntryAmount,
    event.takerExistingBaseAssetAmount,
    event.makerExistingQuoteEntryAmount,
    event.makerExistingBaseAssetAmount,
  ];
  const tail = 1 + told.reduce((sum, each) => sum + (each === null ? 1 : 9), 0) + 3;
  return `${head}${bytes.subarray(0, bytes.length - tail).toString('base64')}`;
}

function play(): Landed[] {
  const { driver, cluster } = createWorld({ programFile: null, clock: createManualClock() });
  const [ana, bo] = [1, 2].map(() => driver.createTrader({ deposit: 5_000_000_000n }));
  if (ana === undefined || bo === undefined) throw new Error('two traders');
  const order = (direction: 'long' | 'short', base: bigint) =>
    driver.instructions.trade(ana, {
      direction,
      base,
      market: 0,
      limit: direction === 'long' ? 10n ** 15n : 1n,
      reduceOnly: false,
      makers: [bo],
    });
  const rest = { direction: 'short' as const, base: 700_000_000n, market: 0, limit: 150_000_000n };
  const trade = (...given: Parameters<typeof order>[]) =>
    driver.send(
      given.map((each) => order(...each)),
      [driver.faucet, ana.agent],
    );
  driver.send([driver.instructions.rest(bo, rest)], [driver.faucet, bo.agent]);
  const landed = [
    // Against the maker and the AMM, then several in one transaction: reduce, flip twice, close.
    trade(['long', 1_330_000_000n]),
    trade(
      ['short', 170_000_000n],
      ['short', 2_030_000_000n],
      ['long', 3_110_000_000n],
      ['short', 2_240_000_000n],
    ),
  ];
  driver.movePrice(0, 151_370_000n);
  cluster.advance(1);
  return [...landed, driver.trade(bo, 'long', 900_000_000n)];
}

const before =
  ({ execution }: Landed) =>
  (address: string) =>
    execution.before.get(address) ?? null;

test('cut to the length of 2024 and translated, records read as they did', () => {
  for (const landed of play()) {
    const { logs } = landed.execution;
    const older = logs.map(cut);
    expect(older).not.toEqual(logs);
    expect(translateLogs(older, before(landed), null)).toEqual(logs);
  }
});

test('a translation that the program contradicts is refused', () => {
  const [, landed] = play();
  if (landed === undefined) throw new Error('a transaction');
  const older = landed.execution.logs.map(cut);
  // The accounts after the transaction are given as they were before it.
  expect(() => translateLogs(older, before(landed), before(landed))).toThrow(
    /the replayed fills of \w+\/0 end with base/,
  );
});

test('lines of other programs are left as they are, whatever they look like', () => {
  const [landed] = play();
  if (landed === undefined) throw new Error('a transaction');
  const forged = landed.execution.logs
    .map(cut)
    .map((line) =>
      line.replaceAll(DRIFT.toBase58(), 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'),
    );
  expect(translateLogs(forged, before(landed), null)).toEqual(forged);
});
