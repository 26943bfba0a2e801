// Dialect: a profile together with the readers that are made from it, created once for each venue.
// Every function of this folder whose result depends on the venue takes a dialect.
import { type AccountReaders, createAccountReaders } from './accounts.ts';
import { type Addresses, createAddresses } from './addresses.ts';
import type { Profile } from './profile.ts';
import { createRecordReaders, type RecordReaders } from './records.ts';
import { createStateReaders, type StateReaders } from './state.ts';

export type Dialect = {
  readonly profile: Profile;
  readonly accounts: AccountReaders;
  readonly states: StateReaders;
  readonly records: RecordReaders;
  readonly addresses: Addresses;
};

/** Creates the readers of a profile. */
export function createDialect(profile: Profile): Dialect {
  const accounts = createAccountReaders(profile);
  return {
    profile,
    accounts,
    states: createStateReaders(profile, accounts),
    records: createRecordReaders(profile.records),
    addresses: createAddresses(profile),
  };
}
