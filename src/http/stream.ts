// Stream: sends the roster as server-sent events to engines that decide in their own process. A
// reader first gets the whole roster, or only the changes since its `Last-Event-ID` if the ledger
// still has that change. Then it gets every change, by revisions without gaps, each doubt about a
// subscriber that begins between two beats, and a beat each second with the age of the roster. A
// reader with more than `http.streamBytesMost` unread bytes is dropped and connects anew, so that
// it delays no other. When all readers together have more than `http.streamsBytesMost` unread
// bytes, the one with most is dropped. A reader whose API key was revoked is dropped when the
// daemon next reads the keys.
import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsync } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import { type Roster, type RosterOptions, UNEXPLAINED } from '../core/roster.ts';
import type { Mark } from '../core/roster-entry.ts';
import { isoTime } from '../core/time.ts';
import {
  helloOf,
  markOf,
  markText,
  type WireBeat,
  type WireDoubt,
  type WireEntry,
} from '../core/wire.ts';
import type { Publisher, Reader } from '../flows/publish.ts';
import { entryView } from './answers.ts';
import type { Authority } from './auth.ts';

export type StreamOptions = {
  readonly roster: Roster;
  readonly publisher: Publisher;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: RosterOptions;
  readonly bounds: {
    readonly streamsMost: number;
    readonly streamBytesMost: number;
    readonly streamsBytesMost: number;
  };
  readonly authority: Pick<Authority, 'permits' | 'onRead'>;
};

const ENTRIES_A_MESSAGE = 500;
/** With more changes than this, sending the whole roster is cheaper. */
const CATCH_UP_MOST = 10_000;

const message = (event: string, data: unknown, at?: Mark): string =>
  `${at === undefined ? '' : `id: ${markText(at)}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** The route of the stream. */
export const streamRoutes: FastifyPluginAsync<StreamOptions> = async (app, options) => {
  const { roster, publisher, ledger, clock, log, rules } = options;
  const { streamsMost, streamBytesMost, streamsBytesMost } = options.bounds;
  /**
   * Open streams, each with the Authorization header of its reader and the function that drops it.
   */
  const open = new Map<ServerResponse, { readonly header: string | undefined; drop(): void }>();
  /** Unread bytes of all readers at the last count, and bytes written since. */
  let counted = 0;
  let written = 0;
  /** Drops the reader with most unread bytes when all readers together exceed their bound. */
  const holdTogether = (bytes: number): void => {
    written += bytes;
    if (counted + written <= streamsBytesMost) return;
    let worst: ServerResponse | null = null;
    counted = 0;
    written = 0;
    for (const each of open.keys()) {
      counted += each.writableLength;
      if (worst === null || each.writableLength > worst.writableLength) worst = each;
    }
    if (counted > streamsBytesMost && worst !== null) open.get(worst)?.drop();
  };
  app.addHook('preClose', async () => {
    for (const each of open.keys()) each.end();
  });
  const forget = options.authority.onRead(() => {
    for (const [response, { header }] of open) {
      if (options.authority.permits(header, 'gate:read') === 'yes') continue;
      response.end();
      log.warn('stream.key_revoked', { revision: publisher.revision });
    }
  });
  app.addHook('onClose', async () => forget());

  const beatView = (): WireBeat => {
    const { asOfSlot, observedAtMs } = roster.freshness();
    const nowMs = clock.nowMs();
    return {
      revision: publisher.revision.toString(),
      asOfSlot,
      ageMs: observedAtMs === null ? null : nowMs - observedAtMs,
      now: isoTime(nowMs),
      doubt: roster.doubts.all,
      doubted: [...roster.doubts.of],
      doubts: [...roster.doubts.why]
        .filter(([, doubt]) => doubt !== UNEXPLAINED)
        .map(([subscriber, doubt]) => ({ subscriber, ...doubt })),
    };
  };

  app.get(
    '/v1/gate/stream',
    { config: { scope: 'gate:read', patienceMs: 'never' } },
    async (request, reply) => {
      // A HEAD is answered by the headers, and takes no place.
      if (request.method === 'HEAD')
        return reply
          .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
          .send();
      const requireRoom = (): void => {
        if (open.size >= streamsMost)
          throw new Fault(
            'not_ready',
            `${open.size} readers of the stream are connected, as http.streamsMost allows. Connect again later.`,
          );
      };
      requireRoom();
      const given = request.headers['last-event-id'];
      const since = typeof given === 'string' ? markOf(given) : null;
      // The reader comes from another daemon, which has seen a change that this one has not.
      if (since !== null && since.revision > publisher.revision) await publisher.pull();
      // Checked again: while the changes were pulled, other readers may have taken the last places,
      // and this reader may have left, whose `close` event would not come again.
      requireRoom();
      const response = reply.raw;
      reply.hijack();
      if (response.destroyed || request.raw.destroyed) return;
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        // A proxy that compresses or buffers would delay changes.
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      // A dropped reader connects again with the last revision that it has.
      const drop = (): void => {
        if (response.destroyed) return;
        response.destroy();
        log.warn('stream.reader_dropped', { from: request.ip, revision: publisher.revision });
      };
      open.set(response, { header: request.headers.authorization, drop });
      const send = (text: string): void => {
        if (response.destroyed || response.writableEnded) return;
        response.write(text);
        if (response.writableLength > streamBytesMost) drop();
        else holdTogether(Buffer.byteLength(text));
      };
      // Changes that arrive while the past is being sent wait here, so that revisions stay in
      // order.
      let waiting: string[] | null = [];
      const reader: Reader = {
        change(entry) {
          const text = message('change', entryView(entry), entry);
          if (waiting === null) send(text);
          else if (waiting.push(text) > CATCH_UP_MOST) drop();
        },
        // While the roster is being sent this is left to the beat that follows.
        doubt(subscriber, doubt) {
          const told: WireDoubt = { subscriber, ...doubt };
          if (waiting === null) send(message('doubt', told));
        },
        // No beat is sent before the reader has everything, because a beat says that decisions are
        // valid.
        beat() {
          if (waiting === null) send(message('beat', beatView()));
        },
        end: drop,
      };
      const stop = publisher.subscribe(reader);
      response.on('close', () => {
        stop();
        open.delete(response);
      });
      send(message('hello', helloOf(rules)));
      const { mark } = publisher;
      const at = mark.revision;
      const missed =
        since === null || since.revision > at || at - since.revision > BigInt(CATCH_UP_MOST)
          ? null
          : await ledger.standings.changesSince(since, CATCH_UP_MOST).catch(() => null);
      if (missed === null) {
        let chunk: WireEntry[] = [];
        const flush = async (): Promise<void> => {
          send(message('entries', chunk));
          chunk = [];
          // The whole roster exceeds the bound of unread bytes, so it is written only as fast as it
          // is read.
          if (response.writableLength > streamBytesMost / 2 && !response.destroyed)
            await new Promise<void>((resolve) => {
              response.once('drain', resolve);
              response.once('close', resolve);
            });
        };
        // Changes that arrive meanwhile wait and are sent after the roster.
        for (const entry of roster.all()) {
          if (chunk.push(entryView(entry)) === ENTRIES_A_MESSAGE) await flush();
          if (response.destroyed || response.writableEnded) return;
        }
        // At least one message is sent, so that a reader can tell that its old entries are gone.
        await flush();
      } else {
        for (const entry of missed)
          if (entry.revision <= at) send(message('change', entryView(entry), entry));
      }
      send(message('live', { revision: at.toString() }, mark));
      for (const text of waiting) send(text);
      waiting = null;
      reader.beat();
    },
  );
};
