// gRPC channel: a question to the provider ends when the daemon stops asking.
import { expect, test } from 'vitest';
import { askBlockhash, type Channel } from '../../src/chain/grpc-channel.ts';

/** A provider that never answers; a cancelled call ends as one of the library does. */
function silent() {
  const seen = { calls: 0, cancelled: 0 };
  const client = {
    makeUnaryRequest(...given: unknown[]) {
      seen.calls++;
      const answer = given.at(-1) as (error: Error) => void;
      return {
        cancel() {
          seen.cancelled++;
          answer(Object.assign(new Error('cancelled'), { code: 1 }));
        },
      };
    },
  };
  const grpc = { status: { UNIMPLEMENTED: 12 } };
  return { seen, channel: { grpc, client, metadata: {} } as unknown as Channel };
}

test('a question is cancelled when its signal aborts, and when it was aborted before', async () => {
  const { seen, channel } = silent();
  const stopping = new AbortController();
  const asked = askBlockhash(channel, stopping.signal);
  stopping.abort();
  await expect(asked).rejects.toThrow('cancelled');
  await expect(askBlockhash(channel, stopping.signal)).rejects.toThrow('cancelled');
  expect(seen).toEqual({ calls: 2, cancelled: 2 });
}, 2_000);
