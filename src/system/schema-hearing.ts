// Schema hearing: the settings of how the chain is heard: which sources are used, how often each
// looks, and how much it carries.
import Type from 'typebox';
import { SOURCES } from '../core/source.ts';
import { milliseconds } from './schema-kinds.ts';

/** The settings under `watch`. */
export const WATCH = Type.Object(
  {
    backfillEveryMs: milliseconds(
      'How often the backfill walks the histories of accounts, beside the walk at start. The history of an account that a source saw change is scanned at once.',
      200,
    ),
    unchangedEveryMs: Type.Optional(
      milliseconds(
        'How often the backfill walks the history of an account that no source saw change and that sweeps compare. When it is left out: every backfillEveryMs.',
        200,
      ),
    ),
    finalityMs: milliseconds(
      'The longest time after which a confirmed transaction is read again as final. The daemon reads it sooner when the chain says that its slot is final, or when slots became final sooner lately.',
      50,
    ),
    readsAtOnce: Type.Integer({
      minimum: 1,
      maximum: 256,
      description: 'Transactions that are read from RPC side by side.',
    }),
    sweepEveryMs: milliseconds(
      'How often the sweep reads a slice of every account and compares it with the last one.',
      200,
    ),
    checkEveryMs: milliseconds(
      'How often the state of an account is compared with the facts about it.',
      200,
    ),
    silentAfterMs: milliseconds(
      'A WebSocket without a slot for so long is opened anew; webhooks that bring nothing for ten times as long while the chain moves raise an alarm.',
      500,
    ),
    accountsPerSocket: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description:
        'Account subscriptions that one WebSocket carries; fewer where the node refuses more.',
    }),
    socketsMost: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description:
        'WebSockets to the node; accounts beyond what they carry are heard by the other sources.',
    }),
    accountsPerStream: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description:
        'Accounts that one gRPC stream names, where the source stream is used; further ones get streams of their own.',
    }),
    share: Type.Boolean({
      description:
        'Whether several daemons over one ledger share the hearing by leases, so that RPC calls do not multiply. Left false, this daemon hears every account.',
    }),
    sources: Type.Array(Type.Enum(SOURCES), {
      minItems: 1,
      uniqueItems: true,
      description:
        'The sources of signatures. Each one alone is enough to hear everything; several are faster, and one replaces another that fails.',
    }),
  },
  { additionalProperties: false },
);
