// Story: shows the daemon's main job in steps: a close is paid; a debt waits for SOL; a subscriber
// who withdrew while owing is refused at the gate; the debt is paid, and the gate allows again.
// Every amount is read from the chain over RPC, every verdict from the daemon's API.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Connection, Keypair, type PublicKey } from '@solana/web3.js';
import { base58Text } from '../core/ids.ts';
import { formatUnits } from '../core/money.ts';
import type { Clock } from '../core/ports.ts';
import type { Daemon } from './daemon.ts';
import type { Trader } from './drift/instructions.ts';
import type { VenueDriver } from './driver.ts';
import type { ServedWorld } from './world.ts';

type Gate = {
  verdict: string;
  reason: string;
  standing: string | null;
  outstanding: string | null;
  evidence: { signature: string } | null;
};
type Share = {
  id: string;
  mint: string;
  amount: string;
  status: string;
  close: { netPnl: string; signature: string };
  reason: { code: string; detail: string } | null;
  paidBy: string[];
};

export type Ending = {
  readonly creator: bigint;
  readonly anaOwed: bigint;
  readonly boOwed: bigint;
  readonly boAgentLamports: bigint;
  readonly anaDeposit: bigint;
  readonly boDeposit: bigint;
  /** The creator's balance and Bo's debt in the token of the second venue; null without one. */
  readonly second: { readonly creator: bigint; readonly boOwed: bigint } | null;
};
export type StoryOptions = {
  readonly world: ServedWorld;
  /** The people of the venue at which the story plays. */
  readonly driver: VenueDriver;
  /** The people of another venue, at which Bo trades with the same wallet; null without one. */
  readonly second: VenueDriver | null;
  readonly daemon: Daemon;
  readonly sponsor: Keypair;
  readonly clock: Clock;
  readonly say: (text: string) => void;
};

const ENGINE = path.join(import.meta.dirname, '../../examples/engine.ts');
const WAIT_MS_MOST = 120_000;
const POLL_MS = 100;
const sol = (lamports: bigint): string => `${formatUnits(lamports, 9)} SOL`;
const short = (text: string): string => `${text.slice(0, 8)}…${text.slice(-4)}`;

