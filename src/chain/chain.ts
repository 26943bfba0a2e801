// Chain: implements the `Chain` port over RPC. Each read names its commitment, `send` sends exactly
// the given bytes, and `look` asks with history, so that an absence can be relied on.
import type { Connection } from '@solana/web3.js';
import type { Chain } from '../core/chain-ports.ts';
import type { Commitment } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import { createShared } from '../core/gather.ts';
import type { Address, Slot } from '../core/ids.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { LookupTable } from '../core/signing-ports.ts';
import type { Tip } from '../core/tip.ts';
import type { Instruction } from '../core/transaction.ts';
import { proveAbsence, type Walk } from './absence.ts';
import { createAccountReads, readAccounts } from './account-reads.ts';
import { readBlockhashBefore } from './blocks.ts';
import { budget, programsOf } from './compile.ts';
import { type Remembered, walk } from './history.ts';
import { hasForgotten, isShownAgain, lookAt } from './look.ts';
import { encodeMessage, fitsPacket, type Message, unsigned } from './message.ts';
import { gatherDeathEvidence, type Witness } from './proof.ts';
import { askNode, countOf } from './question.ts';
import { asking } from './rpc.ts';
import type { Sender } from './sender.ts';
import { askLatest, type Rehearsal, simulate } from './simulation.ts';
import { createStatuses } from './statuses.ts';
import type { Tables } from './tables.ts';
import { readTransaction } from './transactions.ts';

const SIMULATION_UNITS = 1_400_000;
/**
 * Stands for the blockhash in a message that the node simulates with its own: 32 zero bytes, as the
 * address of the system program has them.
 */
const NO_BLOCKHASH: string = SYSTEM_PROGRAM;

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

/**
 * The bytes by which the price of a compute unit, which a simulation leaves out, makes a message
 * longer: an instruction with its program's index, two lengths and nine bytes of data.
 */
const PRICE_BYTES = 12;

/**
 * The message that simulates these instructions, with the lookup tables that a transaction of them
 * needs to fit one packet: none when it fits without them. Null when it does not fit with all.
 */
async function fitted(
  tables: Tables,
  feePayer: Address,
  instructions: readonly Instruction[],
): Promise<{ readonly message: Message; readonly used: readonly LookupTable[] } | null> {
  const limited = [...budget(SIMULATION_UNITS, 0n), ...instructions];
  const plain = encodeMessage(feePayer, limited, NO_BLOCKHASH);
  if (fitsPacket(plain, PRICE_BYTES)) return { message: plain, used: [] };
  const used = await tables.read();
  const message = encodeMessage(feePayer, limited, NO_BLOCKHASH, used);
  return fitsPacket(message, PRICE_BYTES) ? { message, used } : null;
}

export type ChainSources = {
  /** Answers every question except those for the proof of a death or an absence. */
  readonly connection: Connection;
  readonly witnesses: { readonly first: Witness; readonly second: Witness | null };
  readonly tip: Tip;
  /** See `Chain.witnessed`. */
  readonly witnessed: Chain['witnessed'];
  /** The number of rows of one history that are held in memory at once. */
  readonly historyRowsMost?: number;
  /** The nodes to which each transaction is sent; without any, it goes through `connection`. */
  readonly senders?: readonly Connection[];
  /** The endpoint that takes transactions with a tip; null or absent for none. */
  readonly sender?: Pick<Sender, 'send'> | null;
};

const HISTORY_ROWS_MOST = 20_000;

/**
 * Creates the chain. Every method may throw `rpc_unavailable`, `rpc_refused` or `chain_foreign`.
 */
