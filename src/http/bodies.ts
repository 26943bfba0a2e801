// Bodies: unpacks gzip and deflate bodies while they are read, and parses them. The parser counts
// unpacked bytes and stops at its limit, so a small packed body cannot fill the memory.
import { createGunzip, createInflate } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';

/**
 * The most bytes that a client may still send after a refusal: of a body that was too large, and of
 * any other body.
 */
const DRAINED_BYTES_MOST = { tooLarge: 8 * 1_024 * 1_024, other: 262_144 } as const;
/** The time in which the client may send them. Milliseconds. */
const DRAINED_MS_MOST = 5_000;

const UNPACKERS = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate } as const;
const isPacked = (text: string): text is keyof typeof UNPACKERS => Object.hasOwn(UNPACKERS, text);

/**
 * Installs the unpacking and the parsing, and lets a client that is still sending a refused body
 * read the refusal. A body in another encoding is answered `encoding_unsupported`, one that cannot
 * be unpacked or is no JSON `body_invalid`.
 */
export function installBodies(app: FastifyInstance, clock: Clock): void {
  // Fastify reads text/plain of its own accord: a body of JSON would be one text.
  app.removeContentTypeParser('text/plain');
  const parse = app.getDefaultJsonParser('ignore', 'ignore');
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    (request, body: string, done) => {
      // Many clients name this type with every request, also where they send no body.
      if (body === '') return done(null);
      // The parser's own message quotes the body, which may hold a key.
      void parse(request, body, (thrown, value) =>
        done(
          thrown === null
            ? null
            : new Fault('body_invalid', 'The body is not valid JSON. Send one JSON object.'),
          value,
        ),
      );
    },
  );
  app.addHook('preParsing', async (request, _reply, payload) => {
    const encoding = String(request.headers['content-encoding'] ?? 'identity').toLowerCase();
    if (encoding === 'identity' || request.is404) return payload;
    if (!isPacked(encoding))
      throw new Fault('encoding_unsupported', 'Send the body plain, or as gzip or deflate.');
    const unpacked = UNPACKERS[encoding]();
    // When the route reads no body, no other listener exists, and an unhandled error event would
    // end the process.
    unpacked.on('error', () => {});
    let received = 0;
    payload.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    payload.on('error', (thrown: Error) => unpacked.destroy(thrown));
    payload.pipe(unpacked);
    // Fastify compares both counts, packed and unpacked, with the route's limit.
    Object.defineProperty(unpacked, 'receivedEncodedLength', { get: () => received });
    return unpacked;
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const { raw } = request;
    if (reply.statusCode < 400 || raw.complete || raw.destroyed || raw.readableEnded)
      return payload;
    // Closing a connection with unread bytes resets it, and the client may lose the answer. So the
    // connection of a client that asked for closing is closed once it has sent the rest.
    reply.removeHeader('connection');
    const { raw: response } = reply;
    const closesAfter = !response.shouldKeepAlive;
    response.shouldKeepAlive = true;
    const most = DRAINED_BYTES_MOST[reply.statusCode === 413 ? 'tooLarge' : 'other'];
    const ended = new AbortController();
    const close = (): void => void raw.socket.destroy();
    void clock.sleep(DRAINED_MS_MOST, ended.signal).then(() => {
      if (!ended.signal.aborted) close();
    });
    let drained = 0;
    raw.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > most) close();
    });
    raw.once('close', () => ended.abort('closed'));
    raw.once('end', () => {
      ended.abort('ended');
      if (!closesAfter) return;
      if (response.writableFinished) raw.socket.end();
      else response.once('finish', () => raw.socket.end());
    });
    raw.resume();
    return payload;
  });
}
