// OpenAPI: the API described from the very schemas that check it, as JSON and as a page to read.
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

/** What each route is for, in a line. A test holds the list and the routes equal. */
export const SUMMARIES: Readonly<Record<string, string>> = {
  'GET /v1/gate/{subscriber}': 'May this subscriber open, increase, reduce or close?',
  'POST /v1/gate': 'The same for many at once.',
  'POST /v1/subscribers': 'Register a subscriber, more sub-accounts, or the agent key.',
  'GET /v1/subscribers': 'All subscribers, in the order of their ids.',
  'GET /v1/subscribers/{id}': 'One subscriber.',
  'DELETE /v1/subscribers/{id}': 'Let a subscriber go who owes nothing and holds nothing.',
  'PUT /v1/subscribers/{id}/key': 'Keep another agent key, sealed.',
  'DELETE /v1/subscribers/{id}/key': 'Forget the agent key; debts then wait.',
  'GET /v1/subscribers/{id}/accounts': 'Watched accounts, and up to where each is known.',
  'GET /v1/subscribers/{id}/facts': 'What happened on chain, newest first.',
  'POST /v1/subscribers/{id}/subscriptions': 'Agree on terms, or change them from now on.',
  'GET /v1/subscribers/{id}/subscriptions': 'What was agreed, with its whole history.',
  'GET /v1/subscribers/{id}/subscriptions/{subscription}': 'One subscription.',
  'DELETE /v1/subscribers/{id}/subscriptions/{subscription}':
    'End a subscription: what is opened from now on owes nothing.',
  'POST /v1/subscribers/{id}/clearances': 'Ask before withdrawing for a subscriber, or closing.',
  'GET /v1/subscribers/{id}/clearances': 'Permissions that were given, newest first.',
  'DELETE /v1/subscribers/{id}/clearances/{clearance}': 'Take a permission back.',
  'GET /v1/shares': 'Profit shares, newest first.',
  'GET /v1/shares/{id}': 'One profit share.',
  'GET /v1/shares/{id}/explanation': 'How a share came to be its amount, number by number.',
  'POST /v1/shares/{id}/retry': 'Try a debt now, also one that waits for a person.',
  'POST /v1/shares/{id}/void': 'End a debt unpaid, or forgive it, on record.',
  'GET /v1/payments': 'Payments, newest first.',
  'GET /v1/payments/{id}': 'One payment.',
  'GET /v1/creators/{wallet}/earnings': 'What a creator is owed, and was paid; it adds up.',
  'GET /v1/audit': 'Who asked for what to be changed, newest first.',
  'POST /v1/endpoints': 'Be told of events at a URL; the answer shows its signing secret once.',
  'GET /v1/endpoints': 'Where events go.',
  'GET /v1/endpoints/{id}': 'One endpoint.',
  'DELETE /v1/endpoints/{id}': 'Forget an endpoint, with what waits for it.',
  'POST /v1/endpoints/{id}/secrets': 'A new signing secret; the last one signs beside it.',
  'POST /v1/endpoints/{id}/enable': 'Try an endpoint again that was disabled.',
  'POST /v1/endpoints/{id}/replays': 'Have everything since then handed over again.',
  'GET /v1/endpoints/{id}/deliveries': 'What was handed over, what waits, and why.',
  'GET /v1/halts': 'Where nothing new is signed.',
  'PUT /v1/halts': 'Halt signing everywhere, for a creator, or for a subscriber.',
  'DELETE /v1/halts/{scope}': 'Lift a halt.',
  'GET /v1/hearing': 'How far each source has come, and what nobody can explain.',
  'POST /v1/hearing/rescans': 'Read the history of an account again.',
  'POST /v1/hearing/acceptances': "Take an account's state for right although nobody explains it.",
};

const hidden = (url: string): boolean => !url.startsWith('/v1/') || url === '/v1/gate/stream';

/** Registers the description. Before every route. */
export function describeApi(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Bailiff',
        version: '1',
        description:
          'Chain-verified profit-share settlement for copy trading. Money is decimal strings of base units. Errors are RFC 9457 problems; docs/runbook.md has a section for each.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      security: [{ key: [] }],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    },
    transform({ schema, url, route }) {
      const path = url.replace(/:(\w+)/g, '{$1}');
      const summary = SUMMARIES[`${String(route.method)} ${path}`];
      return {
        url,
        schema: {
          ...schema,
          hide: hidden(url) || summary === undefined,
          ...(summary === undefined
            ? {}
            : { summary, operationId: `${String(route.method)} ${path}`.replace(/\W+/g, '_') }),
        },
      };
    },
  });
  app.get('/openapi.json', async () => app.swagger());
  app.get('/docs', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .send(page(JSON.parse(JSON.stringify(app.swagger())) as Document)),
  );
}

type Operation = {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
  requestBody?: { content?: Record<string, { schema?: unknown }> };
  responses?: Record<string, { content?: Record<string, { schema?: unknown }> }>;
};
type Document = {
  info: { title: string; description?: string };
  paths?: Record<string, Record<string, Operation>>;
};

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
const schemaOf = (
  holder: { content?: Record<string, { schema?: unknown }> } | undefined,
): unknown => holder?.content?.['application/json']?.schema;
const code = (schema: unknown): string =>
  schema === undefined ? '' : `<pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`;

/** The description for people: no script, no style sheet from elsewhere. */
function page({ info, paths }: Document): string {
  const operations = Object.entries(paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parameters = (operation.parameters ?? [])
        .map(
          (each) => `<li><code>${escaped(each.name)}</code> (${each.in}) ${code(each.schema)}</li>`,
        )
        .join('');
      const answers = Object.entries(operation.responses ?? {})
        .map(([status, answer]) => `<h4>${status}</h4>${code(schemaOf(answer))}`)
        .join('');
      const body = schemaOf(operation.requestBody);
      return `<details><summary><code>${method.toUpperCase()} ${escaped(path)}</code> ${escaped(operation.summary ?? '')}</summary>
<ul>${parameters}</ul>${body === undefined ? '' : `<h4>Body</h4>${code(body)}`}${answers}</details>`;
    }),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(info.title)} API</title>
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{background:#8881;padding:.5rem;overflow:auto}summary{cursor:pointer;padding:.3rem 0}</style>
<h1>${escaped(info.title)} API</h1><p>${escaped(info.description ?? '')} <a href="/openapi.json">openapi.json</a></p>
${operations.join('\n')}</html>`;
}
