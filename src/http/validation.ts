// Validation: compares every request with the schemas of its route, and says in words which part
// does not fit. Values of a body are not converted: null is not 0 and true is not 1. Parameters of
// path and query are text and are converted. Unknown properties and query parameters are refused by
// name, also on routes without a schema.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import { Fault } from '../core/fault.ts';
import { demandOf, namesOf, placeOf } from '../core/schema-words.ts';

/** The most levels of arrays and objects in a body. The API's own bodies have at most 3. */
const DEPTH_MOST = 32;

const options = {
  removeAdditional: false,
  allErrors: false,
  verbose: true,
  strict: false,
} as const;
const exact = new Ajv({ ...options, coerceTypes: false });
const fromText = new Ajv({ ...options, coerceTypes: 'array' });
for (const each of [exact, fromText]) ajvFormats.default(each);

type JsonSchema = {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
};

/** The schema with unknown properties refused, unless it allows them itself. */
const closed = (schema: object): object =>
  'properties' in schema && !('additionalProperties' in schema)
    ? { ...schema, additionalProperties: false }
    : schema;

/** The place of the error; the name of the part when the error concerns all of it. */
const named = (error: ErrorObject, part: string): string =>
  error.instancePath === '' ? part : placeOf(error.instancePath);

/**
 * One sentence on one error. It names the place and the allowed values, never the value that was
 * sent.
 */
function sentence(error: ErrorObject, part: string): string {
  const schema = (error.parentSchema ?? {}) as JsonSchema;
  const place = named(error, part);
  switch (error.keyword) {
    case 'required':
      return `${part} lacks ${(error.params as { missingProperty: string }).missingProperty}.`;
    case 'additionalProperties': {
      const { additionalProperty } = error.params as { additionalProperty: string };
      return `${place} has no ${additionalProperty.slice(0, 60)}; it takes: ${namesOf(Object.keys(schema.properties ?? {}))}.`;
    }
    case 'type':
      // Without a body Fastify checks null.
      return error.instancePath === '' && error.data === null
        ? `${part} is missing; it takes: ${namesOf(Object.keys(schema.properties ?? {}))}.`
        : `${place} ${demandOf('type', error.params, error.data)}.`;
    case 'format':
      return `${place} does not fit: ${schema.description ?? `it must be a ${(error.params as { format: string }).format}`}`;
    case 'pattern':
      return `${place} does not fit: ${schema.description ?? `it must match ${(error.params as { pattern: string }).pattern}`}`;
    default:
      return `${place} ${demandOf(error.keyword, error.params, error.data) ?? error.message ?? 'does not fit'}.`;
  }
}

/**
 * The sentence on all errors that Ajv found. For alternatives (a value or null) the first one is
 * used.
 */
function sentenceOf(errors: readonly ErrorObject[], part: string): string {
  const told = errors.find((each) => each.keyword !== 'anyOf') ?? errors[0];
  return told === undefined ? `${part} does not fit.` : sentence(told, part);
}

/** Members that change what an object is, where code copies a body member by member. */
const NOT_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Throws `body_invalid` for text that Postgres or a line of the log cannot hold, for members with a
 * meaning of their own in JavaScript, and for a body that is nested too deep.
 */
function refuseOddText(body: unknown): void {
  const waiting: { value: unknown; depth: number }[] = [{ value: body, depth: 0 }];
  const check = (text: string): void => {
    if (text.includes('\0'))
      throw new Fault(
        'body_invalid',
        'The body holds a NUL character, which nothing here can keep.',
      );
    if (!text.isWellFormed())
      throw new Fault(
        'body_invalid',
        'The body holds half of a surrogate pair: it is not Unicode text.',
      );
  };
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    const { value, depth } = each;
    if (typeof value === 'string') check(value);
    if (value === null || typeof value !== 'object') continue;
    if (depth >= DEPTH_MOST)
      throw new Fault('body_invalid', `The body is nested deeper than ${DEPTH_MOST} levels.`);
    for (const [name, inner] of Object.entries(value)) {
      check(name);
      if (NOT_NAMES.has(name))
        throw new Fault('body_invalid', `The body has a member ${name}, which no body may have.`);
      waiting.push({ value: inner, depth: depth + 1 });
    }
  }
}

const isEmpty = (body: unknown): boolean =>
  body === undefined ||
  body === null ||
  (typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0);

function refuseBody(request: FastifyRequest, schema: FastifySchema | undefined): void {
  if (Buffer.isBuffer(request.body)) return;
  refuseOddText(request.body);
  if (schema?.body === undefined && !isEmpty(request.body))
    throw new Fault('body_invalid', 'This route takes no body.');
}

function refuseQuery(request: FastifyRequest, schema: FastifySchema | undefined): void {
  const [unknown] = Object.keys((request.query ?? {}) as object);
  if (schema?.querystring === undefined && unknown !== undefined)
    throw new Fault(
      'query_invalid',
      `This route takes no query parameter ${unknown.slice(0, 60)}.`,
    );
}

/** The check of each schema. Routes share schemas, and a process may open several servers. */
const compiled = new WeakMap<object, ValidateFunction>();

/** Installs the checks. Must be called before any route is registered. */
export function installValidation(app: FastifyInstance): void {
  app.setValidatorCompiler<object>(({ schema, httpPart }) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const made = httpPart === 'body' ? exact.compile(schema) : fromText.compile(closed(schema));
    compiled.set(schema, made);
    return made;
  });
  app.setSchemaErrorFormatter((errors, part) => {
    const inBody = part === 'body';
    const name = inBody ? 'The body' : part === 'querystring' ? 'The query' : 'The path';
    return new Fault(
      inBody ? 'body_invalid' : 'query_invalid',
      sentenceOf(errors as ErrorObject[], name),
    );
  });
  app.addHook('preValidation', async (request) => {
    if (request.is404) return;
    refuseQuery(request, request.routeOptions.schema);
    refuseBody(request, request.routeOptions.schema);
  });
}
