// Cluster: slots, blocks, blockhashes and commitments over the bank. A block is `processed` while
// it is open, and `confirmed` and `finalized` some blocks later. Until it is final, a block can be
// forked off: the accounts go back to their earlier state, and its transactions were never
// executed.
import { randomBytes } from 'node:crypto';
import type { VersionedTransaction } from '@solana/web3.js';
import { base58Text } from '../../core/ids.ts';
import type { Account } from './account.ts';
import type { Bank } from './bank.ts';
import type { Execution } from './execution.ts';
import { moveNonces, nonceUnder } from './nonce.ts';

export type Commitment = 'processed' | 'confirmed' | 'finalized';

export type Landed = {
  readonly signature: string;
  readonly transaction: VersionedTransaction;
  readonly bytes: Uint8Array;
  readonly execution: Execution;
  readonly slot: number;
  readonly index: number;
  readonly blockTime: number;
};

type Block = {
  readonly slot: number;
  readonly height: number;
  readonly hash: string;
  readonly time: number;
  readonly landed: Landed[];
  /** The state of accounts when the block began. */
  readonly before: Map<string, Account | null>;
};

export type ClusterOptions = {
  readonly slotMs: number;
  /** The number of blocks until a block is confirmed, and until it is final. */
  readonly confirmedAfter: number;
  readonly finalizedAfter: number;
  readonly genesisUnixTime: number;
  /** The genesis hash that the nodes of this chain give; random when absent. */
  readonly genesisHash?: string;
};

export const FAST_CLUSTER = { slotMs: 100, confirmedAfter: 1, finalizedAfter: 8 } as const;
const BLOCKHASH_LIFE = 150;
const GENESIS_SLOT = 300_000_000;
const GENESIS_HEIGHT = 280_000_000;

export type ClusterEvent =
  | { readonly kind: 'slot'; readonly slot: number; readonly parent: number; readonly root: number }
  | {
      readonly kind: 'block';
      readonly commitment: Commitment;
      readonly slot: number;
      readonly landed: readonly Landed[];
      readonly changed: ReadonlySet<string>;
    };

export type Cluster = {
  readonly bank: Bank;
  readonly slotMs: number;
  readonly genesisHash: string;
  slot(commitment: Commitment): number;
  height(commitment: Commitment): number;
  blockhash(commitment: Commitment): { hash: string; lastValidBlockHeight: number; slot: number };
  isBlockhashValid(hash: string): boolean;
  /** Whether a transaction may be executed now, by its blockhash or by the value of its nonce. */
  isInTime(transaction: VersionedTransaction): boolean;
  /** The account at a commitment. The caller must leave its bytes as they are. */
  account(address: string, commitment: Commitment): Account | null;
  /** Writes an account outside any transaction, as a price feed would. */
  put(address: string, account: Account | null): void;
  /** Executes now. Returns a text when a transaction error kept it from being included. */
  submit(transaction: VersionedTransaction, bytes: Uint8Array): Landed | string;
  /**
   * Executes and puts everything back. `after` holds the named accounts as they would have become.
   */
  simulate(
    transaction: VersionedTransaction,
    addresses?: readonly string[],
  ): ReturnType<Bank['simulate']>;
  find(signature: string): Landed | null;
  commitmentOf(slot: number): Commitment;
  /** The transactions that name an address, newest first. */
  history(address: string): readonly Landed[];
  blockTime(slot: number): number | null;
  /** The head of the block in a slot; null when there is none. */
  block(slot: number): {
    readonly height: number;
    readonly hash: string;
    readonly parentSlot: number;
  } | null;
  /** The slots with a block, from one slot to another. */
  slotsWithBlocks(from: number, to: number): number[];
  /** Closes the open block and opens the next one, `count` times. */
  advance(count?: number): void;
  /**
   * Drops every block from this slot on that is not final. Returns their transactions, oldest
   * first.
   */
  forkOff(fromSlot: number): Landed[];
  on(listener: (event: ClusterEvent) => void): () => void;
};

