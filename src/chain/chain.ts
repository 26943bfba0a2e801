// Chain: implements the `Chain` port over RPC. Each read names its commitment, `send` sends exactly
// the given bytes, and `look` asks with history, so that an absence can be relied on.
import {
  type BlockhashWithExpiryBlockHeight,
  type Connection,
  PublicKey,
  VersionedTransaction,
} from '@solana/web3.js';
import type { Chain, Simulated, Slice } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { LookupTable } from '../core/signing-ports.ts';
import type { Tip } from '../core/tip.ts';
import type { Instruction } from '../core/transaction.ts';
import { proveAbsence, type Walk } from './absence.ts';
import { budget, compile, fitsPacket } from './compile.ts';
import { type Remembered, walk } from './history.ts';
import { lookAt } from './look.ts';
import { gatherDeathEvidence, type Witness } from './proof.ts';
import { asking } from './rpc.ts';
import { createStatuses } from './statuses.ts';
import type { Tables } from './tables.ts';
import { readTransaction } from './transactions.ts';

const SIMULATION_UNITS = 1_400_000;
const ACCOUNTS_MOST = 100;

/**
 * Returns the slot when the chain can have reached it by now. Otherwise throws `rpc_unavailable`:
 * an answer with an impossible slot counts as none.
 */
function possible(tip: Tip, method: string, slot: Slot): Slot {
  if (!tip.believes(slot))
    throw new Fault(
      'rpc_unavailable',
      `${method}: the node names slot ${slot}, which cannot be: the chain stood at ${tip.slot}`,
    );
  return slot;
}

async function readAccounts(
  connection: Connection,
  addresses: readonly Address[],
  slice: Slice | null,
  commitment: 'confirmed' | 'finalized',
  tip: Tip,
): ReturnType<Chain['slices']> {
  if (addresses.length > ACCOUNTS_MOST)
    throw new RangeError(`at most ${ACCOUNTS_MOST} accounts a read`);
  const found = await asking('getMultipleAccounts', () =>
    connection.getMultipleAccountsInfoAndContext(
      addresses.map((each) => new PublicKey(each)),
      { commitment, ...(slice === null ? {} : { dataSlice: slice }) },
    ),
  );
  return {
    slot: possible(tip, 'getMultipleAccounts', found.context.slot),
    accounts: found.value.map((each) =>
      each === null
        ? null
        : {
            lamports: BigInt(each.lamports),
            owner: each.owner.toBase58() as Address,
            data: new Uint8Array(each.data),
          },
    ),
  };
}

/** Simulates a transaction without signatures against the latest blockhash. */
async function runSimulation(
  connection: Connection,
  transaction: VersionedTransaction,
  watched: readonly Address[],
  tip: Tip,
): Promise<Simulated> {
  const { context, value } = await asking('simulateTransaction', () =>
    connection.simulateTransaction(transaction, {
      sigVerify: false,
      replaceRecentBlockhash: true,
      commitment: 'confirmed',
      ...(watched.length === 0
        ? {}
        : { accounts: { encoding: 'base64', addresses: [...watched] } }),
    }),
  );
  // The node returns the blockhash that it used. An older node does not, and is asked for its
  // latest.
  const replaced = (value as { replacementBlockhash?: BlockhashWithExpiryBlockHeight })
    .replacementBlockhash;
  const latest =
    replaced ??
    (await asking('getLatestBlockhash', () => connection.getLatestBlockhash('confirmed')));
  const { compiledInstructions, staticAccountKeys } = transaction.message;
  return {
    error: value.err,
    units: value.unitsConsumed ?? 0,
    logs: value.logs ?? [],
    programs: compiledInstructions.map(
      (each) => (staticAccountKeys[each.programIdIndex]?.toBase58() ?? '') as Address,
    ),
    accounts: (value.accounts ?? []).map((each) =>
      each === null
        ? null
        : {
            lamports: BigInt(each.lamports),
            owner: each.owner as Address,
            data: new Uint8Array(Buffer.from(each.data[0] ?? '', 'base64')),
          },
    ),
    tables: [],
    blockhash: latest.blockhash,
    lastValidBlockHeight: latest.lastValidBlockHeight,
    slot: possible(tip, 'simulateTransaction', context.slot),
  };
}

