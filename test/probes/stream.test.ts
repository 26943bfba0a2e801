// Stream: what the doctor says of the gRPC stream of the settings.
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { ofStream } from '../../src/probes/stream.ts';
import { systemClock } from '../../src/system/clock.ts';
import { loadSettings, type Settings } from '../../src/system/settings.ts';
import { openTestChain } from '../support/chain.ts';
import { openGeyser } from '../support/geyser-server.ts';

async function start() {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openGeyser());
  const chain = await openTestChain();
  stack.defer(() => chain.server.close());
  const base = loadSettings({});
  const settings: Settings = {
    ...base,
    rpc: { ...base.rpc, url: chain.server.rpcUrl, streamUrl: server.url },
    secrets: { ...base.secrets, streamToken: 'a-secret-token' },
  };
  const ask = async (waitMs: number) => {
    const found = ofStream(settings, systemClock, waitMs);
    const slots = setInterval(() => server.tellSlot(300), 10);
    try {
      return await found;
    } finally {
      clearInterval(slots);
    }
  };
  return { server, chain, settings, ask, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a stream that tells slots of our chain is fine', async () => {
  await using street = await start();
  street.server.blockhash = street.chain.world.cluster.blockhash('finalized').hash;
  expect(await street.ask(20_000)).toMatchObject([
    { state: 'ok', what: 'stream', says: 'tells slot 300, of the chain of the node' },
  ]);
  expect(street.server.tokens).toEqual(['a-secret-token']);
});

test('one of another chain is wrong, and one that names no blockhash is told', async () => {
  await using street = await start();
  street.server.blockhash = 'GfVcyD4kkTrj4bKc7WA9sZCin9JDbdT4Zkd3EittNR1W';
  expect(await street.ask(20_000)).toMatchObject([{ state: 'wrong', what: 'stream' }]);
  street.server.blockhash = null;
  expect(await street.ask(20_000)).toMatchObject([{ state: 'warning', what: 'stream' }]);
});

test('one that refuses the token, and one that stays mute, are wrong', async () => {
  await using street = await start();
  street.server.refusal = { code: status.UNAUTHENTICATED, details: 'no such token' };
  expect(await street.ask(20_000)).toMatchObject([
    { state: 'wrong', says: 'UNAUTHENTICATED: no such token' },
  ]);
  street.server.refusal = null;
  street.server.mute = true;
  const [finding] = await street.ask(200);
  expect(finding).toMatchObject({
    state: 'wrong',
    says: 'it was opened, and no slot came in time',
  });
});

test('without a stream in the settings nothing is said', async () => {
  expect(await ofStream(loadSettings({}), systemClock, 100)).toEqual([]);
});
