// Rotation: wraps every secret of the ledger under the next master key. Daemons that have the old
// key alone may keep secrets while this runs, so the secrets are gone through twice: before and
// after the known text is sealed anew. A secret that such a daemon keeps later is refused to its
// sender, because the daemon looks at the known text after each write (chain/vouched.ts).
import { agentKeyBinding, endpointBinding } from '../core/bindings.ts';
import type { MasterKey } from '../core/master-key.ts';
import type { Ledger } from '../core/ports.ts';

export type RotationPorts = {
  readonly ledger: {
    readonly subscribers: Pick<Ledger['subscribers'], 'ids' | 'agentKey' | 'replaceKey'>;
    readonly endpoints: Pick<Ledger['endpoints'], 'secrets' | 'replaceSecrets'>;
  };
  /** Holds the old and the next master key. */
  readonly masterKey: Pick<MasterKey, 'rewrap'> & {
    readonly vault: Pick<MasterKey['vault'], 'rewrap'>;
  };
  /** Called with the number of subscribers that were gone through, and of how many. */
  readonly onProgress?: (done: number, of: number) => void;
};
export type Rotated = {
  /** Agent keys and signing secrets that are under the next master key now. */
  readonly keys: number;
  readonly secrets: number;
  /** Subscribers and endpoints of which a secret opens under neither key. It was left as it is. */
  readonly closed: { readonly subscribers: string[]; readonly endpoints: string[] };
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Wraps every secret under the next master key. May be run again. */
export async function rotateMasterKey(ports: RotationPorts): Promise<Rotated> {
  const { ledger, masterKey, onProgress = () => {} } = ports;
  const { subscribers, endpoints } = ledger;
  /** The sealed secrets that this rotation wrote. */
  const own = new Set<string>();
  const keys = new Set<string>();
  let secrets = 0;
  let closed = { subscribers: new Set<string>(), endpoints: new Set<string>() };
  /** The secret under the next master key; null for one that opens under neither key. */
  const wrapped = (bound: string, sealed: Uint8Array): Uint8Array | null => {
    try {
      return masterKey.vault.rewrap(bound, sealed);
    } catch {
      return null;
    }
  };
  const wrapKey = async (id: string): Promise<void> => {
    // Another process may replace the key meanwhile. The loop then wraps the present key, until a
    // replacement succeeds or the key is gone.
    for (;;) {
      const key = await subscribers.agentKey(id);
      if (key === null || !('sealed' in key) || own.has(hexOf(key.sealed))) return;
      const sealed = wrapped(agentKeyBinding(id, key.publicKey), key.sealed);
      if (sealed === null) return void closed.subscribers.add(id);
      if (!(await subscribers.replaceKey(key, sealed))) continue;
      own.add(hexOf(sealed));
      keys.add(id);
      return;
    }
  };
  const wrapEndpoints = async (): Promise<void> => {
    for (let due = await endpoints.secrets(); due.length > 0; ) {
      const changed = new Set<string>();
      for (const each of due) {
        const fresh: string[] = [];
        const to = each.secrets.map((sealed) => {
          if (own.has(hexOf(sealed))) return sealed;
          const made = wrapped(endpointBinding(each.id), sealed);
          if (made === null) closed.endpoints.add(each.id);
          else fresh.push(hexOf(made));
          return made ?? sealed;
        });
        if (fresh.length === 0) continue;
        if (await endpoints.replaceSecrets(each.id, each.secrets, to)) {
          secrets += fresh.length;
          for (const one of fresh) own.add(one);
        } else changed.add(each.id);
      }
      due =
        changed.size === 0 ? [] : (await endpoints.secrets()).filter(({ id }) => changed.has(id));
    }
  };
  const wrapAll = async (): Promise<void> => {
    closed = { subscribers: new Set(), endpoints: new Set() };
    const ids = await subscribers.ids();
    for (const [index, id] of ids.entries()) {
      await wrapKey(id);
      onProgress(index + 1, ids.length);
    }
    await wrapEndpoints();
  };
  await wrapAll();
  await masterKey.rewrap();
  await wrapAll();
  return {
    keys: keys.size,
    secrets,
    closed: { subscribers: [...closed.subscribers], endpoints: [...closed.endpoints] },
  };
}
