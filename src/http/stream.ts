// Stream: the roster as server-sent events, for engines that decide in their own process. A reader
// is sent the whole roster, or the changes since its `Last-Event-ID` when the ledger still has that
// very change; then every change, by gapless revision; and a beat each second that says how fresh
// the roster is. A reader whose unread bytes exceed `http.streamBytesMost` is dropped and begins
// anew, so that it delays no other reader; of all readers together `http.streamsBytesMost` may
// wait, and beyond it the one with most unread bytes is dropped. A reader whose API key was revoked
// is dropped when the daemon reads the keys.
import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsync } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import { type Mark, type Roster, type RosterOptions, UNEXPLAINED } from '../core/roster.ts';
import { helloOf, markOf, markText, type WireBeat, type WireEntry } from '../core/wire.ts';
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
  readonly authority: Pick<Authority, 'judge' | 'onRead'>;
};

const ENTRIES_A_MESSAGE = 500;
/** Beyond so many changes a whole hydration is cheaper. */
const CATCH_UP_MOST = 10_000;

const message = (event: string, data: unknown, at?: Mark): string =>
  `${at === undefined ? '' : `id: ${markText(at)}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

export const streamRoutes: FastifyPluginAsync<StreamOptions> = async (app, options) => {
  const { roster, publisher, ledger, clock, log, rules } = options;
  const { streamsMost, streamBytesMost, streamsBytesMost } = options.bounds;
  /**
   * Open streams, each with the Authorization header that its reader sent, and what drops the
   * reader.
   */
  const open = new Map<ServerResponse, { readonly header: string | undefined; drop(): void }>();
  /** What waited for all readers when it was last counted, and what was written since. */
  let counted = 0;
  let written = 0;
  /** Drops the reader with most unread bytes when those of all readers exceed their bound. */
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
      if (options.authority.judge(header, 'gate:read') === 'yes') continue;
      response.end();
      log.warn('stream.key_revoked', { revision: publisher.revision });
    }
  });
  app.addHook('onClose', async () => forget());

  const beatView = (): WireBeat => {
    const { asOfSlot, observedAtMs } = roster.freshness();
    return {
      revision: publisher.revision.toString(),
      asOfSlot,
      ageMs: observedAtMs === null ? null : clock.nowMs() - observedAtMs,
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
      if (open.size >= streamsMost)
        throw new Fault('not_ready', `${open.size} streams are open; no more are taken.`);
      const given = request.headers['last-event-id'];
      const since = typeof given === 'string' ? markOf(given) : null;
      // The reader comes from another daemon, which was told of a change before this one.
      if (since !== null && since.revision > publisher.revision) await publisher.pull();
      reply.hijack();
      const response = reply.raw;
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        // A proxy that compresses or buffers would hold changes back.
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      // The reader comes back with the last revision it has seen.
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
        else holdTogether(text.length);
      };
      // Changes that come while the past is being sent wait here, so that revisions stay in order.
      let waiting: string[] | null = [];
      const reader: Reader = {
        change(entry) {
          const text = message('change', entryView(entry), entry);
          if (waiting === null) send(text);
          else if (waiting.push(text) > CATCH_UP_MOST) drop();
        },
        // Not before the reader has everything: a beat says that it may be vouched for.
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
          // A whole roster is more than may wait: it is written as fast as it is read.
          if (response.writableLength > streamBytesMost / 2 && !response.destroyed)
            await new Promise<void>((resolve) => {
              response.once('drain', resolve);
              response.once('close', resolve);
            });
        };
        // What changes meanwhile waits, and is told again after it.
        for (const entry of roster.all()) {
          if (chunk.push(entryView(entry)) === ENTRIES_A_MESSAGE) await flush();
          if (response.destroyed || response.writableEnded) return;
        }
        // At least one message, so that a reader knows that nobody is left of those it knew.
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
