// Chain: Solana as the flows see it. Reads at an explicit commitment, sends exactly the bytes it is given, and looks
// a signature up with history, so that absence means what it says.
import {
  type BlockhashWithExpiryBlockHeight,
  type Connection,
  PublicKey,
  VersionedTransaction,
} from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Chain, LookupTable, SignatureRow, Simulated, Slice } from '../core/outside.ts';
import type { Look } from '../core/payment.ts';
import type { Instruction } from '../core/transaction.ts';
import { proveAbsence } from './absence.ts';
import { budget, compile, fitsPacket, programsOf } from './compile.ts';
import { gatherDeathEvidence } from './proof.ts';
import { asking } from './rpc.ts';
import type { Tables } from './tables.ts';
import {
  derivedAddress,
  inspectTokens,
  isOnCurve,
  passingAccount,
  readTokenAccount,
  tokenAccount,
  transferInstructions,
} from './tokens.ts';
import { readTransaction } from './transactions.ts';

const SIMULATION_UNITS = 1_400_000;
const PAGE = 1_000;
const ACCOUNTS_MOST = 100;

async function lookAt(connection: Connection, signature: Signature): Promise<Look> {
  const ask = () =>
    asking('getSignatureStatuses', () =>
      connection.getSignatureStatuses([signature], { searchTransactionHistory: true }),
    );
  let status = (await ask()).value[0];
  if (!status) {
    // Absence says something about the time up to a height only when it is asked for after that height was read.
    const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
    const again = await ask();
    status = again.value[0];
    if (!status && again.context.slot < epoch.absoluteSlot)
      return { seen: 'nothing', why: 'the node is behind' };
    if (!status) return { seen: 'absent', finalizedBlockHeight: epoch.blockHeight ?? 0 };
  }
  return {
    seen: 'executed',
    finality: status.confirmationStatus ?? 'processed',
    slot: status.slot,
    error: status.err,
  };
}

/** Walks an account's history from newest to oldest until below a slot, and returns it oldest first. */
async function walk(
  connection: Connection,
  account: Address,
  afterSlot: number,
  seenSlot: number,
  commitment: 'confirmed' | 'finalized',
): Promise<SignatureRow[]> {
  const rows: SignatureRow[] = [];
  let before: string | undefined;
  for (;;) {
    const page = await asking('getSignaturesForAddress', () =>
      connection.getSignaturesForAddress(
        new PublicKey(account),
        { limit: PAGE, minContextSlot: seenSlot, ...(before === undefined ? {} : { before }) },
        commitment,
      ),
    );
    for (const row of page) {
      if (row.slot <= afterSlot) return rows.reverse();
      const index = (row as { transactionIndex?: unknown }).transactionIndex;
      rows.push({
        signature: row.signature as Signature,
        slot: row.slot,
        memo: row.memo,
        blockIndex: typeof index === 'number' ? index : null,
        failed: row.err !== null,
      });
    }
    if (page.length < PAGE) return rows.reverse();
    before = page.at(-1)?.signature;
  }
}

async function readAccounts(
  connection: Connection,
  addresses: readonly Address[],
  slice: Slice | null,
  commitment: 'confirmed' | 'finalized',
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
    slot: found.context.slot,
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

/** Runs a transaction without signatures against the latest blockhash. */
async function runSimulation(
  connection: Connection,
  transaction: VersionedTransaction,
  watched: readonly Address[],
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
  // The node says which blockhash it put in; an older one that does not is asked for its latest.
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
    slot: context.slot,
  };
}

/**
 * The tables that a transaction of these instructions needs to fit one packet: none where it fits without.
 * Null when it does not fit with all of them.
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

export function createChain(
  connections: { first: Connection; second: Connection | null },
  tables: Tables,
): Chain {
  const { first: connection } = connections;
  return {
    tokenAccount,
    isOnCurve,
    derivedAddress,
    passingAccount,
    readTokenAccount,
    transferInstructions,
    actsOf: ({ instructions }) =>
      instructions.map(({ program, accounts, data }) =>
        inspectTokens({
          program,
          data,
          accounts: accounts.map((address) => ({ address, isSigner: false, isWritable: false })),
        }),
      ),
    async finalizedHeight() {
      const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
      return epoch.blockHeight ?? 0;
    },
    slot: (commitment) => asking('getSlot', () => connection.getSlot(commitment)),
    transaction: (signature, commitment) => readTransaction(connection, signature, commitment),
    accounts: (addresses) => readAccounts(connection, addresses, null, 'confirmed'),
    slices: (addresses, slice, commitment) =>
      readAccounts(connection, addresses, slice, commitment),
    signatures: (account, afterSlot, seenSlot, commitment) =>
      walk(connection, account, afterSlot, seenSlot, commitment),
    finalizedAbsence: (signature, accounts, slot) =>
      proveAbsence(connections, walk, signature, accounts, slot),
    fits: async (feePayer, instructions) =>
      (await tablesFor(tables, feePayer, instructions)) !== null,
    programsOf,
    async simulate(feePayer, instructions, watched) {
      const used = await tablesFor(tables, feePayer, instructions);
      if (used === null)
        throw new Fault(
          'transaction_too_large',
          'The payment does not fit one transaction: the account uses more markets than can be named in it.',
        );
      const limited = [...budget(SIMULATION_UNITS, 0n), ...instructions];
      const transaction = compile(feePayer, limited, PublicKey.default.toBase58(), used);
      return { ...(await runSimulation(connection, transaction, watched)), tables: used };
    },
    simulateBytes: (bytes) =>
      runSimulation(connection, VersionedTransaction.deserialize(bytes), []),
    async send(bytes) {
      await asking('sendTransaction', () =>
        connection.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 }),
      );
    },
    async look(signature) {
      try {
        return await lookAt(connection, signature);
      } catch (thrown) {
        if (thrown instanceof Fault) return { seen: 'nothing', why: thrown.message };
        throw thrown;
      }
    },
    deathEvidence: (signed, account, memo) =>
      gatherDeathEvidence(connections, signed, account, memo),
  };
}
