// Secret findings: checks that the master key is the ledger's, which secrets do not open although
// it is, and which endpoints are disabled. The doctor and the readiness check report the same
// findings.
import { agentKeyBinding, endpointBinding } from '../core/bindings.ts';
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import type { MasterKey } from '../core/master-key.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import { withoutSecretUrl } from '../core/redaction.ts';

export type SecretPorts = {
  readonly ledger: Pick<Ledger, 'subscribers' | 'endpoints' | 'shares'>;
  readonly masterKey: MasterKey;
};

/**
 * Opening a key takes some 40 microseconds; the event loop is blocked for this many keys at most.
 */
const KEYS_AT_ONCE = 100;
const MENDS = {
  master_key_missing: 'Set BAILIFF_MASTER_KEY to the key that other daemons have.',
  master_key_wrong:
    'Start with the master key that other daemons have. After bailiff keys rotate-master that is the next one.',
} as const;

const opens = ({ vault }: MasterKey, bound: string, sealed: Uint8Array): boolean => {
  try {
    return vault.open(bound, sealed, () => true);
  } catch {
    return false;
  }
};

async function ofAgentKeys({ ledger, masterKey }: SecretPorts): Promise<Finding> {
  let kept = 0;
  const closed: string[] = [];
  for (let after = ''; ; ) {
    const keys = await ledger.subscribers.sealedKeys({ after, limit: KEYS_AT_ONCE });
    kept += keys.length;
    for (const { subscriberId, publicKey, sealed } of keys)
      if (!opens(masterKey, agentKeyBinding(subscriberId, publicKey), sealed))
        closed.push(subscriberId);
    const last = keys.at(-1);
    if (last === undefined || keys.length < KEYS_AT_ONCE) break;
    after = last.subscriberId;
  }
  return closed.length === 0
    ? fine('keys', `${kept} agent keys open`)
    : wrong(
        'keys',
        `${closed.length} of ${kept} agent keys do not open, the first of ${closed[0]}: the row was changed or moved`,
        'Bring the key in again: bailiff keys import SUBSCRIBER FILE. Debts of these subscribers wait until then.',
      );
}

async function ofEndpoints({ ledger, masterKey }: SecretPorts): Promise<Finding[]> {
  const found: Finding[] = [];
  const secrets = await ledger.endpoints.secrets();
  const closed = secrets.filter((each) =>
    each.secrets.some((sealed) => !opens(masterKey, endpointBinding(each.id), sealed)),
  );
  if (closed.length > 0)
    found.push(
      wrong(
        'endpoint secrets',
        `the signing secret of ${closed.length} endpoints does not open, the first of ${closed[0]?.id}: its events wait`,
        'Make a new one: POST /v1/endpoints/ID/secrets, twice.',
      ),
    );
  for (const { id, url, disabled } of await ledger.endpoints.list())
    if (disabled !== null)
      found.push(
        odd(
          'endpoints',
          `endpoint ${id} (${withoutSecretUrl(url)}) is disabled: ${disabled.why}`,
          `Fix the receiver, then: POST /v1/endpoints/${id}/enable. Without it, remove the endpoint.`,
        ),
      );
  return found;
}

/**
 * The findings about the secrets of the ledger and about its endpoints. A master key that is not
 * right makes one finding. `keys` is an earlier finding about the agent keys; without it each agent
 * key is opened.
 */
export async function findSecrets(
  ports: SecretPorts,
  keys: Finding | null = null,
): Promise<Finding[]> {
  const trouble = ports.masterKey.trouble();
  const endpoints = await ofEndpoints(ports);
  if (trouble === null) return [keys ?? (await ofAgentKeys(ports)), ...endpoints];
  // With a wrong master key no signing secret opens either, so of the endpoints only disabled ones
  // are reported.
  return [
    wrong('master key', trouble.detail, MENDS[trouble.code]),
    ...endpoints.filter((each) => each.what === 'endpoints'),
  ];
}

/** Codes of debts that wait for a secret to open. */
const WAITING = ['master_key_missing', 'master_key_wrong', 'agent_key_unreadable'] as const;
/**
 * The time between two checks of every agent key while all of them open. Each payment opens its own
 * key anyway.
 */
const KEYS_EVERY_MS = 600_000;

export type SecretWatch = {
  /** Checks the secrets again, and logs new findings. */
  look(): Promise<void>;
  /** The findings of the last check that are not ok. */
  findings(): readonly Finding[];
};

/**
 * Creates the check that a loop repeats. Debts that waited for a secret become due once every
 * secret opens; until then they are tried by their schedule.
 */
export function createSecretWatch(
  ports: SecretPorts & { readonly clock: Pick<Clock, 'nowMs'>; readonly log: Log },
): SecretWatch {
  const { ledger, masterKey, clock, log } = ports;
  let findings: readonly Finding[] = [];
  let keys: Finding | null = null;
  let keysAtMs = 0;
  const wake = async (): Promise<void> => {
    for (const code of WAITING) {
      const { subscribers } = await ledger.shares.waitingFor({ code });
      await ledger.shares.wake(
        subscribers.map((subscriberId) => ({ subscriberId, class: 'needs_authorisation' })),
      );
    }
  };
  return {
    findings: () => findings,
    async look() {
      await masterKey.look();
      // A payment has met a key that does not open, so the last check of the keys is out of date.
      const { subscribers: met } = await ledger.shares.waitingFor({ code: 'agent_key_unreadable' });
      const recent = Math.abs(clock.nowMs() - keysAtMs) < KEYS_EVERY_MS;
      const fresh = recent && keys?.state === 'ok' && met.length === 0;
      const all = await findSecrets(ports, fresh ? keys : null);
      if (!fresh) {
        keys = all.find((each) => each.what === 'keys') ?? null;
        keysAtMs = clock.nowMs();
      }
      const found = all.filter((each) => each.state !== 'ok');
      for (const { what, says, mend } of found)
        if (!findings.some((each) => each.what === what && each.says === says))
          log.error('secrets.unusable', { what, says, mend });
      findings = found;
      if (found.every((each) => each.what === 'endpoints')) await wake();
    },
  };
}
