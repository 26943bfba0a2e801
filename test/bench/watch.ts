// Watch: 100,000 watched accounts: reading the watch-list at start, the memory it takes,
// subscribing all of them, and one full sweep over a local RPC server that answers as fast as it
// can.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { createChain } from '../../src/chain/chain.ts';
import { openFeed } from '../../src/chain/feed.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import { type Address, base58Text } from '../../src/core/ids.ts';
import { SOURCES } from '../../src/core/source.ts';
import { createTip } from '../../src/core/tip.ts';
import { venuesOf } from '../../src/core/venue.ts';
import { createAccountChanges } from '../../src/flows/account-changes.ts';
import { createAside } from '../../src/flows/aside.ts';
import { createSources } from '../../src/flows/sources.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { NO_TABLES } from '../support/no-tables.ts';

const ACCOUNTS = 100_000;
const never = new AbortController().signal;
const mebibytes = (): number => {
  global.gc?.();
  return process.memoryUsage().heapUsed / 1024 / 1024;
};
const say = (what: string, value: string) =>
  process.stdout.write(`  ${what.padEnd(44)} ${value}\n`);

/** An RPC node with nothing but accounts in it, all alike. */
async function openNode() {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { id, params } = JSON.parse(Buffer.concat(chunks).toString());
      const { length } = params[1].dataSlice;
      const data = [Buffer.alloc(length).toString('base64'), 'base64'];
      const account = {
        lamports: 1,
        owner: '11111111111111111111111111111111',
        data,
        executable: false,
        rentEpoch: 0,
        space: length,
      };
      const value = params[0].map(() => account);
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { context: { slot: 7 }, value } }));
    });
  });
  const sockets = new WebSocketServer({ server });
  let ids = 0;
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { id } = JSON.parse(String(data));
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: ++ids }));
    });
    const slots = setInterval(
      () =>
        socket.send(
          '{"jsonrpc":"2.0","method":"slotNotification","params":{"subscription":0,"result":{"slot":7}}}',
        ),
      400,
    );
    socket.on('close', () => clearInterval(slots));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const each of sockets.clients) each.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function benchWatch(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-bench-'));
  const postgres = await openPostgres({ folder, clock, log });
  const sql = openDatabase(postgres.url, log, 4);
  await migrate(sql, log);
  const node = await openNode();
  try {
    process.stdout.write(`\n${ACCOUNTS.toLocaleString('en')} watched accounts\n`);
    // Subscribers with a user, a wallet and a token account each; addresses that no other has.
    const address = (n: number): string => {
      const bytes = Buffer.alloc(32, 7);
      bytes.writeUInt32BE(n, 4);
      return base58Text(bytes);
    };
    const people = Math.ceil(ACCOUNTS / 3);
    for (let from = 0; from < people; from += 5_000) {
      const ids = Array.from(
        { length: Math.min(5_000, people - from) },
        (_, index) => from + index,
      );
      await sql`insert into subscriber ${sql(ids.map((n) => ({ subscriber_id: `s${n}`, agent_wallet: address(3 * n), agent_token_account: address(3 * n + 1) })))}`;
      const roles = ['agent_wallet', 'agent_token_account', 'drift_user'];
      for (const [index, role] of roles.entries()) {
        const rows = ids.map((n) => ({
          address: address(3 * n + index),
          subscriber_id: `s${n}`,
          role,
          sub_account_id: role === 'drift_user' ? 0 : null,
          cursor_slot: 1,
        }));
        await sql`insert into account ${sql(rows)}`;
      }
    }
    const ledger = createLedger(sql);
    const before = mebibytes();
    let startedMs = performance.now();
    const watched = await loadWatched(ledger.watchList);
    say('start: reading the watch-list', `${(performance.now() - startedMs).toFixed(0)} ms`);
    say('memory of the watch-list', `${(mebibytes() - before).toFixed(1)} MiB`);

    const sources = createSources(SOURCES, () => true);
    const connection = openConnection(`http://127.0.0.1:${node.port}`, null);
    const chain = createChain(
      {
        connection,
        witnesses: { first: { connection, ofOurChain: async () => true }, second: null },
        tip: createTip(() => clock.nowMs()),
        witnessed: <T>(read: () => Promise<T>) => read(),
      },
      NO_TABLES,
    );
    const venues = venuesOf([createDriftVenue()]);
    const watch = createAccountChanges({
      ledger,
      chain,
      venues,
      watched,
      sources,
      aside: createAside({ ledger, clock, log }),
      canBe: () => true,
      clock,
      log,
      trustFirstSight: true,
      webhooks: true,
      burst: { named: () => {}, changed: () => {}, on: () => false, onSince: () => false },
      ownSignatures: { underWay: () => false },
      owes: () => false,
      onChange: () => {},
      onLeaving: () => {},
      doubt: () => {},
    });
    const all = [...watched.map.values()];
    const held = mebibytes();
    for (const name of ['one full sweep', 'another, with nothing new']) {
      startedMs = performance.now();
      const cpu = process.cpuUsage();
      await watch.sweep(all, never);
      const { user, system } = process.cpuUsage(cpu);
      say(
        name,
        `${(performance.now() - startedMs).toFixed(0)} ms, ${Math.ceil(all.length / 100) + 2} calls, ${((user + system) / 1000).toFixed(0)} ms CPU (node included)`,
      );
    }
    say('memory of their pulses', `${(mebibytes() - held).toFixed(1)} MiB`);

    const unsubscribed = mebibytes();
    startedMs = performance.now();
    const subscribing = process.cpuUsage();
    const feed = openFeed({
      sliceOf: () => null,
      url: `ws://127.0.0.1:${node.port}`,
      clock,
      log,
      silentAfterMs: 20_000,
      accountsPerSocket: 1_000,
      admit: async () => true,
      canBe: () => true,
      // The default of 64 sockets carries 64,000 accounts.
      socketsMost: 128,
      onSlot: () => {},
      onAccount: () => {},
      onSubscribed: () => {},
    });
    feed.follow(all.map((each) => each.address as Address));
    while (feed.status().subscribed < all.length) await clock.sleep(10, never);
    const { user, system } = process.cpuUsage(subscribing);
    say(
      'subscribing all of them',
      `${(performance.now() - startedMs).toFixed(0)} ms over ${feed.status().sockets} sockets, ${((user + system) / 1000).toFixed(0)} ms CPU (node included)`,
    );
    say(
      'memory of the subscriptions (node included)',
      `${(mebibytes() - unsubscribed).toFixed(1)} MiB`,
    );
    await feed.close();
  } finally {
    node.close();
    await sql.end();
    await postgres.close();
    for (const each of [folder, postgres.home]) rmSync(each, { recursive: true, force: true });
  }
  return true;
}
