// Burst world: the chain, Helius and the door of a burst, in a process of its own that messages
// control. While trades are executed no slots pass and nothing is confirmed, so that all trades are
// confirmed together when slots pass again: this is the second in which ten thousand copiers close.
import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import { serveChain } from '../../src/local/chain/server.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { serveHelius } from '../../src/local/helius.ts';
import { createWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { openDoor } from './burst-door.ts';

export type Order =
  | { readonly kind: 'traders'; readonly count: number }
  | { readonly kind: 'creator'; readonly wallet: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'close'; readonly count: number }
  | { readonly kind: 'flee'; readonly index: number }
  | { readonly kind: 'close-one'; readonly index: number }
  | { readonly kind: 'flood'; readonly count: number }
  | { readonly kind: 'limit'; readonly perSecond: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'count' };
export type Answer = {
  readonly secrets?: readonly string[];
  readonly calls?: Readonly<Record<string, number>>;
  readonly refused?: number;
  /** Milliseconds since 1970 at which the block of the withdrawal was confirmed. */
  readonly confirmedAtMs?: number;
};
export type Ready = { readonly rpcUrl: string; readonly wsUrl: string; readonly heliusUrl: string };

const SLOT_MS = 400;
const BASE = 2_000_000_000n;
const [latency = '20', heliusApiKey = 'x'] = process.argv.slice(2);
// Blocks are final one slot after they are confirmed, as on a chain with a finality below a second.
const world = createWorld({
  programFile: null,
  clock,
  cluster: { slotMs: SLOT_MS, confirmedAfter: 1, finalizedAfter: 2 },
});
const chain = await serveChain(world.cluster, world.mischief);
const helius = await serveHelius(world.cluster, { apiKey: heliusApiKey, clock });
const door = await openDoor(chain.reply, Number(latency));
const traders: Trader[] = [];
/** The wallet to which runaways withdraw. */
const haven = Keypair.generate().publicKey;
let still = false;
const passing = new EventEmitter();
/** When the latest slot was confirmed. */
let confirmedAtMs = 0;
const { driver } = world;

/**
 * Does `work` for each trader. No slot passes meanwhile, and the server answers between two
 * traders.
 */
async function inOneSlot(among: readonly Trader[], work: (trader: Trader) => void): Promise<void> {
  still = true;
  for (const [index, trader] of among.entries()) {
    work(trader);
    if (index % 20 === 0) await turn();
  }
  still = false;
}
async function obey(order: Order): Promise<Answer> {
  switch (order.kind) {
    case 'traders': {
      while (traders.length < order.count) {
        traders.push(driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n }));
        if (traders.length % 50 === 0) await turn();
      }
      return {
        secrets: traders.map(({ agent }) => Buffer.from(agent.secretKey).toString('base64')),
      };
    }
    case 'creator':
      driver.giveUsdc(haven, 1n);
      // The creator was paid before: no payment of the burst has to bring rent for the token
      // account.
      driver.giveUsdc(new PublicKey(order.wallet), 1n);
      return {};
    case 'open':
      driver.movePrice(0, 150_000_000n);
      await inOneSlot(traders, (trader) => driver.trade(trader, 'long', BASE));
      return {};
    case 'close':
      door.reset();
      driver.movePrice(0, 165_000_000n);
      await inOneSlot(traders.slice(0, order.count), (trader) =>
        driver.trade(trader, 'short', BASE, { reduceOnly: true }),
      );
      return {};
    case 'flee': {
      const trader = traders[order.index];
      if (trader === undefined) return {};
      const { slot } = driver.withdrawTo(trader, haven, 5_000_000n);
      while (world.cluster.slot('confirmed') < slot) await once(passing, 'slot');
      return { confirmedAtMs };
    }
    case 'close-one': {
      const trader = traders[order.index];
      if (trader === undefined) return {};
      driver.movePrice(0, 165_000_000n);
      driver.trade(trader, 'short', BASE, { reduceOnly: true });
      return {};
    }
    case 'flood': {
      const stranger = Keypair.generate();
      driver.giveSol(stranger.publicKey, 100_000_000_000n);
      const toPubkey = traders[0]?.agent.publicKey ?? stranger.publicKey;
      for (let sent = 0; sent < order.count; sent++) {
        driver.send(
          [
            SystemProgram.transfer({
              fromPubkey: stranger.publicKey,
              toPubkey,
              lamports: sent + 1,
            }),
          ],
          [stranger],
        );
        if (sent % 50 === 0) await turn();
      }
      return {};
    }
    case 'limit':
      door.limit(order.perSecond);
      return {};
    case 'reset':
      door.reset();
      return {};
    case 'count':
      return { calls: Object.fromEntries(door.calls), refused: door.refused() };
  }
}

const leaving = new AbortController();
process.on('message', (order: Order) => {
  void obey(order).then(
    (answer) => process.send?.(answer),
    (thrown: unknown) => {
      process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
      process.exit(1);
    },
  );
});
process.send?.({
  rpcUrl: door.url,
  wsUrl: chain.wsUrl,
  heliusUrl: helius.apiUrl,
} satisfies Ready);
void once(process, 'disconnect').then(() => leaving.abort());
while (!leaving.signal.aborted) {
  await clock.sleep(SLOT_MS, leaving.signal);
  if (still) continue;
  confirmedAtMs = performance.timeOrigin + performance.now();
  world.cluster.advance();
  passing.emit('slot');
}
process.exit(0);
