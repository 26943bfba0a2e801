// Calls: how many RPC calls an ordinary payment takes, by the local chain's own log. Only the lane
// runs: what hearing asks for would be asked without any payment as well.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { budget } from '../../src/chain/compile.ts';
import { createBooks } from '../../src/flows/books.ts';
import { createSettle } from '../../src/flows/settle.ts';
import { openParts, payingOf } from '../../src/parts.ts';
import { newId, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('an ordinary payment takes four RPC calls, confirmation included', async () => {
  await using street = await openStreet();
  const { driver, database, world } = street;
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  const [sealed] = await database.sql`select * from agent_key`;
  await database.sql`delete from agent_key`;
  /** A debt that is booked, and nobody to pay it. */
  const owe = async (count: number): Promise<void> => {
    profitableClose(driver, trader);
    await expect
      .poll(async () => (await street.shares('ana')).length, { timeout: 20_000 })
      .toBe(count);
  };
  const parts = await openParts(street.settings, systemClock, silentLog);
  // Fees are asked for every ten seconds, however many payments there are; here, once.
  const price = await parts.fees.microLamports();
  const settle = createSettle(
    {
      ...parts,
      fees: { ...parts.fees, microLamports: async () => price },
      newId,
      books: createBooks({ ...parts, log: silentLog }),
      conformance: { objection: () => null },
      budget,
      clock: systemClock,
      log: silentLog,
      onEnded: async () => {},
    },
    // A slot takes 20 ms here, and a block is final after eight.
    { ...payingOf(street.settings), rebroadcastMs: 10_000, finalityMs: 1_500 },
  );
  const never = new AbortController().signal;
  const pay = async (): Promise<string[]> => {
    await street.stop();
    await database.sql`insert into agent_key ${database.sql({ ...sealed })}`;
    await database.sql`update profit_share set retry_at = null where status = 'pending'`;
    const before = world.chain.calls.length;
    // The account subscription tells that the agent's accounts changed; it is there whether
    // something is paid or not.
    const off = world.cluster.on((event) => {
      const told = event.kind === 'block' && event.commitment === 'confirmed';
      if (told && event.changed.has(trader.agent.publicKey.toBase58())) settle.heard('ana', null);
    });
    for (;;) {
      const waitMs = await settle.run('ana', never);
      if (waitMs === null) break;
      await systemClock.sleep(waitMs, never);
    }
    off();
    const calls = world.chain.calls.slice(before);
    await database.sql`delete from agent_key`;
    await street.restart();
    return calls;
  };
  await owe(1);
  const first = await pay();
  await owe(2);
  const ordinary = await pay();
  expect((await street.shares('ana')).map((each) => each.status)).toEqual(['paid', 'paid']);
  // Which chain the node is on is asked every ten seconds, however many payments there are; here,
  // once at most.
  const hash = (each: string): boolean => each === 'getGenesisHash';
  expect(ordinary.filter(hash).length).toBeLessThanOrEqual(1);
  expect(ordinary.filter((each) => !hash(each))).toEqual([
    'getMultipleAccounts',
    'simulateTransaction',
    'sendTransaction',
    'getSignatureStatuses',
  ]);
  // Once a process: books against the chain, base fee, rent, and the oracles of the markets.
  expect(first.length).toBeLessThanOrEqual(10);
  await parts.sql.end();
}, 60_000);
