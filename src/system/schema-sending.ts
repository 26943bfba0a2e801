// Schema sending: the settings of how a payment fits a transaction and where it is sent: the tip of
// the sender endpoint, and lookup tables.
import Type from 'typebox';
import { lamports } from './schema-kinds.ts';

const SENDER = Type.Union(
  [
    Type.Object(
      {
        tip: lamports('The tip that each payment of shares gives the sender.'),
        tipLeast: lamports('The smallest tip that the sender takes, by its own documentation.'),
        tipMost: lamports(
          'The largest tip that the pen signs, also where the ledger says more; at most 10,000,000.',
        ),
        accounts: Type.Array(Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$' }), {
          minItems: 1,
          maxItems: 32,
          uniqueItems: true,
          description:
            'The accounts that the sender publishes for tips. A payment gives its tip to one of them.',
        }),
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ],
  {
    description:
      'The tip of the sender endpoint at BAILIFF_SENDER_URL, which takes payments beside the nodes; null for no sender.',
  },
);

export const SENDING = {
  sender: SENDER,
  lookupTables: Type.Array(Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$' }), {
    maxItems: 8,
    uniqueItems: true,
    description:
      'Address lookup tables beside those of the venue, for payments that would not fit one transaction. Only what the pen is not asked about may stand in them: markets, oracles, vaults, mints.',
  }),
};
