// Intake server: one way of taking webhook bodies, in a process of its own: `parse` parses and
// forgets, `insert` stores each request by itself, `bailiff` is the production route and ledger.
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { createReceive } from '../../src/flows/webhook-intake.ts';
import { webhookRoutes } from '../../src/http/webhook.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createDeliveries } from '../../src/ledger/deliveries.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';

const [mode, url] = process.argv.slice(2);
const app = Fastify({ logger: false, bodyLimit: 5_000_000 });
const sql = openDatabase(url ?? '', silentLog, 10);
if (mode === 'parse') app.post('/webhooks/helius', async () => ({ stored: false }));
if (mode === 'insert') {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.post('/webhooks/helius', async (request) => {
    const row = { received_at: new Date(), body: request.body as Buffer };
    await sql`insert into delivery ${sql(row)}`;
    return { stored: true };
  });
}
if (mode === 'bailiff') {
  const receive = createReceive(
    createDeliveries(sql),
    systemClock,
    { waitingBytesMost: 1e9, parcelBytesMost: 8_388_608, patienceMs: 60_000 },
    () => {},
  );
  app.register(webhookRoutes, {
    receive,
    secrets: ['Bearer bench'],
    bytesMost: 5_000_000,
    onDelivery: () => {},
  });
}
await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${(app.server.address() as AddressInfo).port}\n`);
process.on('SIGTERM', () => process.exit(0));