/** Creates a cluster over a bank. Slots pass only through `advance`. */
export function createCluster(bank: Bank, options: ClusterOptions): Cluster {
  const blocks = new Map<number, Block>();
  const byHeight: Block[] = [];
  const bySignature = new Map<string, Landed>();
  const byAddress = new Map<string, Landed[]>();
  const listeners = new Set<(event: ClusterEvent) => void>();
  const ownGenesis = base58Text(randomBytes(32));

  const open = (slot: number, height: number): Block => {
    const time =
      options.genesisUnixTime + Math.floor(((slot - GENESIS_SLOT) * options.slotMs) / 1000);
    const block: Block = {
      slot,
      height,
      hash: base58Text(randomBytes(32)),
      time,
      landed: [],
      before: new Map(),
    };
    blocks.set(slot, block);
    byHeight.push(block);
    bank.setTime(BigInt(slot), BigInt(time));
    bank.setBlockhash(byHeight.at(-2)?.hash ?? block.hash);
    return block;
  };
  let tip = open(GENESIS_SLOT, GENESIS_HEIGHT);

  const lag = {
    processed: 0,
    confirmed: options.confirmedAfter,
    finalized: options.finalizedAfter,
  };
  // A block that was final stays final, also while a fork has made the chain shorter.
  let rooted = tip;
  const lagging = (commitment: Commitment): Block =>
    byHeight[Math.max(0, byHeight.length - 1 - lag[commitment])] ?? tip;
  const at = (commitment: Commitment): Block => {
    const block = lagging(commitment);
    return block.slot < rooted.slot ? rooted : block;
  };
  const emit = (event: ClusterEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const remember = (address: string, before: Account | null): void => {
    if (!tip.before.has(address)) tip.before.set(address, before);
  };
  const report = (block: Block, commitment: Commitment): void => {
    const changed = new Set(block.before.keys());
    emit({ kind: 'block', commitment, slot: block.slot, landed: block.landed, changed });
  };
  const forget = (landed: Landed): void => {
    bySignature.delete(landed.signature);
    for (const key of landed.execution.message.keys) {
      const list = byAddress.get(key)?.filter((each) => each.signature !== landed.signature);
      if (list) byAddress.set(key, list);
    }
  };

  /** The blockhash of the block before the open one, by which nonces that are moved get a value. */
  const hashBefore = (): string => byHeight[tip.height - GENESIS_HEIGHT - 1]?.hash ?? tip.hash;

  return {
    bank,
    slotMs: options.slotMs,
    genesisHash: options.genesisHash ?? ownGenesis,
    slot: (commitment) => at(commitment).slot,
    height: (commitment) => at(commitment).height,
    blockhash(commitment) {
      const block = at(commitment);
      return {
        hash: block.hash,
        lastValidBlockHeight: block.height + BLOCKHASH_LIFE,
        slot: block.slot,
      };
    },
    isBlockhashValid(hash) {
      const from = Math.max(0, byHeight.length - 1 - BLOCKHASH_LIFE);
      for (let i = byHeight.length - 1; i >= from; i--) if (byHeight[i]?.hash === hash) return true;
      return false;
    },
    isInTime(transaction) {
      return (
        this.isBlockhashValid(transaction.message.recentBlockhash) ||
        nonceUnder(transaction, bank.peek, hashBefore()) !== null
      );
    },
    account(address, commitment) {
      const seen = at(commitment);
      const later = byHeight.slice(byHeight.indexOf(seen, -1 - lag[commitment]) + 1);
      for (const block of later) {
        const before = block.before.get(address);
        if (before !== undefined) return before;
      }
      return bank.peek(address);
    },
    put(address, account) {
      remember(address, bank.get(address));
      bank.set(address, account);
    },
    submit(transaction, bytes) {
      const signature = base58Text(transaction.signatures[0] ?? new Uint8Array(64));
      if (bySignature.has(signature)) return 'AlreadyProcessed';
      if (!this.isInTime(transaction)) return 'BlockhashNotFound';
      const under = nonceUnder(transaction, bank.peek, hashBefore());
      const execution = bank.execute(transaction, bytes);
      if (typeof execution === 'string') return execution;
      moveNonces(bank, execution, under, hashBefore());
      for (const [address, before] of execution.before) remember(address, before);
      const landed: Landed = {
        signature,
        transaction,
        bytes,
        execution,
        slot: tip.slot,
        index: tip.landed.length,
        blockTime: tip.time,
      };
      tip.landed.push(landed);
      bySignature.set(signature, landed);
      for (const key of new Set(execution.message.keys)) {
        const list = byAddress.get(key);
        if (list) list.push(landed);
        else byAddress.set(key, [landed]);
      }
      return landed;
    },
    simulate: (transaction, addresses = []) => bank.simulate(transaction, addresses),
    find: (signature) => bySignature.get(signature) ?? null,
    commitmentOf(slot) {
      if (slot <= at('finalized').slot) return 'finalized';
      return slot <= at('confirmed').slot ? 'confirmed' : 'processed';
    },
    history: (address) => [...(byAddress.get(address) ?? [])].reverse(),
    blockTime: (slot) => blocks.get(slot)?.time ?? null,
    block(slot) {
      const found = blocks.get(slot);
      if (found === undefined) return null;
      const parentSlot = byHeight[found.height - GENESIS_HEIGHT - 1]?.slot ?? 0;
      return { height: found.height, hash: found.hash, parentSlot };
    },
    slotsWithBlocks: (from, to) =>
      byHeight.flatMap(({ slot }) => (slot >= from && slot <= to ? [slot] : [])),
    advance(count = 1) {
      for (let i = 0; i < count; i++) {
        report(tip, 'processed');
        const parent = tip.slot;
        tip = open(tip.slot + 1, tip.height + 1);
        emit({ kind: 'slot', slot: tip.slot, parent, root: at('finalized').slot });
        report(at('confirmed'), 'confirmed');
        const final = lagging('finalized');
        if (final.slot > rooted.slot) {
          rooted = final;
          report(rooted, 'finalized');
          // No fork drops a final block, so the accounts before it are not needed any more. The
          // accounts before ten thousand closes would take a gigabyte.
          rooted.before.clear();
          for (const { execution } of rooted.landed) execution.before.clear();
        }
      }
    },
    forkOff(fromSlot) {
      const final = at('finalized').slot;
      if (fromSlot <= final)
        throw new RangeError(`slot ${fromSlot} is final; only later slots can be forked off`);
      const last = tip.slot;
      const dropped: Landed[] = [];
      while (tip.slot >= fromSlot) {
        bank.restore(tip.before);
        dropped.unshift(...tip.landed);
        for (const landed of tip.landed) forget(landed);
        blocks.delete(tip.slot);
        byHeight.pop();
        tip = byHeight.at(-1) ?? tip;
      }
      tip = open(last + 1, tip.height + 1);
      return dropped;
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
