// gRPC channel: opens a channel to a provider that speaks Yellowstone, and asks it for a blockhash,
// which shows whether it belongs to our chain. The library is loaded with the first channel.
import type * as Grpc from '@grpc/grpc-js';
import { LATEST_BLOCKHASH_PATH, latestBlockhashOf, latestBlockhashRequest } from './geyser.ts';
import { redact } from './rpc.ts';

export type Channel = {
  readonly grpc: typeof Grpc;
  readonly client: Grpc.Client;
  /** Holds the token, which is never logged. */
  readonly metadata: Grpc.Metadata;
};

/** A longer message ends the stream. A transaction with its log takes some 100 KiB at most. */
const MESSAGE_BYTES_MOST = 4 * 1024 * 1024;
const ASKED_MS_MOST = 5_000;

/** Writes a message that is bytes already. */
export const bytesOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
/** Reads a message as the bytes that it is. */
export const asIs = (bytes: Buffer): Uint8Array => bytes;

/** The host and port of a gRPC URL: 443 for https and 80 for http where it names no port. */
function targetOf(url: string): { readonly target: string; readonly tls: boolean } {
  const { protocol, hostname, port } = new URL(url);
  const tls = protocol === 'https:';
  return { target: `${hostname}:${port || (tls ? 443 : 80)}`, tls };
}

/** The text of an error of gRPC, without secrets and cut to 200 characters. */
export function toldBy(thrown: unknown): string {
  const { details, message } = thrown as Partial<Grpc.ServiceError>;
  return redact(details ?? message ?? String(thrown)).slice(0, 200);
}

/** Opens a channel, which connects with its first call. `token` is sent as `x-token`. */
export async function openChannel(url: string, token: string | null): Promise<Channel> {
  // Loaded here, so that a daemon without a stream loads none of it.
  const grpc = await import('@grpc/grpc-js');
  const { target, tls } = targetOf(url);
  const metadata = new grpc.Metadata();
  if (token !== null) metadata.set('x-token', token);
  const credentials = tls ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
  const client = new grpc.Client(target, credentials, {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MOST,
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
  return { grpc, client, metadata };
}

/**
 * A finalized blockhash of the provider; null when it does not answer such questions. Throws the
 * error of the provider, also when `signal` aborts or no answer came within 5 s.
 */
export async function askBlockhash(
  { grpc, client, metadata }: Channel,
  signal: AbortSignal,
): Promise<string | null> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ASKED_MS_MOST)]);
  try {
    const answer = await new Promise<Uint8Array>((resolve, reject) => {
      const request = latestBlockhashRequest();
      const call = client.makeUnaryRequest(
        LATEST_BLOCKHASH_PATH,
        bytesOf,
        asIs,
        request,
        metadata,
        (error, bytes) => (error === null ? resolve(bytes ?? new Uint8Array()) : reject(error)),
      );
      // A signal that is aborted already fires no event.
      if (within.aborted) call.cancel();
      else within.addEventListener('abort', () => call.cancel(), { once: true });
    });
    return latestBlockhashOf(answer);
  } catch (thrown) {
    if ((thrown as Partial<Grpc.ServiceError>).code === grpc.status.UNIMPLEMENTED) return null;
    throw thrown;
  }
}
