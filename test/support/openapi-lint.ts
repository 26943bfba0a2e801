// OpenAPI lint: the faults of the API's description. Run as a program it prints them, for `npm run
// check`.
import { Validator } from '@seriousme/openapi-schema-validator';
import { createBareServer } from './bare-server.ts';

type Media = { schema?: unknown; example?: unknown; examples?: Record<string, { value: unknown }> };
type Operation = {
  parameters?: { name: string; in: string }[];
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

/** Whether a route changes something, and so takes an Idempotency-Key. */
const changes = (name: string): boolean => !name.startsWith('GET ') && name !== 'POST /v1/gate';

/**
 * The document with each reference to a named schema replaced by that schema. Throws for a
 * reference that leads nowhere.
 */
export function dereferenced<Document extends object>(document: Document): Document {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const whole = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(whole);
    if ('$ref' in value) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(String(value.$ref))?.[1] ?? '';
      const schema = components?.schemas?.[name];
      if (schema === undefined) throw new Error(`${String(value.$ref)} leads nowhere`);
      return whole(schema);
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, whole(each)]));
  };
  return whole(document) as Document;
}

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
      const wanted = ['401', '403', ...(path.startsWith('/v1/gate') ? [] : ['503'])];
      for (const each of wanted) if (!statuses.includes(each)) say(`no ${each}`);
      const keyed = (operation.parameters ?? []).some(
        (each) => each.in === 'header' && each.name === 'Idempotency-Key',
      );
      if (keyed !== changes(name)) say('an Idempotency-Key belongs to what changes something');
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
