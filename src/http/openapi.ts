// OpenAPI: describes the API from the schemas that validate it, as JSON and as a page.
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { FAULTS, type FaultCode } from '../core/fault.ts';
import { describedEvents } from './event-shapes.ts';
import { pagePolicy } from './headers.ts';
import { withNames } from './named-schemas.ts';
import { COMMON_PROBLEMS, INPUT_PROBLEMS, ROUTES, type Route, WRITE_PROBLEMS } from './routes.ts';

type Answers = Readonly<Record<string, unknown>>;
/** The answers of a route on success; 204 when it declares none. */
const answersOf = (declared: unknown): Answers =>
  (declared as Answers | undefined) ?? { 204: { type: 'null', description: 'Done.' } };

/** Whether a route answers from memory, without rate limit and ledger. */
const inMemory = (name: string): boolean => name.includes('/v1/gate');
const OF_THE_LEDGER: readonly FaultCode[] = ['rate_limited', 'ledger_unavailable'];
/** Routes that compare the ledger with the chain first (flows/ending.ts). */
const ENDS_DEBTS: ReadonlySet<string> = new Set([
  'POST /v1/adoptions',
  'POST /v1/shares/{id}/void',
]);

/** Whether a route changes something, and so takes an Idempotency-Key. */
const changes = (name: string): boolean => !name.startsWith('GET ') && name !== 'POST /v1/gate';

const IdempotencyKey = Type.Object({
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[!-~]+$',
      description:
        'Any text of your own. The same request under the same key is done once, and answered alike.',
    }),
  ),
});

/** The problems of a route by status, each with its codes. */
function problemsOf(name: string, { problems }: Route): Answers {
  const codes: FaultCode[] = [
    ...COMMON_PROBLEMS.filter((code) => !inMemory(name) || !OF_THE_LEDGER.includes(code)),
    ...(name.startsWith('GET ') ? [] : INPUT_PROBLEMS),
    ...(changes(name) ? WRITE_PROBLEMS : []),
    ...(ENDS_DEBTS.has(name) ? (['books_behind', 'rpc_unavailable'] as const) : []),
    ...problems,
  ];
  const byStatus = Map.groupBy(codes, (code) => FAULTS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: `Problem: ${some.join(', ')}.`,
        content: { 'application/problem+json': { schema: Problem } },
      },
    ]),
  );
}

const Problem = Type.Object({
  type: Type.String({ description: 'urn:bailiff:problem: and the code; it never changes.' }),
  title: Type.String({ description: 'The code.' }),
  status: Type.Integer(),
  detail: Type.String({ description: 'What to do, for people.' }),
});

const hidden = (url: string): boolean => !url.startsWith('/v1/') || url === '/v1/gate/stream';

/** Registers the description. Must be called before every route. */
export function describeApi(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Bailiff',
        version: '1',
        description:
          'Chain-verified profit-share settlement for copy trading. Money is decimal strings of base units. Errors are RFC 9457 problems (application/problem+json), each explained at /problems/CODE. Send an Idempotency-Key with what changes something.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      security: [{ key: [] }],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      webhooks: describedEvents() as never,
    },
    transformObject: (given) =>
      withNames(('openapiObject' in given ? given.openapiObject : {}) as never, {
        Problem,
      }) as never,
    transform({ schema, url, route }) {
      const name = `${String(route.method)} ${url.replace(/:(\w+)/g, '{$1}')}`;
      const known = ROUTES[name];
      if (hidden(url) || known === undefined) return { url, schema: { ...schema, hide: true } };
      const { summary } = known;
      const description = `Takes an API key with the scope \`${route.config?.scope}\`.`;
      const responses = { ...answersOf(schema?.response), ...problemsOf(name, known) };
      return {
        url,
        schema: {
          ...schema,
          ...(changes(name) ? { headers: IdempotencyKey } : {}),
          summary,
          description,
          'x-scope': route.config?.scope,
          operationId: name.replace(/\W+/g, '_'),
          response: responses,
        },
      };
    },
  });
}

/** Serves the description as JSON and as a page. */
export async function describedRoutes(app: FastifyInstance): Promise<void> {
  // Routes do not change after the start, so both texts are made at the first request and kept.
  let json: string | null = null;
  let html: string | null = null;
  const text = (): string => {
    json ??= JSON.stringify(app.swagger());
    return json;
  };
  app.get('/openapi.json', { config: { scope: 'public' } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(text()),
  );
  app.get('/docs', { config: { scope: 'public' } }, async (_request, reply) => {
    html ??= page(JSON.parse(text()) as Document);
    return reply
      .header('content-security-policy', pagePolicy(STYLE))
      .type('text/html; charset=utf-8')
      .send(html);
  });
}

type Operation = {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
  requestBody?: { content?: Record<string, { schema?: unknown }> };
  responses?: Record<
    string,
    { description?: string; content?: Record<string, { schema?: unknown }> }
  >;
};
type Document = {
  info: { title: string; description?: string };
  components?: { schemas?: Record<string, unknown> };
  paths?: Record<string, Record<string, Operation>>;
};

/** The text with the characters that HTML reserves replaced. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
const schemaOf = (
  holder: { content?: Record<string, { schema?: unknown }> } | undefined,
): unknown => holder?.content?.['application/json']?.schema;
const code = (schema: unknown): string =>
  schema === undefined ? '' : `<pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`;

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui;overflow-wrap:break-word;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{background:#8881;padding:.5rem;overflow:auto}summary{cursor:pointer;padding:.3rem 0}';

/** The description as an HTML page without scripts or external style sheets. */
function page({ info, paths, components }: Document): string {
  const operations = Object.entries(paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parameters = (operation.parameters ?? [])
        .map(
          (each) => `<li><code>${escaped(each.name)}</code> (${each.in}) ${code(each.schema)}</li>`,
        )
        .join('');
      const answers = Object.entries(operation.responses ?? {})
        .map(
          ([status, answer]) =>
            `<h4>${status}</h4><p>${escaped(answer.description ?? '')}</p>${code(schemaOf(answer))}`,
        )
        .join('');
      const body = schemaOf(operation.requestBody);
      return `<details><summary><code>${method.toUpperCase()} ${escaped(path)}</code> ${escaped(operation.summary ?? '')}</summary>
<ul>${parameters}</ul>${body === undefined ? '' : `<h4>Body</h4>${code(body)}`}${answers}</details>`;
    }),
  );
  const shapes = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${escaped(name)}"><summary><code>${escaped(name)}</code></summary>${code(schema)}</details>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(info.title)} API</title>
<style>${STYLE}</style>
<h1>${escaped(info.title)} API</h1><p>${escaped(info.description ?? '')} <a href="/openapi.json">openapi.json</a></p>
${operations.join('\n')}
<h2>Named shapes</h2>${shapes.join('\n')}</html>`;
}
