// Refusing proxy: what stands before Postgres takes connections and closes them again, because the
// Postgres behind it is gone. A query is refused at once, and the proxy is not stormed.
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';

test('a connection that is closed before Postgres is ready refuses the query, and no other follows', async () => {
  let taken = 0;
  const server = createServer((socket) => {
    taken++;
    socket
      .on('error', () => {})
      .resume()
      .end();
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const sql = openDatabase(`postgres://u:p@127.0.0.1:${port}/x`, silentLog, 2);
  onTestFinished(() => sql.end({ timeout: 1 }));
  for (let n = 1; n <= 3; n++) {
    await expect(sql`select 1`).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(taken).toBe(n);
  }
});
