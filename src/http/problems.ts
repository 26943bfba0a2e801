// Problems: every error as RFC 9457 problem+json, with a stable type. What is under 500 says what to do; what is not
// says nothing that could be a secret.
import type { FastifyInstance } from 'fastify';
import { FAULTS, Fault, messageOf } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';

type Problem = { type: string; title: string; status: number; detail: string };

function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Fault) {
    const { status } = FAULTS[thrown.code];
    return {
      type: `urn:bailiff:problem:${thrown.code}`,
      title: thrown.code,
      status,
      detail: thrown.message,
    };
  }
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const code = status === 413 ? 'body_too_large' : 'body_invalid';
    return { type: `urn:bailiff:problem:${code}`, title: code, status, detail: messageOf(thrown) };
  }
  return {
    type: 'urn:bailiff:problem:internal',
    title: 'internal',
    status: 500,
    detail: 'Something went wrong here. It has been logged.',
  };
}

export function installProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((thrown, request, reply) => {
    const problem = problemOf(thrown);
    if (problem.status >= 500)
      log.error('http.failed', {
        method: request.method,
        route: request.routeOptions.url,
        err: thrown,
      });
    void reply
      .code(problem.status)
      .header('link', `</problems/${problem.title}>; rel="help"`)
      .type('application/problem+json')
      .send(problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const detail = `There is no ${request.method} ${request.url.split('?')[0]}.`;
    void reply
      .code(404)
      .type('application/problem+json')
      .send({ type: 'urn:bailiff:problem:not_found', title: 'not_found', status: 404, detail });
  });
}
