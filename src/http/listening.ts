// Listening: opens the address at which the daemon serves its API.
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Fault, messageOf } from '../core/fault.ts';

/**
 * The remedy that an operator is told of when an address cannot be opened, by the error code of the
 * operating system.
 */
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another process listens there, perhaps a daemon that still runs. End it, or set BAILIFF_HTTP_PORT to a free port',
  EADDRNOTAVAIL:
    'this machine has no such address. Set BAILIFF_HTTP_HOST to one of its own, 127.0.0.1 or 0.0.0.0',
  EACCES: 'this user may not open that port. Set BAILIFF_HTTP_PORT to one from 1024 on',
  ENOTFOUND: 'the host has no address. Set BAILIFF_HTTP_HOST to an address of this machine',
};

/**
 * Listens at an address; port 0 takes a free one. Returns the URL with the port that was taken.
 * Throws `settings_invalid` when the address cannot be opened.
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    const why = REMEDIES[code ?? ''] ?? messageOf(thrown);
    throw new Fault('settings_invalid', `The API cannot listen at ${host}:${port}: ${why}.`, {
      cause: thrown,
    });
  }
  return `http://${host}:${(app.server.address() as AddressInfo).port}`;
}
