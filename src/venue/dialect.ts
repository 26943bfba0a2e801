// Dialect: a profile together with the readers that are made of it, once for each venue. Everything
// of this floor that depends on a venue is given one.
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

/** Makes the readers of a profile. */
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
