// Connection: one request for the stream, from its beginning to its end. The connection ends itself
// when nothing comes for too long: a proxy in between may have lost it without telling either side,
// or may hold the stream back.
import { causeOf, refusalOf } from './causes.ts';
import { createEventReader, type ServerEvent } from './events.ts';

/** Runs `act` once after `ms` milliseconds, unless the returned function is called before. */
export type After = (ms: number, act: () => void) => () => void;

export type Connection = {
  readonly url: string;
  readonly apiKey: string | null;
  /** The id of the last event that the client has; null asks for the whole roster. */
  readonly lastEventId: string | null;
  readonly fetch: typeof globalThis.fetch;
  readonly after: After;
  /** After how many milliseconds without an event the connection is given up. */
  readonly silentMs: () => number;
  readonly controller: AbortController;
  /** Called when the daemon has answered with a stream. */
  opened(): void;
  take(event: ServerEvent): void;
};
/**
 * Why a stream ended. `refused`: the same request gets the same answer until a person changes
 * something.
 */
export type ConnectionEnd = { readonly why: string; readonly refused: boolean };

const DETAIL_CHARACTERS_MOST = 200;

async function detailOf(response: Response): Promise<string | null> {
  if (!(response.headers.get('content-type') ?? '').includes('json')) return null;
  const body: unknown = await response.json().catch(() => null);
  return typeof body === 'object' && body !== null && 'detail' in body
    ? String(body.detail).slice(0, DETAIL_CHARACTERS_MOST)
    : null;
}

/** Reads the stream until it ends, and returns why it ended. Never rejects. */
export async function listen(connection: Connection): Promise<ConnectionEnd> {
  const { controller, apiKey, lastEventId } = connection;
  let silence: string | null = null;
  let disarm = (): void => {};
  const arm = (words: (seconds: number) => string): void => {
    disarm();
    const ms = connection.silentMs();
    disarm = connection.after(ms, () => {
      silence = words(ms / 1_000);
      controller.abort();
    });
  };
  try {
    arm((seconds) => `no answer came within ${seconds} s`);
    const response = await connection.fetch(`${connection.url}/v1/gate/stream`, {
      headers: {
        accept: 'text/event-stream',
        // A proxy that compresses the stream would hold events back until a block is full.
        'accept-encoding': 'identity',
        ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      },
      // Following a redirect to another origin would send the request without the key.
      redirect: 'manual',
      signal: controller.signal,
    });
    const { status, headers } = response;
    if (status !== 200) {
      const refused = status === 401 || status === 403 || status === 404 || status < 400;
      return { why: refusalOf(status, await detailOf(response), headers.get('location')), refused };
    }
    const type = headers.get('content-type') ?? 'no content type';
    if (!type.startsWith('text/event-stream') || response.body === null)
      return { why: `the url answers with ${type}, which is no stream`, refused: true };
    connection.opened();
    arm(
      (seconds) =>
        `the stream was opened, and nothing came for ${seconds} s: a proxy may hold it back`,
    );
    const read = createEventReader();
    const decoder = new TextDecoder();
    let live = false;
    for await (const chunk of response.body) {
      const events = read(decoder.decode(chunk, { stream: true }));
      for (const event of events) {
        connection.take(event);
        live ||= event.event === 'beat';
      }
      // The roster may take long to arrive, so any bytes count until the first beat. From then on a
      // beat comes each second, and only events count: a proxy may send comments by itself.
      if (events.length > 0 || !live)
        arm((seconds) => `nothing came for ${seconds} s, though a beat is due each second`);
    }
    return { why: 'the daemon ended the stream', refused: false };
  } catch (thrown) {
    return { why: silence ?? causeOf(thrown), refused: false };
  } finally {
    disarm();
    controller.abort();
  }
}
