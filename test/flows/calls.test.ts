// Calls: the number of RPC calls of an ordinary payment, by the local chain's own log. Only the
// lane runs, because the calls of hearing are made without any payment as well. Time on its clock
// passes only while the lane waits, and then every block is final.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { budget, programsOf } from '../../src/chain/compile.ts';
import type { Address } from '../../src/core/ids.ts';
import { createBooks } from '../../src/flows/books-comparison.ts';
import { createOwnSignatures } from '../../src/flows/own-signatures.ts';
import { createSettle } from '../../src/flows/settle.ts';
import { payingOf } from '../../src/settings-rules.ts';
import { newId, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { loseAgentKeys } from '../support/damage.ts';
import { retryNow } from '../support/haste.ts';
import { LONG } from '../support/long.ts';
import { partsOf } from '../support/parts.ts';
import { debtsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const FINALITY_MS = 1_500;

/** In npm test the last one; in `npm run test:long` each. */
const GUARDS = [
  ['blockhash', null],
  ['nonce', Keypair.generate()],
] as const;
test.each(LONG ? GUARDS : GUARDS.slice(-1))(
  'an ordinary payment under a %s takes five RPC calls, confirmation included',
  async (replayGuard, sponsor) => {
    await using street = await openStreet(sponsor === null ? {} : { sponsor });
    const { driver, database, world } = street;
    if (sponsor !== null) street.sendSol(sponsor.publicKey, 1_000_000_000n);
    const creator = Keypair.generate().publicKey;
    driver.giveUsdc(creator, 1n);
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
    await street.subscribe('ana', trader, creator);
    let giveKeyBack = async (): Promise<void> => {};
    /** The daemon books a debt and does not pay it, because the agent's key is missing. */
    const owe = async (count: number): Promise<void> => {
      giveKeyBack = await loseAgentKeys(database);
      if (count > 1) await street.restart();
      profitableClose(driver, trader);
      await expect.poll(async () => (await street.shares('ana')).length).toBe(count);
    };
    const clock = createManualClock(systemClock.nowMs());
    await using parts = await partsOf(street, clock);
    const settle = createSettle(
      {
        ...parts,
        newId,
        books: createBooks({ ...parts, log: silentLog }),
        conformance: { objection: () => null },
        ownSignatures: createOwnSignatures(clock),
        budget,
        programsOf,
        clock,
        log: silentLog,
        onEnded: () => {},
      },
      { ...payingOf(street.settings), replayGuard, rebroadcastMs: 10_000, finalityMs: FINALITY_MS },
    );
    // As the subscriptions of a daemon would tell it.
    const off = world.cluster.on((event) => {
      if (event.kind !== 'block' || event.commitment !== 'confirmed') return;
      for (const address of settle.nonces.accounts()) {
        const account = world.cluster.account(address, 'confirmed');
        if (account !== null && event.changed.has(address))
          settle.nonces.heard(address, event.slot, { ...account, owner: account.owner as Address });
      }
    });
    const never = new AbortController().signal;
    /** The lane pays what is owed, with the daemon stopped. Returns its RPC calls. */
    const pay = async (): Promise<string[]> => {
      await street.stop();
      await giveKeyBack();
      await retryNow(database);
      const before = world.chain.calls.length;
      while ((await settle.run('ana', never)) !== null) {
        // The account subscription tells that the agent's accounts changed; it exists whether
        // something is paid or not.
        settle.heard('ana', null);
        world.cluster.advance(20);
        clock.advance(FINALITY_MS);
      }
      return world.chain.calls.slice(before);
    };
    await owe(1);
    const first = await pay();
    off();
    await owe(2);
    const ordinary = await pay();
    expect((await debtsIn(database)).map((each) => each.status)).toEqual(['paid', 'paid']);
    expect(ordinary).toEqual([
      'getMultipleAccounts',
      'simulateTransaction',
      'sendTransaction',
      // Without a second provider a final status is asked for twice.
      'getSignatureStatuses',
      'getSignatureStatuses',
    ]);
    if (sponsor !== null) {
      // Without the subscription the block of the last payment is read.
      await owe(3);
      expect(await pay()).toContain('getBlock');
      return;
    }
    // Each of these is asked once by a process; their answers come in any order.
    const once = [
      // Whether the node is of our chain: before anything, and after the books were read.
      'getGenesisHash',
      'getGenesisHash',
      // The books against the agent's history, from a node that has seen the tip.
      'getSlot',
      'getSignaturesForAddress',
      // The price of the day, the base fee and the rent of a token account.
      'getRecentPrioritizationFees',
      'getLatestBlockhash',
      'getFeeForMessage',
      'getMinimumBalanceForRentExemption',
      // The oracles of the markets.
      'getMultipleAccounts',
    ];
    expect([...first].sort()).toEqual([...ordinary, ...once].sort());
  },
);
