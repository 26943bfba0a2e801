// OpenAPI lint: the faults of the API's description. Run as a program it prints them, for `npm run
// check`.
import { Validator } from '@seriousme/openapi-schema-validator';
import { createBareServer } from './bare-server.ts';

type Media = { schema?: unknown; example?: unknown; examples?: Record<string, { value: unknown }> };
type Operation = {
  summary?: string;
  operationId?: string;
  security?: unknown;
  requestBody?: { content: Record<string, Media> };
  responses?: Record<string, { description?: string; content?: Record<string, Media> }>;
};
export type OpenApi = { paths: Record<string, Record<string, Operation>> };

/** Bodies without an example: a secret has none. */
const WITHOUT_EXAMPLE = ['PUT /v1/subscribers/{id}/key'];

/** The examples of a body. */
export const examplesOf = (body: Media | undefined): unknown[] =>
  body?.example === undefined
    ? Object.values(body?.examples ?? {}).map((each) => each.value)
    : [body.example];

/** Every fault of the document, one a line. */
export async function lint(document: OpenApi): Promise<string[]> {
  const { errors } = await new Validator().validate(structuredClone(document) as never);
  const found = [errors ?? []].flat().map((each) => JSON.stringify(each));
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path}`;
      const say = (what: string): number => found.push(`${name}: ${what}`);
      if (!operation.summary?.endsWith('.') && !operation.summary?.endsWith('?')) say('no summary');
      if (operation.operationId === undefined || ids.has(operation.operationId))
        say('no id of its own');
      ids.add(operation.operationId ?? '');
      const statuses = Object.keys(operation.responses ?? {});
      if (!statuses.some((each) => each.startsWith('2'))) say('no answer when all is well');
      for (const wanted of ['401', '403']) if (!statuses.includes(wanted)) say(`no ${wanted}`);
      for (const [status, { content }] of Object.entries(operation.responses ?? {}))
        if (status >= '400' && content?.['application/problem+json'] === undefined)
          say(`${status} is no problem+json`);
      const body = operation.requestBody?.content['application/json'];
      if (operation.requestBody !== undefined && body === undefined) say('its body is no JSON');
      if (body !== undefined && examplesOf(body).length === 0 && !WITHOUT_EXAMPLE.includes(name))
        say('its body has no example');
    }
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const app = createBareServer();
  await app.ready();
  const found = await lint(app.swagger() as unknown as OpenApi);
  for (const each of found) process.stderr.write(`${each}\n`);
  process.stdout.write(found.length === 0 ? 'The description of the API is in order.\n' : '');
  process.exit(found.length === 0 ? 0 : 1);
}