export function createChain(
  {
    connection,
    witnesses,
    tip,
    witnessed,
    historyRowsMost = HISTORY_ROWS_MOST,
    senders: given = [],
    sender = null,
  }: ChainSources,
  tables: Tables,
): Chain {
  const senders = given.length === 0 ? [connection] : given;
  const checkSlot = (method: string, slot: Slot): Slot => possible(tip, method, slot);
  const askSlot = (commitment: Commitment) =>
    createShared(() =>
      asking('getSlot', async () =>
        countOf(await askNode(connection, 'getSlot', [{ commitment }]), 'the slot'),
      ),
    );
  const slots = { confirmed: askSlot('confirmed'), finalized: askSlot('finalized') };
  const rehearse = (given: Rehearsal, watched: readonly Address[]) =>
    simulate(connection, given, watched, checkSlot);
  const first = witnesses.first.connection;
  const second = witnesses.second?.connection ?? null;
  const providerOf = (each: Connection) => ({ connection: each, statusOf: createStatuses(each) });
  const sources = {
    ...providerOf(connection),
    first: providerOf(first),
    second: second && providerOf(second),
  };
  const remembered: Remembered = new Map();
  const bounds = { remembered, rowsMost: historyRowsMost };
  // A proof takes each provider's own history, without help of the other.
  const walkOf = (node: Connection, ...asked: Parameters<Chain['signatures']>) =>
    walk({ connection: node, second: null, ...bounds }, ...asked);
  const walkAlone: Walk = walkOf;
  return {
    async finalizedHeight() {
      const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
      possible(tip, 'getEpochInfo', epoch.absoluteSlot);
      return epoch.blockHeight ?? 0;
    },
    witnessed,
    recentBlockhash: () => askLatest(connection),
    blockhashBefore: (slot) => readBlockhashBefore(connection, slot),
    async slot(commitment) {
      return checkSlot('getSlot', await slots[commitment]());
    },
    transaction: (signature, commitment, seenSlot) =>
      readTransaction(connection, signature, commitment, seenSlot),
    isShownAgain: (transaction) => isShownAgain(sources, transaction),
    accounts: createAccountReads(connection, checkSlot),
    slices: (addresses, slice, commitment) =>
      readAccounts(connection, addresses, slice, commitment, checkSlot),
    signatures: (account, afterSlot, seenSlot, commitment) =>
      walk({ connection, first, second, ...bounds }, account, afterSlot, seenSlot, commitment),
    async signaturesAgain(account, signer, afterSlot, seenSlot) {
      const asked = [afterSlot, seenSlot, 'finalized'] as const;
      const mine = second !== null && !(await hasForgotten({ connection: second }, afterSlot + 1));
      if (mine) {
        const providers = [first, second];
        return Promise.all(providers.map((each) => walkOf(each, account, ...asked)));
      }
      const rows = await walk({ connection, first, second, ...bounds }, signer, ...asked);
      return [rows.filter(({ memo, goesOn }) => memo !== null || goesOn === true)];
    },
    async finalizedAbsence(signature, accounts, slot, seenSlot) {
      const providers = { first, second };
      const absent = await proveAbsence(providers, walkAlone, signature, accounts, slot, seenSlot);
      for (const each of [witnesses.first, witnesses.second])
        if (absent && each !== null && !(await each.ofOurChain()))
          throw new Fault(
            'chain_foreign',
            'absence: the node that was asked belongs to another chain',
          );
      return absent;
    },
    fits: async (feePayer, instructions) => (await fitted(tables, feePayer, instructions)) !== null,
    async simulate(feePayer, instructions, watched) {
      const found = await fitted(tables, feePayer, instructions);
      if (found === null)
        throw new Fault(
          'transaction_too_large',
          'The payment does not fit one transaction: the account uses more markets than can be named in it.',
        );
      const { message, used } = found;
      const rehearsal = { bytes: unsigned(message), programs: message.programs };
      return { ...(await rehearse(rehearsal, watched)), tables: used };
    },
    simulateBytes: async (bytes) => ({
      ...(await rehearse({ bytes, programs: programsOf(bytes) }, [])),
      tables: [],
    }),
    async send(bytes, tipped = false) {
      if (tipped) sender?.send(bytes);
      const params = [
        Buffer.from(bytes).toString('base64'),
        { encoding: 'base64', skipPreflight: true, maxRetries: 0 },
      ];
      const sends = senders.map((each) =>
        asking('sendTransaction', () => askNode(each, 'sendTransaction', params)),
      );
      // One node that took it is enough. The others are not waited for, because one may hang.
      await Promise.any(sends).catch((none: AggregateError) => {
        throw none.errors[0];
      });
    },
    async look(signature) {
      try {
        return await lookAt(sources, signature);
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
