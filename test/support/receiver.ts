// Receiver: a server that takes events as a platform would, and a ledger with an endpoint that
// leads to it.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVault } from '../../src/chain/vault.ts';
import { endpointBinding } from '../../src/core/bindings.ts';
import type { MasterKeyTrouble } from '../../src/core/master-key.ts';
import { createNotify } from '../../src/flows/notify.ts';
import { createEventSender } from '../../src/system/event-sender.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from './clock.ts';
import { createTestLedger } from './ledger.ts';

type Received = { headers: IncomingHttpHeaders; body: string };
/**
 * A receiver on a real socket, which answers with the present `status`; 101 asks for another
 * protocol.
 */
export async function openReceiver() {
  const received: Received[] = [];
  const state = { status: 200, location: '' };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      if (state.status === 101) {
        const named =
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
        request.socket.write(named);
        return;
      }
      response.writeHead(state.status, state.location === '' ? {} : { location: state.location });
      response.end('what it says is nobody’s business');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    received,
    state,
    kinds: () => received.map((each) => (JSON.parse(each.body) as { type: string }).type),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** `run` hands on what is due, by a clock that the test turns. */
export async function withEndpoint() {
  const held = await createTestLedger();
  const receiver = await openReceiver();
  const vault = createVault({ masterKey: new Uint8Array(32).fill(7), nextMasterKey: null });
  const { ledger, sql } = held;
  const secret = Buffer.from(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
  const add = (id: string, url: string) =>
    ledger.endpoints.create({
      id,
      url,
      kinds: null,
      secret: vault.seal(endpointBinding(id), secret),
    });
  await add('e1', receiver.url);
  // Postgres says when an event was written; our clock when it is tried. It is an hour ahead, so
  // that an event that the test writes is due, however slow the machine.
  const [row] = await sql<{ now: Date }[]>`select now() + interval '1 hour' as now`;
  const clock = createManualClock(row?.now.getTime() ?? 0);
  const sender = createEventSender({ allowPrivate: true, ports: [443] });
  const masterKey = { trouble: () => trouble };
  let trouble: MasterKeyTrouble | null = null;
  const ports = { ledger, vault, masterKey, sender, clock, log: silentLog };
  // A run waits for every answer, however long it takes.
  const { run } = createNotify(
    { ...ports, clock: { ...clock, sleep: () => new Promise<void>(() => {}) } },
    () => {},
  );
  const isWrong = (wrong: MasterKeyTrouble | null): void => {
    trouble = wrong;
  };
  return {
    ...held,
    receiver,
    clock,
    ports,
    add,
    run,
    isWrong,
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      await held[Symbol.asyncDispose]();
    },
  };
}
