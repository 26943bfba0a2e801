// Event shapes: the body of each kind of event as a schema, and the `webhooks` of the API
// description. A test compares each schema with the type of the body in core/event.ts.
import Type from 'typebox';
import { EVENTS, type EventKind } from '../core/event.ts';
import { PAYMENT_PURPOSES } from '../core/payment.ts';
import { SUSPICION_KINDS } from '../core/suspicion.ts';
import { ERROR_CLASSES } from '../core/trouble.ts';
import { VOIDED_BY } from '../core/voiding.ts';
import {
  AddressText,
  BaseUnits,
  IdText,
  nullable,
  SymbolText,
  TokenName,
  TroubleCode,
} from './shapes.ts';

const Signature = Type.String({ description: 'Of a transaction, base58.' });
const Slot = Type.Integer({ minimum: 0 });
const Signed = Type.String({
  pattern: '^-?[0-9]+$',
  description: 'Base units, as a decimal string; negative for a loss.',
});
const Moment = Type.String({ description: 'ISO 8601, UTC.' });
const Share = Type.String({ description: 'Id of a profit share.' });
const Trouble = {
  class: Type.Enum([...ERROR_CLASSES]),
  code: TroubleCode,
  detail: Type.String({ description: 'What it means, for people.' }),
  lamports: Type.Optional(BaseUnits),
};
const Owed = Type.Array(
  Type.Object({
    mint: AddressText,
    symbol: Type.String(),
    decimals: Type.Integer(),
    amount: BaseUnits,
  }),
  { description: 'What is owed, by token.' },
);
/** The token of the amounts. */
const Token = { mint: AddressText, symbol: SymbolText };
const Payment = {
  ...Token,
  payment: Type.String({ description: 'Id of a payment.' }),
  creatorWallet: AddressText,
  amount: BaseUnits,
  signature: nullable(Signature),
  recipients: Type.Array(Type.Object({ wallet: AddressText, amount: BaseUnits }), {
    description: 'What each recipient gets; the amounts add up to the amount.',
  }),
};
const Discharge = {
  ...Token,
  share: Share,
  payment: nullable(Type.String({ description: 'null: a transfer that Bailiff did not make.' })),
  creatorWallet: AddressText,
  signature: nullable(Signature),
  slot: Slot,
  amount: BaseUnits,
};