/**
 * The lookup tables that a transaction of these instructions needs to fit one packet: none when it
 * fits without them. Null when it does not fit with all of them.
 */
async function tablesFor(
  tables: Tables,
  feePayer: Address,
  instructions: readonly Instruction[],
): Promise<readonly LookupTable[] | null> {
  const whole = [...budget(SIMULATION_UNITS, 1n), ...instructions];
  const fits = (used: readonly LookupTable[]): boolean =>
    fitsPacket(compile(feePayer, whole, PublicKey.default.toBase58(), used));
  if (fits([])) return [];
  const all = await tables.read();
  return fits(all) ? all : null;
}

export type ChainSources = {
  /** Answers every question except those for evidence of a death. */
  readonly connection: Connection;
  readonly witnesses: { readonly first: Witness; readonly second: Witness | null };
  readonly tip: Tip;
  /** See `Chain.witnessed`. */
  readonly witnessed: Chain['witnessed'];
  /** The number of rows of one history that are held in memory at once. */
  readonly historyRowsMost?: number;
};

const HISTORY_ROWS_MOST = 20_000;

/**
 * Creates the chain. Every method may throw `rpc_unavailable`, `rpc_refused` or `chain_foreign`.
 */
export function createChain(
  { connection, witnesses, tip, witnessed, historyRowsMost = HISTORY_ROWS_MOST }: ChainSources,
  tables: Tables,
): Chain {
  const statusOf = createStatuses(connection);
  const second = witnesses.second?.connection ?? null;
  const remembered: Remembered = new Map();
  const bounds = { remembered, rowsMost: historyRowsMost };
  // A proof takes each provider's own history, without help of the other.
  const walkAlone: Walk = (node, ...asked) =>
    walk({ connection: node, second: null, ...bounds }, ...asked);
  return {
    async finalizedHeight() {
      const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
      possible(tip, 'getEpochInfo', epoch.absoluteSlot);
      return epoch.blockHeight ?? 0;
    },
    witnessed,
    async slot(commitment) {
      const slot = await asking('getSlot', () => connection.getSlot(commitment));
      return possible(tip, 'getSlot', slot);
    },
    transaction: (signature, commitment, seenSlot) =>
      readTransaction(connection, signature, commitment, seenSlot),
    accounts: (addresses) => readAccounts(connection, addresses, null, 'confirmed', tip),
    slices: (addresses, slice, commitment) =>
      readAccounts(connection, addresses, slice, commitment, tip),
    signatures: (account, afterSlot, seenSlot, commitment) =>
      walk({ connection, second, ...bounds }, account, afterSlot, seenSlot, commitment),
    async finalizedAbsence(signature, accounts, slot) {
      const sources = { first: witnesses.first.connection, second };
      const absent = await proveAbsence(sources, walkAlone, signature, accounts, slot);
      for (const each of [witnesses.first, witnesses.second])
        if (absent && each !== null && !(await each.ofOurChain()))
          throw new Fault(
            'chain_foreign',
            'absence: the node that was asked belongs to another chain',
          );
      return absent;
    },
    fits: async (feePayer, instructions) =>
      (await tablesFor(tables, feePayer, instructions)) !== null,
    async simulate(feePayer, instructions, watched) {
      const used = await tablesFor(tables, feePayer, instructions);
      if (used === null)
        throw new Fault(
          'transaction_too_large',
          'The payment does not fit one transaction: the account uses more markets than can be named in it.',
        );
      const limited = [...budget(SIMULATION_UNITS, 0n), ...instructions];
      const transaction = compile(feePayer, limited, PublicKey.default.toBase58(), used);
      return { ...(await runSimulation(connection, transaction, watched, tip)), tables: used };
    },
    simulateBytes: (bytes) =>
      runSimulation(connection, VersionedTransaction.deserialize(bytes), [], tip),
    async send(bytes) {
      await asking('sendTransaction', () =>
        connection.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 }),
      );
    },
    async look(signature) {
      try {
        return await lookAt(connection, statusOf, signature);
      } catch (thrown) {
        if (thrown instanceof Fault) return { seen: 'nothing', why: thrown.message };
        throw thrown;
      }
    },
    async deathEvidence(signed, account) {
      const evidence = await gatherDeathEvidence(witnesses, signed, account);
      possible(tip, 'getEpochInfo', evidence.finalizedSlot);
      return evidence;
    },
  };
}
