// Master key: checks whether the master key of this process is that of the ledger, which keeps a
// known text sealed under it. A process that cannot open the text seals nothing, because no other
// daemon could open secrets under its key. The problem is reported once, and not as a failure of
// each secret.

import { Fault } from '../core/fault.ts';
import type { MasterKey, MasterKeyBook, MasterKeyTrouble } from '../core/master-key.ts';
import type { Vault } from '../core/signing-ports.ts';

/** The binding of the known text, and the text. */
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

/** Creates the check. `hasKey`: whether a master key is set at all. */
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
  const look = async (): Promise<void> => {
    const kept = await book.kept();
    if (kept !== null) {
      trouble = opens(BOUND, kept) ? null : hasKey ? WRONG : MISSING;
      return;
    }
    // A ledger of an earlier release has secrets and no known text. The key is tried on some of
    // them.
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
  };
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
    look,
    async requireRight() {
      await look();
      if (trouble !== null) throw faultOf(trouble);
    },
    async rewrap() {
      const kept = await book.kept();
      if (kept !== null) await book.replace(plain.rewrap(BOUND, kept));
    },
  };
}
