// Velocity ways: what tests of Velocity's outflows share: what is heard of a transaction with its
// log and with a log that was cut, and the second pool of markets that a transfer needs.
import { expect } from 'vitest';
import type { FactBody } from '../../src/core/fact.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { addresses } from '../../src/local/velocity/genesis.ts';
import { build, type Trader, userOf } from '../../src/local/velocity/instructions.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hear } from './hear.ts';
import { transactionOf } from './transaction.ts';
import type { Stage } from './velocity-scenarios.ts';
import { edit, key, meta, watchedOf } from './velocity-stage.ts';

export const u16 = (value: number): Buffer => Buffer.of(value & 255, value >> 8);
export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

/** The facts with the whole log, and with a log that ends before the first record. */
export function heardOf(
  landed: Landed,
  ...traders: readonly Trader[]
): Record<'whole' | 'cut', FactBody[]> {
  const transaction = transactionOf(landed);
  const of = (logs: readonly string[]) =>
    hear(VELOCITY, { ...transaction, logs }, watchedOf(...traders)).map(({ body }) => body);
  return {
    whole: of(transaction.logs),
    cut: of([...transaction.logs.slice(0, 1), 'Log truncated']),
  };
}
export const outflowsOf = (bodies: readonly FactBody[]) =>
  bodies.filter((each) => each.kind === 'outflow');
export const noticesOf = (bodies: readonly FactBody[]) =>
  bodies.flatMap((each) => (each.kind === 'notice' ? [each.what] : []));

/** The same outflow with either log, but for its value, which only a record tells. */
export function expectOutflow(
  landed: Landed,
  wanted: object,
  usd: bigint,
  ...traders: readonly Trader[]
) {
  const heard = heardOf(landed, ...traders);
  expect(outflowsOf(heard.whole)).toMatchObject([{ ...wanted, usd }]);
  expect(outflowsOf(heard.cut)).toMatchObject([{ ...wanted, usd: null }]);
}
/** A notice with either log, and no outflow. */
export function expectNotice(landed: Landed, what: string, ...traders: readonly Trader[]) {
  const { whole, cut } = heardOf(landed, ...traders);
  expect([noticesOf(whole), noticesOf(cut)]).toEqual([[what], [what]]);
  expect(outflowsOf(whole)).toEqual([]);
}
/** Sends as this trader; the faucet pays the fee. */
export const sendOf =
  ({ world }: Stage, by: Trader) =>
  (...given: Parameters<typeof world.send>[0]) =>
    world.send(given, [world.faucet, by.agent]);

/** Puts an account of the trader into a pool. */
export const poolOf = (trader: Trader, pool: number) =>
  build(
    'update_user_pool_id',
    [u16(trader.subAccountId), Buffer.of(pool)],
    [meta(userOf(trader), true), meta(trader.agent.publicKey, false, true)],
  );
/** An amount that is given, where the program takes an option. */
export const some = (amount: bigint): Buffer => Buffer.concat([Buffer.of(1), u64(amount)]);

/** Opens pool 1: markets 2 and 3 of the tokens of markets 0 and 1, with a vault for each. */
export function openPool({ world: { cluster, ...world } }: Stage): void {
  for (const [from, to] of [
    [0, 2],
    [1, 3],
  ] as const) {
    for (const of of [addresses.spotMarket, addresses.spotVault])
      cluster.put(of(to), cluster.bank.get(of(from)));
    edit({ ...world, cluster }, addresses.spotMarket(to), (data) => {
      key(addresses.spotMarket(to)).toBuffer().copy(data, 8);
      key(addresses.spotVault(to)).toBuffer().copy(data, 104);
      data.writeUInt16LE(to, 700);
      data.writeUInt8(1, 746);
    });
  }
  edit({ ...world, cluster }, addresses.state, (data) => data.writeUInt16LE(4, 1_360));
}
