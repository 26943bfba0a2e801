// Listening: a ledger with subscribers, and a chain and venue of which a test says what each node
// answers: for the flows that read transactions, without a daemon around them.

import type { Chain, SignatureRow } from '../../src/core/chain-ports.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Ledger, Log } from '../../src/core/ports.ts';
import { USDC } from '../../src/core/token.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { type HeardAtVenue, type Venue, venuesOf } from '../../src/core/venue.ts';
import { createAside } from '../../src/flows/aside.ts';
import type { InspectOptions, InspectPorts } from '../../src/flows/inspect-ports.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createManualClock } from './clock.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { addressOf, closeFact, signatureOf } from './ledger.ts';
import { NOTHING_HELD, termsOf } from './terms.ts';

export const ACCOUNTS: Readonly<Record<string, Address>> = {
  ana: addressOf(103),
  bo: addressOf(203),
  eve: addressOf(303),
};
export const accountOf = (id: string): Address => ACCOUNTS[id] as Address;
export const OPTIONS: InspectOptions = { finalityMs: 1_000, readsAtOnce: 8 };

export async function register(ledger: Ledger, id: string): Promise<void> {
  const index = Object.keys(ACCOUNTS).indexOf(id);
  await ledger.subscribers.register({
    id,
    agentWallet: addressOf(100 * (index + 1) + 1),
    agentTokenAccount: addressOf(100 * (index + 1) + 2),
    driftAccounts: [{ address: accountOf(id), subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 1,
  });
  await ledger.subscriptions.put({
    id: `${id}-sub`,
    subscriberId: id,
    driftAccount: accountOf(id),
    terms: termsOf(1, addressOf(900), 1_000),
    held: NOTHING_HELD,
  });
}

/**
 * The node's answer: a transaction, null for none, or an error that it throws; by commitment where
 * it differs.
 */
export type Answer = 'whole' | null | Error | 'hangs';
export type Node = {
  tip: number;
  readonly answers: Map<Signature, (commitment: 'confirmed' | 'finalized') => Answer>;
  readonly closes: Map<
    Signature,
    { readonly id: string; readonly slot: number; readonly netPnl: bigint }
  >;
  readonly histories: Map<Address, readonly SignatureRow[] | Error>;
  /** The result of a proof of absence. */
  absence: () => boolean;
  readonly reads: Signature[];
};

export async function createListening(ids: readonly string[] = ['ana', 'bo']) {
  const database: TestDatabase = await createDatabase();
  const { sql } = database;
  const ledger = createLedger(sql);
  for (const id of ids) await register(ledger, id);
  const clock = createManualClock();
  const events: { event: string; fields: Record<string, unknown> }[] = [];
  const note = (event: string, fields: Record<string, unknown> = {}) =>
    void events.push({ event, fields });
  const log: Log = { debug: () => {}, info: note, warn: note, error: note };
  const node: Node = {
    tip: 1_000,
    answers: new Map(),
    closes: new Map(),
    histories: new Map(),
    absence: () => false,
    reads: [],
  };
  const transactionOf = (signature: Signature): ChainTransaction | null => {
    const close = node.closes.get(signature);
    if (close === undefined) return null;
    return {
      signature,
      slot: close.slot,
      blockIndex: 0,
      error: null,
      keys: [accountOf(close.id)],
      signers: [],
      fee: 0n,
      lamports: null,
      instructions: [],
      tokenBalances: [],
      logs: ['one', 'two'],
    };
  };
  const chain = {
    slot: async () => node.tip,
    async transaction(signature: Signature, commitment: 'confirmed' | 'finalized') {
      node.reads.push(signature);
      const answers = node.answers.get(signature);
      const answer = answers === undefined ? 'whole' : answers(commitment);
      if (answer instanceof Error) throw answer;
      if (answer === 'hangs') return new Promise<never>(() => {});
      return answer === null ? null : transactionOf(signature);
    },
    async signatures(account: Address) {
      const rows = node.histories.get(account) ?? [];
      if (rows instanceof Error) throw rows;
      return rows;
    },
    finalizedAbsence: async () => node.absence(),
    witnessed: <T>(read: () => Promise<T>) => read(),
  } as unknown as Chain;
  const venue = {
    name: 'drift-v2',
    programId: addressOf(0),
    quote: USDC,
    ofValue: () => true,
    isOwnAccount: () => false,
    isMadeFor: () => false,
    hear({ signature }: ChainTransaction, watched: ReadonlyMap<string, unknown>): HeardAtVenue {
      const swaps = new Map<string, never[]>();
      const moved: never[] = [];
      const close = node.closes.get(signature);
      if (close === undefined || !watched.has(accountOf(close.id)))
        return { facts: [], moved, swaps };
      const { id, slot, netPnl } = close;
      const fact = closeFact(1, netPnl, { slot, account: accountOf(id), subscriberId: id });
      const fillRecordId = BigInt([...node.closes.keys()].indexOf(signature) + 1);
      const body = { ...fact.body, fillRecordId };
      return { facts: [{ ...fact, signature, body }], moved, swaps };
    },
  } as unknown as Venue;
  const aside = createAside({ ledger, clock, log });
  const watched = await loadWatched(ledger.watchList);
  const ports: InspectPorts = {
    ledger,
    chain,
    venues: venuesOf([venue]),
    watched,
    aside,
    clock,
    log,
    adopt: async () => false,
    onFacts: () => {},
    onFinal: () => {},
    finalByMs: () => null,
    onRead: () => {},
  };
  let made = 0;
  return {
    ledger,
    sql,
    url: database.url,
    clock,
    events,
    node,
    ports,
    /** A close that happened on chain. */
    close(id: string, slot: number, netPnl = 1_000_000n): Signature {
      const signature = signatureOf(2_000 + ++made);
      node.closes.set(signature, { id, slot, netPnl });
      return signature;
    },
    told: (signature: Signature, id: string) =>
      ledger.sightings.note([{ signature, blockIndex: null, accounts: [accountOf(id)] }], {
        source: 'webhook',
        by: 'rumour',
        nowMs: clock.nowMs(),
      }),
    named: (signature: Signature, id: string, by: 'confirmed' | 'finalized', slot: number) =>
      ledger.sightings.note([{ signature, blockIndex: 0, accounts: [accountOf(id)], slot }], {
        source: by === 'finalized' ? 'backfill' : 'watch',
        by,
        nowMs: clock.nowMs(),
      }),
    async facts(): Promise<string[]> {
      const rows = await sql<{ subscriber_id: string; finality: string }[]>`
        select subscriber_id, finality from fact order by slot, subscriber_id`;
      return rows.map((row) => `${row.subscriber_id} ${row.finality}`);
    },
    /** A fault as RPC's own. */
    trouble: () => new Fault('rpc_unavailable', 'getTransaction: Internal error'),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
export type Listening = Awaited<ReturnType<typeof createListening>>;
