// Stream: a daemon that hears through a gRPC stream alone. Closes that happen while the stream is
// down are paid, whether the provider replays them or not.
import { status } from '@grpc/grpc-js';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { type GeyserServer, openGeyser, tellChain } from '../support/geyser-server.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

async function start(): Promise<{ street: Street; server: GeyserServer } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openGeyser());
  const street = stack.use(
    await openStreet({
      webhooks: false,
      settings(given, world) {
        stack.defer(tellChain(server, world.cluster));
        return {
          ...given,
          rpc: { ...given.rpc, streamUrl: server.url },
          watch: { ...given.watch, sources: ['stream'] },
          secrets: { ...given.secrets, streamToken: 'a token' },
        };
      },
    }),
  );
  return { street, server, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test.each([
  ['replays them', 0 as const],
  ['replays nothing, whatever is asked for', 'ignored' as const],
])('a close during which the stream is down is paid where the provider %s', async (_, replay) => {
  await using parts = await start();
  const { street, server } = parts;
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  await expect.poll(() => server.calls.size).toBe(1);
  profitableClose(driver, trader);
  const first = await street.share('ana', (share) => share.status === 'paid');
  server.replay = replay;
  server.refusal = { code: status.UNAVAILABLE, details: 'restarting' };
  server.drop();
  profitableClose(driver, trader);
  await expect.poll(() => server.tokens.length).toBeGreaterThan(2);
  server.refusal = null;
  const second = await street.share(
    'ana',
    (share) => share.id !== first.id && share.status === 'paid',
  );
  expect(await street.shares('ana')).toHaveLength(2);
  expect(driver.usdcOf(creator)).toBe(BigInt(first.amount) + BigInt(second.amount));
});