/** Tells the story. Throws when a balance or a verdict is not the one of the story. */
export async function tellStory({
  world,
  driver,
  second,
  daemon,
  sponsor,
  clock,
  say,
}: StoryOptions): Promise<Ending> {
  const { symbol } = driver.quote;
  const usd = (amount: bigint, at: VenueDriver = driver): string =>
    `${formatUnits(amount)} ${at.quote.symbol}`;
  const rpc = new Connection(world.chain.rpcUrl, 'confirmed');
  const never = new AbortController().signal;
  const heading = (text: string) => say(`\n${text}`);
  const line = (text: string) => say(`   ${text}`);

  const balance = async (owner: PublicKey, { quote } = driver): Promise<bigint> => {
    const address = getAssociatedTokenAddressSync(quote.mint, owner, true);
    const account = await rpc.getAccountInfo(address);
    return account === null ? 0n : account.data.readBigUInt64LE(64);
  };
  const lamports = async (owner: PublicKey): Promise<bigint> => BigInt(await rpc.getBalance(owner));
  const until = async <T>(what: string, look: () => Promise<T | null>): Promise<T> => {
    const startedMs = clock.nowMs();
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (clock.nowMs() - startedMs > WAIT_MS_MOST)
        throw new Error(`waited too long for ${what}. ${daemon.logEnd()}`);
      await clock.sleep(POLL_MS, never);
    }
  };
  const gate = (id: string, action = 'open') =>
    daemon.ask<Gate>('GET', `/v1/gate/${id}?action=${action}`);
  const shares = async (id: string) =>
    (await daemon.ask<{ shares: Share[] }>('GET', `/v1/shares?subscriber=${id}`)).shares;
  const share = (
    id: string,
    what: string,
    ready: (each: Share) => boolean,
    { quote }: VenueDriver = driver,
  ): Promise<Share> => {
    const mint = quote.mint.toBase58();
    const found = (all: Share[]) => all.find((each) => each.mint === mint && ready(each));
    return until(what, async () => found(await shares(id)) ?? null);
  };
  const deposit = (trader: Trader): bigint => driver.depositOf(trader);

  const subscribe = async (
    id: string,
    trader: Trader,
    creator: PublicKey,
    { venue }: VenueDriver = driver,
  ): Promise<void> => {
    const wallet = trader.agent.publicKey.toBase58();
    await daemon.ask('POST', '/v1/subscribers', {
      id,
      agentWallet: wallet,
      agentSecretKey: base58Text(trader.agent.secretKey),
      venue,
      subAccountIds: [0],
    });
    await daemon.ask('POST', `/v1/subscribers/${id}/subscriptions`, {
      id: `${id}-copies-creator${venue === driver.venue ? '' : `-at-${venue}`}`,
      venue,
      subAccountId: 0,
      creatorWallet: creator.toBase58(),
      shareBps: 1_000,
    });
  };
  const sayGate = async (id: string, action: string): Promise<void> => {
    const answer = await gate(id, action);
    line(
      `gate: may ${id} ${action} a position?  ${answer.verdict.toUpperCase()}. ${answer.reason}`,
    );
  };

  /**
   * Runs the example engine in a process of its own; it holds the roster from the stream and
   * decides by itself.
   */
  const sayEngine = async (): Promise<void> => {
    const { stdout } = await promisify(execFile)(process.execPath, [ENGINE, 'ana', 'bo'], {
      env: { PATH: process.env.PATH ?? '', BAILIFF_URL: daemon.url },
    });
    for (const decided of stdout.trim().split('\n')) {
      const { action, copied, skipped } = JSON.parse(decided) as {
        action: string;
        copied: string[];
        skipped: { copier: string }[];
      };
      const barred = skipped.map((each) => each.copier).join(', ') || 'nobody';
      line(`engine: to ${action}, copied for ${copied.join(', ') || 'nobody'}; skipped: ${barred}`);
    }
  };

  heading('1. A creator, two subscribers');
  const creator = Keypair.generate().publicKey;
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 20_000_000n });
  const bo = driver.createTrader({ deposit: 1_000_000_000n });
  await subscribe('ana', ana, creator);
  await subscribe('bo', bo, creator);
  line(
    `creator   ${creator.toBase58()}  asks for 10 % of copiers' profit; has no ${symbol} account yet`,
  );
  line(
    `ana       ${ana.agent.publicKey.toBase58()}  1,000 ${symbol} at ${driver.title}, ${sol(await lamports(ana.agent.publicKey))}`,
  );
  line(
    `bo        ${bo.agent.publicKey.toBase58()}  1,000 ${symbol} at ${driver.title}, ${sol(await lamports(bo.agent.publicKey))}`,
  );
  const boSecond = second?.createTrader({ deposit: 1_000_000_000n, agent: bo.agent }) ?? null;
  if (second !== null && boSecond !== null) {
    await subscribe('bo', boSecond, creator, second);
    line(`          the same wallet holds 1,000 ${second.quote.symbol} at ${second.title} as well`);
  }
  await sayGate('ana', 'open');

  heading('2. Ana copies a trade, and it closes with profit');
  driver.trade(ana, 'long', 4_000_000_000n);
  line('bought 4 SOL-PERP at about 150');
  driver.movePrice(0, 165_000_000n);
  const closed = driver.trade(ana, 'short', 4_000_000_000n, { reduceOnly: true });
  line(`sold them at about 165, transaction ${short(closed.signature)}`);
  line(
    "the profit is collateral at the venue now; the agent's token account holds " +
      usd(await balance(ana.agent.publicKey)),
  );
  const anaPaid = await share('ana', "ana's share to be paid", (each) => each.status === 'paid');
  const anaOwed = BigInt(anaPaid.amount);
  line(
    `Bailiff heard the close: net profit ${usd(BigInt(anaPaid.close.netPnl))}, 10 % of it is ${usd(anaOwed)}`,
  );
  line(
    `paid in one transaction, ${short(anaPaid.paidBy[0] ?? '')}: settle, withdraw, create the creator's account, transfer, memo`,
  );
  line(
    `creator now holds ${usd(await balance(creator))}; ana's agent paid the fee and holds ${sol(await lamports(ana.agent.publicKey))}`,
  );

  heading('3. Bo makes a profit too, and no wallet has SOL for the fee');
  driver.trade(bo, 'short', 3_000_000_000n);
  driver.movePrice(0, 150_000_000n);
  driver.trade(bo, 'long', 3_000_000_000n, { reduceOnly: true });
  const waiting = await share(
    'bo',
    "bo's share to wait for SOL",
    (each) => each.reason?.code === 'sponsor_needs_sol',
  );
  const boOwed = BigInt(waiting.amount);
  line(
    `bo owes ${usd(boOwed)}. It stands as an IOU (${waiting.status}): ${waiting.reason?.detail}`,
  );
  let secondOwed = 0n;
  if (second !== null && boSecond !== null) {
    second.trade(boSecond, 'long', 2_000_000_000n);
    second.movePrice(0, 160_000_000n);
    second.trade(boSecond, 'short', 2_000_000_000n, { reduceOnly: true });
    const also = await share('bo', "bo's share at the second venue", () => true, second);
    secondOwed = BigInt(also.amount);
    line(
      `at ${second.title} bo owes ${usd(secondOwed, second)} as well: another token, another IOU`,
    );
  }
  await sayGate('bo', 'open');

  heading('4. Bo withdraws on chain, past the platform, while owing');
  const before = await balance(creator);
  const home = Keypair.generate().publicKey;
  const [fleeing, from] = second !== null && boSecond !== null ? [boSecond, second] : [bo, driver];
  const fled = from.withdrawTo(fleeing, home, 500_000_000n);
  line(
    `500 ${from.quote.symbol} left ${from.title} for bo's own wallet, transaction ${short(fled.signature)}`,
  );
  if (second !== null) line('one standing over both venues: bo may open nothing at either');
  await until('bo to be delinquent', async () =>
    (await gate('bo')).standing === 'delinquent' ? true : null,
  );
  await sayGate('bo', 'open');
  line(`evidence: ${(await gate('bo')).evidence?.signature}`);
  await sayGate('bo', 'close');
  await sayEngine();

  heading('5. The sponsor wallet gets SOL, and the retry pays');
  driver.giveSol(sponsor.publicKey, 1_000_000_000n);
  const boPaid = await share('bo', "bo's share to be paid", (each) => each.status === 'paid');
  line(
    `paid, ${short(boPaid.paidBy[0] ?? '')}; the sponsor paid the fee, bo's agent holds ${sol(await lamports(bo.agent.publicKey))}`,
  );
  line(`creator: ${usd(before)} before, ${usd(await balance(creator))} after`);
  if (second !== null) {
    const paid = await share('bo', "bo's other share", (each) => each.status === 'paid', second);
    line(
      `and ${usd(await balance(creator, second), second)} out of ${second.title}, ${short(paid.paidBy[0] ?? '')}: each debt in its own token`,
    );
  }
  await until('bo to be in good standing', async () =>
    (await gate('bo')).verdict === 'allow' ? true : null,
  );
  await sayGate('bo', 'open');
  await sayEngine();

  return {
    creator: await balance(creator),
    anaOwed,
    boOwed,
    boAgentLamports: await lamports(bo.agent.publicKey),
    anaDeposit: deposit(ana),
    boDeposit: deposit(bo),
    second:
      second === null ? null : { creator: await balance(creator, second), boOwed: secondOwed },
  };
}
