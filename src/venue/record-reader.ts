// Record reader: reads the facts of a subscriber in a transaction with the readers that the
// daemon uses, for programs that have a profile and need neither a ledger nor a connection. The
// reader does not tell whether an outflow stays with the same owner.
import type { Fact } from '../core/fact.ts';
import { hearTransaction } from '../core/hear.ts';
import type { Address } from '../core/ids.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { Watched } from '../core/watch-ports.ts';
import type { Hearing } from './heard.ts';
import { hearingVenueOf } from './hearing.ts';
import type { Profile } from './profile.ts';
import { createRecordReaders } from './records.ts';

/** Returns the facts of a subscriber's accounts in a transaction. */
export type RecordReader = (
  transaction: ChainTransaction,
  subscriber: {
    readonly agentWallet: Address;
    readonly tokenAccount: Address;
    readonly venueAccount: Address;
  },
) => Fact[];

/** An account that no transaction names as a subscriber's. */
const NOWHERE = SYSTEM_PROGRAM;

/** Creates the reader of a venue's records. */
export function createRecordReader(profile: Profile): RecordReader {
  const hearing: Hearing = {
    profile,
    records: createRecordReaders(profile.records),
    // Openings, closes and transfers to others do not depend on these.
    addresses: {
      user: () => NOWHERE,
      isOwnUser: () => false,
      isOwnAccount: () => false,
      walletAccounts: () => [],
    },
  };
  return (transaction, { agentWallet, tokenAccount, venueAccount }) => {
    const watched: Watched[] = [
      {
        address: venueAccount,
        subscriberId: 'subscriber',
        role: 'drift_user',
        venue: profile.name,
      },
      { address: agentWallet, subscriberId: 'subscriber', role: 'agent_wallet' },
      { address: tokenAccount, subscriberId: 'subscriber', role: 'agent_token_account' },
    ];
    const byAddress = new Map(watched.map((each) => [each.address, each]));
    return hearTransaction([hearingVenueOf(hearing)], transaction, byAddress);
  };
}
