// Problems: answers every error as RFC 9457 problem+json with a stable type, including errors that
// Node and Fastify find before a route is reached. A `Fault` is answered with its own sentence. For
// an error of the Postgres driver, and for any other error of 500 and above, the answer does not
// have the error's message, which may name a host or contain a secret; the error is logged.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FAULTS, Fault, type FaultCode, messageOf } from '../core/fault.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { Clock, Log } from '../core/ports.ts';
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

/** The remedy for an error of which Fastify only names the status. */
const REMEDIES: Readonly<Record<number, string>> = {
  413: 'The body is larger than this route takes.',
  415: 'Send the body as application/json, plain or packed with gzip or deflate.',
};

function problemOf(thrown: unknown): Problem {
  // The driver's message may name internal hosts and is not passed on.
  if (ledgerFault(thrown) !== thrown)
    return problem('ledger_unavailable', 503, 'Postgres cannot do this just now. Ask again.');
  if (thrown instanceof Fault)
    return problem(thrown.code, FAULTS[thrown.code].status, thrown.message);
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return problem(codeOf(status), status, REMEDIES[status] ?? messageOf(thrown));
  return problem('internal', 500, 'An internal error occurred. It has been logged.');
}

/** The HTTP status by which an error that a handler threw is answered. */
export const statusOf = (thrown: unknown): number => problemOf(thrown).status;

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

/** Answers a request before Fastify sees it, and closes its connection. */
function answerBare(response: ServerResponse, status: number, detail: string): void {
  response.writeHead(status, {
    ...SAFE_HEADERS,
    'content-type': 'application/problem+json',
    connection: 'close',
  });
  response.end(JSON.stringify(problem('request_invalid', status, detail)));
}

/** Answers a request whose Expect header is not `100-continue`, the only one that is met. */
export function expectationProblem(_request: IncomingMessage, response: ServerResponse): void {
  answerBare(response, 417, 'The only expectation that is met is 100-continue.');
}

/**
 * Answers a request of HTTP/1.1 that names no host, and returns whether it did. RFC 9112 wants it
 * refused; Node would do so without a problem in the body.
 */
export function hostProblem(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers.host !== undefined || request.httpVersion !== '1.1') return false;
  answerBare(response, 400, 'A request of HTTP/1.1 has a Host header.');
  return true;
}

/**
 * Writes an answer to a connection that Node has given up reading, and closes it at once. A client
 * that never closes its own side would otherwise keep the connection for good: no time-out of the
 * server counts for it any more.
 */
function answerSocket(socket: Duplex, status: number, detail: string): void {
  const body = JSON.stringify(problem('request_invalid', status, detail));
  const headers = {
    ...SAFE_HEADERS,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // A client that is gone already resets the connection: nothing is left to be done.
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}

/** Answers bytes that Node could not read as a request, and closes the connection. */
export function clientProblem(
  thrown: Error & { code?: string },
  socket: Socket,
  onAnswered: (status: number) => void = () => {},
): void {
  if (socket.destroyed) return;
  if (thrown.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, detail] = BROKEN[thrown.code ?? ''] ?? [400, 'This is not an HTTP request.'];
  onAnswered(status);
  answerSocket(socket, status, detail);
}

/** Answers a request for a tunnel (CONNECT), which Node would close without an answer. */
export function tunnelProblem(socket: Duplex, onAnswered: (status: number) => void): void {
  onAnswered(405);
  answerSocket(socket, 405, 'CONNECT is not done here: this is no proxy.');
}

/**
 * On public routes, a client beyond the rate limit is answered after this time. Refusing costs as
 * much as answering, so with answers at once a few hundred connections would take the CPU time that
 * the gate needs.
 */
const REFUSED_AFTER_MS = 1_000;

/** Answers after a second, or when the client has gone. */
async function slowly(clock: Clock, reply: FastifyReply, answer: () => void): Promise<void> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort('closed'));
  await clock.sleep(REFUSED_AFTER_MS, gone.signal);
  answer();
}

/** Installs the handlers of errors and of unknown routes. */
export function installProblems(
  app: FastifyInstance,
  log: Log,
  clock: Clock,
  idOf: (request: IncomingMessage) => string | null,
): void {
  const nowhere = ({ method, url }: FastifyRequest): Problem =>
    problem('not_found', 404, `There is no ${method} ${url.split('?')[0]}.`);
  app.setErrorHandler((thrown, request, reply) => {
    // The client closed the connection amid its body: no client reads the answer, and nothing
    // failed.
    if (request.raw.destroyed && !request.raw.complete)
      return void send(reply, problem('request_invalid', 400, 'The body did not arrive whole.'));
    const told = problemOf(thrown);
    // Where there is no route, a body that does not fit is not reported: the route is missing.
    if (request.is404 && told.status < 500 && told.status !== 413)
      return void send(reply, nowhere(request));
    if (told.status >= 500) {
      const fault = ledgerFault(thrown);
      // A fault that passes by itself may come with every request of an outage, so its stack is
      // left out.
      const passing = fault instanceof Fault && fault.retry === 'later';
      log[passing ? 'warn' : 'error']('http.failed', {
        request: idOf(request.raw),
        method: request.method,
        route: request.routeOptions.url,
        ...(passing ? { message: messageOf(fault) } : { err: thrown }),
      });
    }
    if (told.title === 'rate_limited' && request.routeOptions.config.scope === 'public')
      void slowly(clock, reply, () => void send(reply, told));
    else void send(reply, told);
  });
  app.setNotFoundHandler((request, reply) => void send(reply, nowhere(request)));
}
