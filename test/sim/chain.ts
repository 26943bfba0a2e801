// Chain: the simulated chain: balances, blocks that become final, forks, blockhashes that expire, and nodes that lose,
// delay, deny and lag. It executes payments by the same rules as the real one: whole or not at all, once per signature.
import { createHash } from 'node:crypto';
import { base58Text, type Signature } from '../../src/core/ids.ts';
import type { Random } from './random.ts';

export const FINAL_AFTER = 6;
export const BLOCKHASH_LIFE = 20;

export type Act =
  | { readonly kind: 'close'; readonly subscriber: number; readonly netPnl: string }
  | { readonly kind: 'outflow'; readonly subscriber: number; readonly amount: string }
  | {
      readonly kind: 'payment';
      readonly subscriber: number;
      readonly memo: string;
      readonly payer: 'agent' | 'sponsor';
      readonly withdraw: string;
      readonly amount: string;
      readonly covers: readonly { readonly shareId: string; readonly amount: string }[];
      readonly height: number;
    };
export type Executed = {
  readonly signature: Signature;
  readonly act: Act;
  readonly error: unknown;
};
type Account = { deposit: bigint; tokens: bigint; lamports: bigint; creator: bigint };
export type Balances = { accounts: Account[]; sponsor: bigint };
type Block = { readonly slot: number; readonly executed: Executed[]; readonly before: Balances };

const FEE = 5_000n;

export type SimChain = {
  readonly balances: Balances;
  paused: boolean;
  slot(): number;
  finalSlot(lag?: number): number;
  /** Where a signature was executed, as a node that lags sees it. */
  find(signature: string, lag?: number): { slot: number; index: number; executed: Executed } | null;
  blocks(): readonly Block[];
  /** Something a person does; lands in the open block. */
  happen(act: Act): Signature;
  submit(bytes: Uint8Array, delaySlots: number): void;
  /** What executing would come to now, or null. */
  trial(act: Act): unknown;
  tick(): void;
  /** Drops blocks that are not final. Some of what people did in them happens again, payments do not by themselves. */
  fork(): void;
};

export const signatureOf = (bytes: Uint8Array): Signature =>
  base58Text(createHash('sha512').update(bytes).digest()) as Signature;

export function createSimChain(random: Random, subscribers: number): SimChain {
  const balances: Balances = {
    accounts: Array.from({ length: subscribers }, () => ({
      deposit: 10n ** 9n,
      tokens: 0n,
      lamports: 0n,
      creator: 0n,
    })),
    sponsor: 0n,
  };
  const copy = (): Balances => structuredClone(balances);
  const restore = (to: Balances): void => {
    balances.accounts = to.accounts;
    balances.sponsor = to.sponsor;
  };
  let chain: Block[] = [{ slot: 100, executed: [], before: copy() }];
  let top = 100;
  let delayed: { at: number; bytes: Uint8Array }[] = [];
  let paused = false;
  let nonce = 0;
  // What was final once stays final, also while a fork has made the chain shorter.
  let rooted = 0;
  const root = (): void => {
    rooted = Math.max(rooted, chain[Math.max(0, chain.length - 1 - FINAL_AFTER)]?.slot ?? 0);
  };
  const tip = (): Block => chain.at(-1) as Block;

  const account = (act: Act): Account => balances.accounts[act.subscriber] as Account;
  const refusal = (act: Act): unknown => {
    if (act.kind !== 'payment') return null;
    const own = account(act);
    if ((act.payer === 'agent' ? own.lamports : balances.sponsor) < FEE)
      return 'InsufficientFundsForFee';
    const [withdraw, amount] = [BigInt(act.withdraw), BigInt(act.amount)];
    if (withdraw > 0n && paused) return 'paused';
    if (own.deposit < withdraw || own.tokens + withdraw < amount) return 'short';
    return null;
  };
  const execute = (act: Act, signature: Signature): void => {
    if (act.kind === 'payment') {
      // In block height, which forks do not raise.
      if (chain.length > act.height + BLOCKHASH_LIFE) return;
      if (chain.some((block) => block.executed.some((each) => each.signature === signature)))
        return;
      const error = refusal(act);
      if (error === 'InsufficientFundsForFee') return;
      const own = account(act);
      if (act.payer === 'agent') own.lamports -= FEE;
      else balances.sponsor -= FEE;
      if (error === null) {
        own.deposit -= BigInt(act.withdraw);
        own.tokens += BigInt(act.withdraw) - BigInt(act.amount);
        own.creator += BigInt(act.amount);
      }
      tip().executed.push({ signature, act, error });
      return;
    }
    const own = account(act);
    if (act.kind === 'close') own.deposit += BigInt(act.netPnl);
    else own.deposit -= BigInt(act.amount);
    tip().executed.push({ signature, act, error: null });
  };
  const land = (bytes: Uint8Array): void =>
    execute(JSON.parse(Buffer.from(bytes).toString()) as Act, signatureOf(bytes));

  return {
    balances,
    get paused() {
      return paused;
    },
    set paused(value) {
      paused = value;
    },
    slot: () => tip().slot,
    finalSlot: (lag = 0) =>
      lag === 0
        ? rooted
        : Math.min(rooted, chain[Math.max(0, chain.length - 1 - FINAL_AFTER - lag)]?.slot ?? 0),
    blocks: () => chain,
    trial: refusal,
    find(signature, lag = 0) {
      for (const block of chain.slice(0, Math.max(1, chain.length - lag))) {
        const index = block.executed.findIndex((each) => each.signature === signature);
        const executed = block.executed[index];
        if (executed !== undefined) return { slot: block.slot, index, executed };
      }
      return null;
    },
    happen(act) {
      const signature = signatureOf(Buffer.from(JSON.stringify([act, nonce++])));
      execute(act, signature);
      return signature;
    },
    submit(bytes, delaySlots) {
      if (delaySlots === 0) land(bytes);
      else delayed.push({ at: top + delaySlots, bytes });
    },
    tick() {
      chain.push({ slot: ++top, executed: [], before: copy() });
      const due = delayed.filter((each) => each.at <= top);
      delayed = delayed.filter((each) => each.at > top);
      for (const { bytes } of due) land(bytes);
      root();
    },
    fork() {
      const deepest = chain.filter((block) => block.slot > rooted).length;
      if (deepest < 1) return;
      const depth = 1 + random.below(deepest);
      const dropped = chain.slice(-depth);
      chain = chain.slice(0, -depth);
      restore(structuredClone((dropped[0] as Block).before));
      chain.push({ slot: ++top, executed: [], before: copy() });
      for (const { executed } of dropped) {
        for (const each of executed) {
          if (each.act.kind !== 'payment' && random.chance(0.6)) execute(each.act, each.signature);
        }
      }
    },
  };
}
