// Serializing: writes answers as the response schemas of their routes say. A serializer is compiled
// when the first answer needs it: compiling those of all routes takes 0.2 s of CPU, at every start.
import build from 'fast-json-stringify';
import type { FastifyInstance } from 'fastify';

type Serialize = (answer: unknown) => string;

/** The serializer of each schema. Routes share schemas, and a process may open several servers. */
const compiled = new WeakMap<object, Serialize>();

/** Installs the serializers. Must be called before any route is registered. */
export function installSerializing(app: FastifyInstance): void {
  app.setSerializerCompiler<object>(({ schema }) => (answer) => {
    let serialize = compiled.get(schema);
    if (serialize === undefined) {
      serialize = build(schema) as Serialize;
      compiled.set(schema, serialize);
    }
    return serialize(answer);
  });
}
