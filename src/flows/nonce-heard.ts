// Nonce heard: keeps what account subscriptions told of nonce accounts: a slot, and the value that
// the account held at the end of its block. A nonce moves once in a block at most. So where a known
// transaction moved the nonce in a slot, the value told for that slot is the one that this
// transaction left, and no block has to be read to learn it. A notification from a fork that was
// dropped names a value that no later reading shows, so that value is never used.
import type { ChainAccount } from '../core/chain-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { NonceValue } from '../core/nonce.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { Pen } from '../core/signing-ports.ts';

/** The number of slots that are remembered of an account. */
const REMEMBERED_MOST = 4;

export type NonceHeard = {
  /** The accounts to subscribe to: those under which this process has signed. */
  accounts(): readonly Address[];
  /** Adds an account to those that are subscribed to. */
  follow(account: Address): void;
  /** Takes an account from those that are subscribed to, once it is closed. */
  forget(account: Address): void;
  /** Takes a notification. False when the account is not followed, or there is no sponsor. */
  heard(account: Address, slot: Slot, state: ChainAccount | null): boolean;
  /** The value at the end of the block of a slot; null when no notification gave it. */
  at(account: Address, slot: Slot): NonceValue | null;
};

type Told = { readonly slot: Slot; readonly value: NonceValue };

/** Creates the memory of one process. `onChange` is called when the list of accounts changes. */
export function createNonceHeard(
  { pen, nonces }: { readonly pen: Pick<Pen, 'sponsor'>; readonly nonces: Pick<Nonces, 'read'> },
  onChange: () => void,
): NonceHeard {
  const told = new Map<Address, readonly Told[]>();
  return {
    accounts: () => [...told.keys()],
    follow(account) {
      if (told.has(account)) return;
      told.set(account, []);
      onChange();
    },
    forget(account) {
      if (told.delete(account)) onChange();
    },
    heard(account, slot, state) {
      const before = told.get(account);
      if (before === undefined || pen.sponsor === null) return false;
      const reading = nonces.read(state, pen.sponsor);
      if (reading.seen === 'value')
        told.set(account, [{ slot, value: reading.value }, ...before].slice(0, REMEMBERED_MOST));
      return true;
    },
    at: (account, slot) => told.get(account)?.find((each) => each.slot === slot)?.value ?? null,
  };
}
