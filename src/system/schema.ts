// Schema: the settings that the files may contain. The TypeScript type, the check and the JSON
// schema for editors are all made from it.

import type { Static } from 'typebox';
import Type from 'typebox';
import { NETWORKS } from '../core/genesis.ts';
import { VENUE_NAMES } from '../core/venue-name.ts';
import { WATCH } from './schema-hearing.ts';
import { baseUnits, lamports, milliseconds, url } from './schema-kinds.ts';
import { SENDING } from './schema-sending.ts';
import { SIGNERS } from './schema-signers.ts';
import { TRAFFIC } from './schema-traffic.ts';

export const SettingsSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    network: Type.Enum([...NETWORKS]),
    mode: Type.Enum(['settle', 'observe'], {
      description:
        'settle pays what is owed. observe computes, serves and announces everything, and signs nothing.',
    }),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error']),
    venues: Type.Array(Type.Enum([...VENUE_NAMES]), {
      minItems: 1,
      uniqueItems: true,
      description: 'The venues on which the daemon watches subscribers and draws payments.',
    }),
    ...TRAFFIC,
    venue: Type.Object(
      {
        onUnknownProgram: Type.Enum(['tell', 'halt'], {
          description:
            'What the daemon does while the bytes of the venue’s program on chain are neither ones that this release was proven on nor accepted by an operator. tell raises an alarm. halt also signs nothing new.',
        }),
      },
      { additionalProperties: false },
    ),
    payments: Type.Object(
      {
        replayGuard: Type.Enum(['blockhash', 'nonce'], {
          description:
            'What keeps two payments of one debt apart. blockhash: a proof that the first can never be executed. nonce: the chain itself, by a durable nonce account for each subscriber, whose rent the sponsor pays; it needs the key of the sponsor.',
        }),
        retryEveryMs: milliseconds('How often a debt that waits is tried again.', 100),
        pollMs: milliseconds('How often a payment on its way is looked up.', 50),
        rebroadcastMs: milliseconds(
          'How often the bytes of a payment on its way are sent again.',
          100,
        ),
        finalityMs: milliseconds(
          'The longest time after which an executed payment is looked up as final. The daemon looks sooner when the chain says that its slot is final, or when slots became final sooner lately.',
          0,
        ),
        partialLeast: Type.Union([baseUnits('The least part'), Type.Null()], {
          description:
            'When not all of a debt can be reached, the least part of it that is worth a payment, in base units of its token; null pays whole debts only.',
        }),
        recipientsMost: Type.Integer({
          minimum: 1,
          maximum: 9,
          description:
            'The most recipients that one payment pays, as far as they fit one transaction. 1 pays each recipient by payments of its own.',
        }),
        marginFloorBps: Type.Integer({
          minimum: 0,
          maximum: 10_000,
          description:
            'While positions are open, the part of the deposit that must stay free beyond the initial margin, in basis points. 0 leaves it to the venue.',
        }),
        creationsMost: Type.Integer({
          minimum: 0,
          maximum: 1_000,
          description: "Token accounts of one creator that are opened at the payer's cost.",
        }),
        mostPerPayment: Type.Union([baseUnits('The most'), Type.Null()], {
          description:
            'The most that the pen signs away in one payment, in base units of each token by itself; a debt above it waits for a person. null for no limit.',
        }),
        mostPerSubscriberADay: Type.Union([baseUnits('The most'), Type.Null()], {
          description:
            'The most that the pen signs away for one subscriber within 24 hours, in base units of each token by itself; null for no limit.',
        }),
        costBpsMost: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          description:
            'A payment whose cost (fees, likely priority, rent) is above this part of its amount waits for more debts, until a withdrawal or a retry asks for it. Basis points.',
        }),
        usdcPerSol: baseUnits(
          'The price of one SOL for comparing the cost of a payment with its amount, in base units of each quote token that quotePerSolOf does not name; 0 ignores the cost.',
        ),
        quotePerSolOf: Type.Optional(
          Type.Record(
            Type.String({ pattern: '^[A-Za-z0-9]{1,20}$' }),
            baseUnits('The price of one SOL.'),
            {
              description:
                'The price of one SOL in single quote tokens, by symbol (USDC, USDT), in the place of usdcPerSol.',
            },
          ),
        ),
        reimbursePerSol: baseUnits(
          'What an agent gives the sponsor for one SOL of fees, in the same transaction, in each quote token that reimbursePerSolOf does not name; 0 for nothing.',
        ),
        reimbursePerSolOf: Type.Optional(
          Type.Record(
            Type.String({ pattern: '^[A-Za-z0-9]{1,20}$' }),
            baseUnits('What an agent gives the sponsor for one SOL of fees.'),
            {
              description:
                'What an agent gives the sponsor for one SOL of fees, in single quote tokens by symbol (USDC, USDT), in the place of reimbursePerSol.',
            },
          ),
        ),
        reimburseMost: baseUnits('The most an agent gives the sponsor for one payment.'),
        agentReserveLamports: lamports('SOL left in an agent wallet that pays its own fees.'),
        sponsorReserveLamports: lamports('SOL left in the sponsor wallet.'),
        priorityFeeLamportsMost: lamports('The most that one payment may spend on priority.'),
        ...SENDING,
      },
      { additionalProperties: false },
    ),
    sponsor: Type.Object(
      {
        lamportsADayMost: Type.Union([lamports('The most'), Type.Null()], {
          description:
            'The most that the sponsor spends on fees and rent within 24 hours, in lamports; null for no limit.',
        }),
        lamportsPerSubscriberADayMost: Type.Union([lamports('The most'), Type.Null()], {
          description:
            'The most that the sponsor spends on fees and rent of payments of one subscriber within 24 hours, in lamports; null for no limit.',
        }),
        lamportsPerCreatorADayMost: Type.Union([lamports('The most'), Type.Null()], {
          description:
            'The most that the sponsor spends on fees and rent of payments to one creator within 24 hours, in lamports; null for no limit.',
        }),
        failuresPerSubscriberADayMost: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
          description:
            'Payments of one subscriber that may fail on chain at the cost of the sponsor within 24 hours; null for no limit.',
        }),
        rootMemos: Type.Optional(
          Type.Boolean({
            description:
              'Whether the sponsor writes the commitment of each daily root on chain: one transaction a day that holds a memo, at the cost of its fee. Not when left out.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    signers: SIGNERS,
    swap: Type.Object(
      {
        url: url(
          'A Jupiter-compatible swap API, so that an agent short of SOL may buy some; null for never.',
          'https?',
        ),
        amount: baseUnits('How much an agent swaps at a time.'),
        lamportsLeast: lamports(
          'A swap that may bring less SOL than this, at the worst price that it accepts, is not signed.',
        ),
        slippageBpsMost: Type.Integer({ minimum: 0, maximum: 1_000, description: 'Basis points.' }),
        everyMs: milliseconds('The least time between two swaps of one agent.', 1_000),
      },
      { additionalProperties: false },
    ),
    watch: WATCH,
    gate: Type.Object(
      {
        staleAfterMs: milliseconds(
          'The gate answers unknown while its view of the chain is older than this.',
          500,
        ),
        failOpen: Type.Boolean({
          description:
            'The value of `allow` in the answer of the gate while the verdict is unknown.',
        }),
        lagMsMost: milliseconds(
          'The gate answers unknown while a transaction has been unread, or no source has reported anything, for longer than this.',
          1_000,
        ),
        outstandingMost: Type.Union([baseUnits('A debt'), Type.Null()], {
          description:
            'A subscriber who owes more than this in one token, in its base units, may open nothing new, also in good standing; null for no limit.',
        }),
        owedForMsMost: Type.Union([Type.Integer({ minimum: 1_000 }), Type.Null()], {
          description:
            'A subscriber who has owed something for longer than this may open nothing new. Time in which the subscriber could do nothing about the debt does not count. Milliseconds; null for no limit.',
        }),
        suspicions: Type.Object(
          {
            leadTo: Type.Enum(['ignore', 'report', 'unknown'], {
              description:
                'What suspicions (fills far off the oracle, losing swaps, liquidation and builder fees, a token account that was given away) lead to: nothing, an event and a list, or unknown at the gate until a review.',
            }),
            amountMost: baseUnits(
              'A subscriber is suspected when the sum since the last review is above this.',
            ),
          },
          { additionalProperties: false },
        ),
      },
      { additionalProperties: false },
    ),
    clearances: Type.Object(
      {
        lastsMs: milliseconds('How long a clearance to withdraw or close lasts.', 1_000),
        patienceMs: milliseconds('How long a request for a clearance may wait for a payment.', 0),
      },
      { additionalProperties: false },
    ),
    events: Type.Object(
      {
        allowPrivate: Type.Boolean({
          description:
            'Whether URLs of endpoints may lead to private addresses, use http, and name any port.',
        }),
        ports: Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 }), {
          minItems: 1,
          maxItems: 32,
          description: 'The ports that URLs of endpoints may name, unless allowPrivate is set.',
        }),
      },
      { additionalProperties: false },
    ),
    keep: Type.Object(
      {
        deliveriesDays: Type.Integer({
          minimum: 1,
          maximum: 36_500,
          description:
            'How many days webhook bodies are kept after they were read. The sightings made from them are kept for good.',
        }),
        eventsDays: Type.Integer({
          minimum: 14,
          maximum: 36_500,
          description:
            'How many days events for endpoints are kept, delivered or not. Until then they can be replayed.',
        }),
        idempotencyDays: Type.Integer({
          minimum: 1,
          maximum: 36_500,
          description:
            'How many days a request with an Idempotency-Key is answered as the first one was. After that the key counts as new.',
        }),
      },
      { additionalProperties: false },
    ),
    postgres: Type.Object(
      {
        connections: Type.Integer({
          minimum: 2,
          maximum: 100,
          description:
            'Connections to Postgres for transactions; further ones wait for their turn.',
        }),
      },
      { additionalProperties: false },
    ),
    lanes: Type.Object(
      {
        concurrencyMost: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          description: 'Lanes that work at once; further subscribers wait for their turn.',
        }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false, title: 'Bailiff settings' },
);

/** The JSON schema of the settings files, for editors. `npm run settings-schema` writes it. */
export function settingsJsonSchema(): string {
  return `${JSON.stringify(SettingsSchema, null, 2)}\n`;
}

export type FileSettings = Static<typeof SettingsSchema>;