export const EVENT_SHAPES = {
  'share.accrued': Type.Object({
    ...Token,
    share: Share,
    subscription: IdText,
    creatorWallet: AddressText,
    signature: Signature,
    slot: Slot,
    netPnl: Signed,
    shareBps: Type.Integer({ minimum: 0, maximum: 10_000 }),
    amount: BaseUnits,
  }),
  'share.paid': Type.Object(Discharge),
  'share.overpaid': Type.Object({ ...Discharge, overpaid: BaseUnits }),
  'share.blocked': Type.Object({
    ...Trouble,
    ...Token,
    share: Share,
    left: BaseUnits,
    waitsForPerson: Type.Boolean(),
  }),
  'share.voided': Type.Object({
    ...Token,
    share: Share,
    left: BaseUnits,
    by: Type.Enum([...VOIDED_BY]),
    reason: Type.String(),
    actor: Type.String(),
    person: nullable(Type.String()),
    at: Moment,
  }),
  'share.credited': Type.Object({
    ...Token,
    share: Share,
    creatorWallet: AddressText,
    signature: Signature,
    slot: Slot,
    amount: BaseUnits,
    left: BaseUnits,
  }),
  'share.brought': Type.Object({
    ...Token,
    share: Share,
    subscription: Type.String(),
    broughtAs: Type.String(),
    origin: nullable(Type.String()),
    creatorWallet: AddressText,
    netPnl: nullable(Type.String()),
    shareBps: nullable(Type.Integer()),
    amount: BaseUnits,
  }),
  'share.adopted': Type.Object({ ...Token, share: Share, left: BaseUnits }),
  'transfer.credited': Type.Object({
    ...Token,
    creatorWallet: AddressText,
    signature: Signature,
    slot: Slot,
    amount: BaseUnits,
    credited: BaseUnits,
    excess: BaseUnits,
  }),
  'payment.landed': Type.Object({
    ...Payment,
    slot: Slot,
    purpose: Type.Enum([...PAYMENT_PURPOSES]),
  }),
  'payment.accepted': Type.Object({
    ...Payment,
    slot: Slot,
    excess: BaseUnits,
    reason: Type.String(),
    actor: Type.String(),
    person: nullable(Type.String()),
    at: Moment,
  }),
  'payment.failed': Type.Object({ ...Payment, ...Trouble }),
  'payment.dead': Type.Object({ ...Payment, ...Trouble }),
  'subscriber.registered': Type.Object({ agentWallet: AddressText }),
  'subscriber.delinquent': Type.Object({
    outstanding: BaseUnits,
    owed: Owed,
    reason: nullable(Type.String()),
    evidence: Type.Object({
      signature: Signature,
      slot: Slot,
      amount: BaseUnits,
      what: Type.String(),
      owedThen: BaseUnits,
      owed: Type.Optional(Owed),
    }),
    revision: Type.String({ pattern: '^[0-9]+$' }),
  }),
  'subscriber.cleared': Type.Object({
    outstanding: BaseUnits,
    owed: Owed,
    revision: Type.String({ pattern: '^[0-9]+$' }),
  }),
  'subscriber.suspected': Type.Object({
    amount: BaseUnits,
    token: TokenName,
    notices: Type.Integer(),
    kinds: Type.Array(Type.Enum([...SUSPICION_KINDS])),
    signature: Signature,
    slot: Slot,
  }),
  'agent.needs_sol': Type.Object(Trouble),
  'venue.paused': Type.Object(Trouble),
  'venue.resumed': Type.Object({ waiting: Type.Integer() }),
  'account.gap': Type.Object({
    address: AddressText,
    difference: Type.Object({
      realised: Signed,
      funding: Signed,
      deposits: Signed,
      withdraws: Signed,
      tokens: Signed,
    }),
  }),
  'endpoint.disabled': Type.Object({
    endpoint: IdText,
    url: Type.String(),
    why: Type.String(),
  }),
  'endpoint.test': Type.Object({ endpoint: IdText }),
} as const satisfies Record<EventKind, unknown>;

/** An event of one kind, as it is sent and pulled. */
const envelope = (kind: EventKind) =>
  Type.Object({
    type: Type.Literal(kind),
    timestamp: Moment,
    data: Type.Object({
      subscriber: Type.Optional(IdText),
      ...EVENT_SHAPES[kind].properties,
    }),
  });

const HEADERS = {
  'webhook-id': 'The id of the event: the same at every attempt.',
  'webhook-timestamp': 'When it was sent, in seconds since 1970.',
  'webhook-signature': 'As Standard Webhooks: v1, and an HMAC-SHA256 in base64, for each secret.',
};

/** The `webhooks` of the API description: one for each kind of event, with its body. */
export const describedEvents = (): Record<string, unknown> =>
  Object.fromEntries(
    (Object.keys(EVENTS) as EventKind[]).map((kind) => [
      kind,
      {
        post: {
          operationId: `event_${kind.replace('.', '_')}`,
          summary: EVENTS[kind],
          security: [],
          parameters: Object.entries(HEADERS).map(([name, description]) => ({
            name,
            in: 'header',
            required: true,
            description,
            schema: { type: 'string' },
          })),
          requestBody: {
            required: true,
            content: { 'application/json': { schema: envelope(kind) } },
          },
          responses: {
            '2XX': { description: 'Taken. Any other answer is tried again, except 410.' },
            '410': { description: 'The endpoint is disabled.' },
          },
        },
      },
    ]),
  );
