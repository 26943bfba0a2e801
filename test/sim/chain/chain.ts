// Chain: the simulated chain: blocks, block heights and slots that differ, blockhashes that expire,
// forks, and finality. It keeps enough of the past to answer like a node that is some blocks
// behind.
import { base58Text } from '../../../src/core/ids.ts';
import type { Random } from '../random.ts';
import type { Account, Store } from './account.ts';
import { createOverlay, type Execution, execute, notIncluded } from './bank.ts';
import type { SimTransaction } from './message.ts';
import { isUnderNonce, moveFailed, nonceUnder } from './nonces.ts';

export const FINAL_AFTER = 6;
/** Blocks for which a blockhash may be used, as on the real chain. */
export const BLOCKHASH_LIFE = 150;
const FIRST = { slot: 5_000, height: 3_000 };

export type Landed = {
  readonly slot: number;
  readonly index: number;
  readonly transaction: SimTransaction;
  readonly execution: Execution;
};
type Block = {
  readonly slot: number;
  readonly height: number;
  readonly hash: string;
  readonly executed: Landed[];
  /** The state of each account before this block. */
  readonly undo: Map<string, Account | null>;
};

export type SimChain = {
  readonly genesisHash: string;
  /** Whether nodes tell the index of a transaction in its block. */
  placesTold: boolean;
  readonly store: Store;
  /**
   * Index of the newest block, and of the newest final one; `lag` blocks earlier for a node that is
   * behind.
   */
  tip(lag?: number): number;
  root(lag?: number): number;
  block(index: number): { readonly slot: number; readonly height: number; readonly hash: string };
  /** An account as of a block. */
  accountAt(address: string, index: number): Account | null;
  /** Everything that was executed and not dropped, oldest first. */
  landed(): readonly Landed[];
  find(signature: string): Landed | null;
  isFinal(landed: Pick<Landed, 'slot'>): boolean;
  /** Executes an act of a person in the open block. */
  happen(transaction: SimTransaction): Landed | null;
  /** Bytes that reached a leader: executed now, or so many blocks later. */
  submit(transaction: SimTransaction, delayBlocks: number): void;
  /** The result of executing a transaction on the state after a block, without including it. */
  trial(
    transaction: SimTransaction,
    index: number,
  ): { error: unknown; logs: readonly string[]; store: Store };
  /** A node keeps these bytes, even if no leader gets them now. */
  heard(transaction: SimTransaction): void;
  /** Sends again what was once sent under a nonce, however old it is: bytes may be anywhere. */
  replay(chance: Random): void;
  /** Mines the first block that executes anything; called once the world is furnished. */
  open(): void;
  tick(): void;
  /**
   * Drops blocks that are not final. People's transactions in them usually happen again; a payment
   * may be included again, at once or later, because some leader still has its bytes. With a slot
   * the block in it is dropped, and payments are never included again.
   */
  fork(fromSlot?: number): void;
};

const hashOf = (chain: number, slot: number, turn: number): string => {
  const bytes = Buffer.alloc(32, 11 + chain);
  bytes.writeUInt32LE(slot, 0);
  bytes.writeUInt32LE(turn, 4);
  return base58Text(bytes);
};

