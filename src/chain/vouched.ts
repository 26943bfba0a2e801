// Vouched: the writes of sealed secrets, each between two looks at the known text that shows
// whether the master key of this process is still the ledger's. After the first look nothing is
// written under a key that a rotation has replaced. A rotation seals the text anew and then goes
// through every secret, so a write that ended before that is wrapped by the rotation, and one that
// ends later is refused by the second look: its sender sends the secret again.
import type { Imports } from '../core/import-ports.ts';
import type { MasterKey } from '../core/master-key.ts';
import type { Ledger } from '../core/ports.ts';

type Vouching = Pick<MasterKey, 'requireRight'>;

const vouched = async <T>(masterKey: Vouching, write: () => Promise<T>): Promise<T> => {
  await masterKey.requireRight();
  const result = await write();
  await masterKey.requireRight();
  return result;
};

/**
 * The ledger whose writes of agent keys and signing secrets throw `key_unavailable` when the master
 * key was changed before they ended.
 */
export const vouchedLedger = (ledger: Ledger, masterKey: Vouching): Ledger => ({
  ...ledger,
  subscribers: {
    ...ledger.subscribers,
    register: (given) =>
      given.sealedKey === null
        ? ledger.subscribers.register(given)
        : vouched(masterKey, () => ledger.subscribers.register(given)),
    putKey: (key) =>
      'sealed' in key
        ? vouched(masterKey, () => ledger.subscribers.putKey(key))
        : ledger.subscribers.putKey(key),
  },
  endpoints: {
    ...ledger.endpoints,
    create: (endpoint) => vouched(masterKey, () => ledger.endpoints.create(endpoint)),
    addSecret: (id, secret, keep) =>
      vouched(masterKey, () => ledger.endpoints.addSecret(id, secret, keep)),
  },
});

/** The imports whose chunks with agent keys throw `key_unavailable` in the same case. */
export const vouchedImports = (imports: Imports, masterKey: Vouching): Imports => ({
  ...imports,
  apply: (prepared, dry) =>
    dry || prepared.every(({ subscriber }) => (subscriber?.sealedKey ?? null) === null)
      ? imports.apply(prepared, dry)
      : vouched(masterKey, () => imports.apply(prepared, dry)),
});
