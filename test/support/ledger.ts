// Ledger: a subscriber with a subscription in a fresh database, and closes as facts.

import type { Close, Fact } from '../../src/core/fact.ts';
import { type Address, base58Text, type Signature } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { requireDescribedEvents } from './described-events.ts';
import { NOTHING_HELD, termsOf } from './terms.ts';

/** A distinct address or signature for every number. */
export const addressOf = (n: number): Address =>
  base58Text(
    new Uint8Array(32)
      .fill(7)
      .with(0, n % 251)
      .with(1, n >> 8),
  ) as Address;
export const signatureOf = (n: number): Signature =>
  base58Text(
    new Uint8Array(64)
      .fill(9)
      .with(0, n % 251)
      .with(1, n >> 8),
  ) as Signature;

export const CREATOR = addressOf(900);
export type TestLedger = AsyncDisposable & {
  readonly ledger: Ledger;
  readonly sql: TestDatabase['sql'];
  readonly url: string;
  readonly driftAccount: Address;
};

export async function createTestLedger(id = 'ana'): Promise<TestLedger> {
  const database = await createDatabase();
  const ledger = createLedger(database.sql);
  const driftAccount = addressOf(3);
  await ledger.subscribers.register({
    id,
    agentWallet: addressOf(1),
    agentTokenAccount: addressOf(2),
    driftAccounts: [{ address: driftAccount, subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 1,
  });
  await ledger.subscriptions.put({
    id: `${id}-sub`,
    subscriberId: id,
    driftAccount,
    terms: termsOf(1, CREATOR, 1_000),
    held: NOTHING_HELD,
  });
  return {
    ledger,
    sql: database.sql,
    url: database.url,
    driftAccount,
    async [Symbol.asyncDispose]() {
      await using _ = database;
      await requireDescribedEvents(database.sql);
    },
  };
}

export function closeFact(
  n: number,
  netPnl: bigint,
  given: { slot?: number; account: Address; subscriberId?: string },
): Fact & { body: Close } {
  return {
    subscriberId: given.subscriberId ?? 'ana',
    account: given.account,
    signature: signatureOf(n),
    position: { slot: given.slot ?? 10 + n, blockIndex: 0, ordinal: 0 },
    body: {
      kind: 'close',
      market: 0,
      side: 'taker',
      position: 'long',
      cause: 'trade',
      baseFilled: 1n,
      baseClosed: 1n,
      proceeds: netPnl,
      entry: 0n,
      grossPnl: netPnl,
      fee: 0n,
      netPnl,
      fillRecordId: BigInt(n),
      oraclePrice: 1n,
      counterparty: null,
    },
  };
}

/** Records a fact as read at a finality. */
export async function recordFact(
  ledger: Ledger,
  fact: Fact,
  finality: 'confirmed' | 'finalized',
): Promise<string[]> {
  const rumour = { signature: fact.signature, blockIndex: 0, accounts: [fact.account] };
  await ledger.sightings.note([rumour], { source: 'replay', by: 'confirmed', nowMs: 0 });
  const { changed } = await ledger.sightings.record({
    signature: fact.signature,
    slot: fact.position.slot,
    finality,
    facts: [fact],
    dueMs: 0,
    nowMs: 0,
  });
  return [...changed];
}