export function createSimChain(random: Random, name = 0): SimChain {
  const accounts = new Map<string, Account>();
  const blocks: Block[] = [];
  const landed: Landed[] = [];
  const bySignature = new Map<string, Landed>();
  let slot = FIRST.slot;
  let turn = 0;
  let rooted = 0;
  /** Every transaction that could ever be executed under a nonce. */
  const underNonces = new Set<SimTransaction>();
  let delayed: { at: number; transaction: SimTransaction }[] = [];
  const last = (): Block => blocks.at(-1) as Block;
  const mine = (): void => {
    // Leaders that miss their turn leave slots without blocks.
    slot += random.chance(0.1) ? 2 : 1;
    blocks.push({
      slot,
      height: FIRST.height + blocks.length,
      hash: hashOf(name, slot, turn++),
      executed: [],
      undo: new Map(),
    });
  };
  const store: Store = {
    get: (address) => accounts.get(address) ?? null,
    set(address, account) {
      const { undo } = last();
      if (!undo.has(address)) undo.set(address, accounts.get(address) ?? null);
      if (account === null) accounts.delete(address);
      else accounts.set(address, account);
    },
  };
  /** The time of a block, and the blockhash of the one before it. */
  const clock = (block: { slot: number }, parent: { hash: string }) => ({
    slot: block.slot,
    unixTime: 1_800_000_000n + BigInt(block.slot),
    blockhash: parent.hash,
  });
  const include = (transaction: SimTransaction): Landed | null => {
    if (bySignature.has(transaction.signature)) return null;
    const known =
      transaction.blockhash === null ||
      blocks.slice(-BLOCKHASH_LIFE - 1).some(({ hash }) => hash === transaction.blockhash);
    const block = last();
    const parent = blocks.at(-2) ?? block;
    const under = known ? null : nonceUnder(store, transaction, parent.hash);
    if ((!known && under === null) || notIncluded(store, transaction) !== null) return null;
    const done: Landed = {
      slot: block.slot,
      index: block.executed.length,
      transaction,
      execution: execute(store, transaction, clock(block, parent)),
    };
    if (under !== null && done.execution.error !== null) moveFailed(store, under, parent.hash);
    block.executed.push(done);
    landed.push(done);
    bySignature.set(transaction.signature, done);
    return done;
  };
  const later = (transaction: SimTransaction, by: number): void =>
    void delayed.push({ at: last().height + by, transaction });
  // The first block is final and executes nothing: the accounts of the world stand in it.
  blocks.push({
    slot,
    height: FIRST.height,
    hash: hashOf(name, slot, 0x7fff_ffff),
    executed: [],
    undo: new Map(),
  });

  return {
    genesisHash: hashOf(name, 0, 0),
    placesTold: true,
    store,
    tip: (lag = 0) => Math.max(0, blocks.length - 1 - lag),
    root: (lag = 0) => Math.max(0, Math.min(rooted, blocks.length - 1 - FINAL_AFTER - lag)),
    block: (index) => blocks[index] as Block,
    accountAt(address, index) {
      for (let at = index + 1; at < blocks.length; at++) {
        const undo = blocks[at]?.undo;
        if (undo?.has(address)) return undo.get(address) ?? null;
      }
      return accounts.get(address) ?? null;
    },
    landed: () => landed,
    find: (signature) => bySignature.get(signature) ?? null,
    isFinal: (each) => each.slot <= (blocks[rooted]?.slot ?? 0),
    happen: include,
    submit(transaction, delayBlocks) {
      if (delayBlocks === 0) include(transaction);
      else later(transaction, delayBlocks);
    },
    trial(transaction, index) {
      const past = createOverlay({
        get: (address) => this.accountAt(address, index),
        set: () => {},
      });
      const refused = notIncluded(past, transaction);
      if (refused !== null) return { error: refused, logs: [], store: past };
      const block = blocks[index] as Block;
      const { error, logs } = execute(past, transaction, clock(block, block));
      return { error, logs, store: past };
    },
    heard(transaction) {
      if (isUnderNonce(transaction)) underNonces.add(transaction);
    },
    replay(chance) {
      const all = [...underNonces];
      if (all.length > 0) include(chance.pick(all));
    },
    open: mine,
    tick() {
      mine();
      rooted = Math.max(rooted, blocks.length - 1 - FINAL_AFTER);
      const due = delayed.filter((each) => each.at <= last().height);
      if (due.length === 0) return;
      delayed = delayed.filter((each) => each.at > last().height);
      for (const { transaction } of due) include(transaction);
    },
    fork(fromSlot) {
      const deepest = blocks.length - 1 - rooted;
      if (deepest < 1) return;
      const lost = blocks.filter(({ slot: at }) => at >= (fromSlot ?? Number.NaN)).length;
      const depth = fromSlot === undefined ? 1 + random.below(deepest) : Math.min(lost, deepest);
      const dropped: SimTransaction[] = [];
      for (let count = 0; count < depth; count++) {
        const block = blocks.pop() as Block;
        for (const [address, account] of block.undo) {
          if (account === null) accounts.delete(address);
          else accounts.set(address, account);
        }
        dropped.unshift(...block.executed.map((each) => each.transaction));
        for (const { transaction } of block.executed) bySignature.delete(transaction.signature);
        landed.length -= block.executed.length;
      }
      mine();
      for (const each of dropped) {
        const fate = random.next();
        if (fromSlot !== undefined && each.blockhash !== null) continue;
        if (fate < 0.55) include(each);
        else if (fate < 0.75 && each.blockhash !== null)
          later(each, 1 + random.below(BLOCKHASH_LIFE));
      }
    },
  };
}
