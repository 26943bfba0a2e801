// Master key: whether the one at hand is that of this ledger. The ledger keeps a known text sealed
// under it. A daemon or a command that cannot open the text seals nothing: a secret sealed under
// its key could be opened by no other daemon. It says what is wrong instead of failing at each
// secret.
import { Fault } from '../core/fault.ts';
import type { MasterKey, MasterKeyBook, MasterKeyTrouble } from '../core/master-key.ts';
import type { Vault } from '../core/outside.ts';

/** What the known text is sealed for, and the text. */
const BOUND = 'bailiff/master-key';
const TEXT = Buffer.from('This opens under the master key of the ledger.');

const MISSING: MasterKeyTrouble = {
  code: 'master_key_missing',
  detail:
    'BAILIFF_MASTER_KEY is not set, and secrets are kept under one: agent keys and signing secrets cannot be used.',
};
const WRONG: MasterKeyTrouble = {
  code: 'master_key_wrong',
  detail:
    'BAILIFF_MASTER_KEY is not the key under which the secrets of this ledger are kept: they cannot be used, and no new ones are kept.',
};

/** `hasKey`: whether a master key is set at all. */
export function createMasterKey(book: MasterKeyBook, plain: Vault, hasKey: boolean): MasterKey {
  let trouble: MasterKeyTrouble | null = null;
  const opens = (bound: string, sealed: Uint8Array): boolean => {
    try {
      return plain.open(bound, sealed, () => true);
    } catch {
      return false;
    }
  };
  const faultOf = ({ code, detail }: MasterKeyTrouble): Fault =>
    new Fault('key_unavailable', detail, { context: { trouble: code } });
  return {
    vault: {
      ...plain,
      seal(bound, secret) {
        if (trouble !== null) throw faultOf(trouble);
        return plain.seal(bound, secret);
      },
      open(bound, sealed, use) {
        if (trouble !== null) throw faultOf(trouble);
        return plain.open(bound, sealed, use);
      },
    },
    trouble: () => trouble,
    async look() {
      const kept = await book.kept();
      if (kept !== null) {
        trouble = opens(BOUND, kept) ? null : hasKey ? WRONG : MISSING;
        return;
      }
      // A ledger of an earlier release keeps secrets, and no known text.
      const secrets = await book.sample();
      if (!hasKey) {
        trouble = secrets.length > 0 ? MISSING : null;
        return;
      }
      if (secrets.length > 0 && !secrets.some((each) => opens(each.bound, each.sealed))) {
        trouble = WRONG;
        return;
      }
      trouble = opens(BOUND, await book.keep(plain.seal(BOUND, TEXT))) ? null : WRONG;
    },
    async rewrap() {
      const kept = await book.kept();
      if (kept !== null) await book.replace(plain.rewrap(BOUND, kept));
    },
  };
}
