// Problems: answers every error as RFC 9457 problem+json with a stable type, including errors that
// Node and Fastify find before a route is reached. A problem below 500 says what to do. One of 500
// and above does not say its cause, which may contain a secret; the cause is logged.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FAULTS, Fault, type FaultCode, messageOf } from '../core/fault.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { Log } from '../core/ports.ts';
import { SAFE_HEADERS } from './headers.ts';

type Problem = { type: string; title: string; status: number; detail: string };

const problem = (code: FaultCode | 'internal', status: number, detail: string): Problem => ({
  type: `urn:bailiff:problem:${code}`,
  title: code,
  status,
  detail,
});

/** The code for an HTTP status that Fastify chose itself. */
const codeOf = (status: number): FaultCode => {
  if (status === 413) return 'body_too_large';
  if (status === 415) return 'encoding_unsupported';
  if (status === 404) return 'not_found';
  return 'body_invalid';
};

function problemOf(thrown: unknown): Problem {
  // The driver's message may name internal hosts and is not passed on.
  if (ledgerFault(thrown) !== thrown)
    return problem('ledger_unavailable', 503, 'Postgres cannot do this just now. Ask again.');
  if (thrown instanceof Fault)
    return problem(thrown.code, FAULTS[thrown.code].status, thrown.message);
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return problem(codeOf(status), status, messageOf(thrown));
  return problem('internal', 500, 'An internal error occurred. It has been logged.');
}

const send = (reply: FastifyReply, told: Problem): FastifyReply =>
  reply
    .code(told.status)
    .header('link', `</problems/${told.title}>; rel="help"`)
    .type('application/problem+json')
    .send(told);

/**
 * Answers errors of the router before a route is known: a malformed URL, or a parameter that is too
 * long.
 */
export function frameworkProblem(
  thrown: Error & { statusCode?: number },
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  const status = thrown.statusCode ?? 400;
  // No hook has run for this request, so the headers are set here.
  void send(
    reply.headers(SAFE_HEADERS),
    problem('request_invalid', status, 'The URL cannot be read.'),
  );
}

const BROKEN: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are larger than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive whole in time.'],
};

/** Answers a request with an `Expect` header other than `100-continue`. */
export function expectationProblem(_request: IncomingMessage, response: ServerResponse): void {
  const told = problem('request_invalid', 417, 'The only expectation that is met is 100-continue.');
  response.writeHead(417, {
    ...SAFE_HEADERS,
    'content-type': 'application/problem+json',
    connection: 'close',
  });
  response.end(JSON.stringify(told));
}

/** Answers bytes that Node could not read as a request, and closes the connection. */
export function clientProblem(
  thrown: Error & { code?: string },
  socket: Socket,
  onAnswered: (status: number) => void = () => {},
): void {
  if (thrown.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const [status, detail] = BROKEN[thrown.code ?? ''] ?? [400, 'This is not an HTTP request.'];
  onAnswered(status);
  const body = JSON.stringify(problem('request_invalid', status, detail));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\n` +
      `X-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Installs the handlers of errors and of unknown routes. */
export function installProblems(
  app: FastifyInstance,
  log: Log,
  idOf: (request: IncomingMessage) => string | null,
): void {
  app.setErrorHandler((thrown, request, reply) => {
    const told = problemOf(thrown);
    if (told.status >= 500)
      log.error('http.failed', {
        request: idOf(request.raw),
        method: request.method,
        route: request.routeOptions.url,
        err: thrown,
      });
    void send(reply, told);
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    void send(reply, problem('not_found', 404, `There is no ${request.method} ${path}.`));
  });
}
