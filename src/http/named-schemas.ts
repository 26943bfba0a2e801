// Named schemas: gives the shapes that clients make types of a name in the `components` of the API
// description, and points to them wherever they stand.
import type { TSchema } from 'typebox';
import { AgentSigner } from './key-shapes.ts';
import { EarningsView } from './operator-shapes.ts';
import { PaymentView } from './payment-shapes.ts';
import { ClearanceAnswer, GateAnswer, OwedView, TokenName } from './shapes.ts';
import { Explanation, ShareView } from './share-shapes.ts';
import { SubscriberView } from './subscriber-shapes.ts';
import { SubscriptionView } from './terms-shapes.ts';

const SHAPES: Readonly<Record<string, TSchema>> = {
  AgentSigner,
  Clearance: ClearanceAnswer,
  Earnings: EarningsView,
  Explanation,
  GateAnswer,
  Owed: OwedView,
  Payment: PaymentView,
  Share: ShareView,
  Subscriber: SubscriberView,
  Subscription: SubscriptionView,
  Token: TokenName,
};

type Json = Record<string, unknown>;

/** The text of a schema, the same for equal ones. */
const textOf = (schema: unknown): string =>
  JSON.stringify(schema, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

/**
 * Returns the description with its named schemas in `components`, and with references to them.
 * `more` are further shapes by name. A shape that the description does not use is left out.
 */
export function withNames(document: Json, more: Readonly<Record<string, TSchema>> = {}): Json {
  const named = Object.entries({ ...SHAPES, ...more });
  const names = new Map(named.map(([name, schema]) => [textOf(schema), name]));
  const used = new Set<string>();
  const referring = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const name = Array.isArray(value) ? undefined : names.get(textOf(value));
    if (name === undefined) return inside(value);
    used.add(name);
    return { $ref: `#/components/schemas/${name}` };
  };
  const inside = (value: object): unknown =>
    Array.isArray(value)
      ? value.map(referring)
      : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, referring(each)]));
  const { components, ...rest } = document;
  const described = inside(rest) as Json;
  const bodies = named.map(([name, schema]) => [name, inside(plain(schema))] as const);
  const schemas = Object.fromEntries(bodies.filter(([name]) => used.has(name)));
  return { ...described, components: { ...(components as Json), schemas } };
}

const plain = (schema: TSchema): object => JSON.parse(JSON.stringify(schema)) as object;
