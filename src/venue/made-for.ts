// Made for: tells whether an account that the venue made is one of a wallet. The payer of the rent
// may be any wallet, and the rent of an account goes to the wallet that the account belongs to.
import type { Call } from '../core/transaction.ts';
import type { Venue } from '../core/venue.ts';
import { discriminatorOf, type Hearing } from './heard.ts';

const subAccountIn = ({ data }: Call): number => (data[8] ?? 0) | ((data[9] ?? 0) << 8);

/** As `Venue.isMadeFor`. */
export const madeForAt =
  ({ profile, addresses }: Hearing): Venue['isMadeFor'] =>
  (wallet, account, calls) =>
    addresses.walletAccounts(wallet).includes(account) ||
    calls.some((call) => {
      const known = profile.calls[discriminatorOf(call.data)];
      return (
        call.program === profile.programId &&
        known?.call === 'initialize_user' &&
        call.accounts[known.user] === account &&
        addresses.user(wallet, subAccountIn(call)) === account
      );
    });
