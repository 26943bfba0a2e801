// Remote signers: asks key services for signatures. A service that does not answer rests, longer
// each time, and is not asked meanwhile: payments of other keys then do not wait behind it. A
// service that refuses one key is still asked for the others. No answer decides anything about a
// payment: signers.ts checks each signature against address and bytes, and a signature that comes
// too late is dropped.
import { delayMs } from '../core/backoff.ts';
import { Fault, messageOf } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Clock, Log } from '../core/ports.ts';
import { withoutSecretText } from '../core/redaction.ts';
import type { ServiceKey, SignerService } from '../core/service-key.ts';
import type { Signer } from '../core/signing-ports.ts';
import type { KeychainSigner, OpenSigner } from './keychain.ts';

export type RemoteSigners = {
  /** The configured services. */
  readonly services: readonly SignerService[];
  /**
   * The signer of a key. Its `sign` throws `signer_unavailable` when the service does not answer or
   * rests, and `key_unavailable` when it refuses or is not configured.
   */
  signer(address: Address, key: ServiceKey): Signer;
  /** The fault of a service that is not configured or rests; null when it may be asked. */
  obstacle(service: SignerService): Fault | null;
};

export type RemoteOptions = {
  readonly openers: ReadonlyMap<SignerService, OpenSigner>;
  /** The longest time that one signature is waited for. */
  readonly answerMs: number;
  readonly clock: Pick<Clock, 'elapsedMs' | 'sleep' | 'random'>;
  readonly log: Log;
};

const REST = { firstMs: 1_000, mostMs: 60_000 };
/** Open signers that are kept, each with the connections of its package. */
const OPEN_MOST = 1_000;

/** The fields that errors of the packages have. */
type SignerError = {
  readonly code?: string;
  readonly context?: { readonly status?: number; readonly cause?: { readonly name?: string } };
};
const THROTTLED = /Throttl|LimitExceeded|TooManyRequests|KMSInternal|DependencyTimeout/;
/** Fireblocks has not signed in time: a person there must approve, or Fireblocks is slow. */
const UNDECIDED = /did not complete/;

/**
 * Whether the service has refused this request, so that asking again brings the same answer until a
 * person acts. Anything else is a service that does not answer now.
 */
function isRefusal(thrown: unknown): boolean {
  const { code, context } = thrown as SignerError;
  if (code === 'SIGNER_CONFIG_ERROR' || code === 'SIGNER_INVALID_PUBLIC_KEY') return true;
  if (code === 'SIGNER_SIGNING_FAILED') return !UNDECIDED.test(messageOf(thrown));
  const status = context?.status;
  if (status === undefined || THROTTLED.test(context?.cause?.name ?? '')) return false;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

const notConfigured = (service: SignerService): Fault =>
  new Fault(
    'key_unavailable',
    `The key is kept by ${service}, and this daemon has no access to ${service}: signers.* of the settings names none.`,
    { context: { trouble: 'signer_not_configured' } },
  );

type Rest = { failures: number; untilMs: number; detail: string };

/**
 * Creates the signers of the configured services. No service is asked before a signature is needed.
 */
export function createRemoteSigners(options: RemoteOptions): RemoteSigners {
  const { openers, answerMs, clock, log } = options;
  const open = new Map<string, Promise<KeychainSigner>>();
  const rests = new Map<SignerService, Rest>();

  const opened = (address: Address, { service, key }: ServiceKey, opener: OpenSigner) => {
    const name = `${service} ${key} ${address}`;
    const known = open.get(name);
    if (known !== undefined) return known;
    const asked = opener(key, address);
    open.set(name, asked);
    asked.catch(() => open.delete(name));
    const [oldest] = open.keys();
    if (open.size > OPEN_MOST && oldest !== undefined) open.delete(oldest);
    return asked;
  };
  const failed = (service: SignerService, detail: string): void => {
    const known = rests.get(service);
    // Requests that were on their way when the service began to rest count once.
    if (known !== undefined && clock.elapsedMs() < known.untilMs) return;
    const failures = (known?.failures ?? 0) + 1;
    const restMs = delayMs(REST, failures, clock.random());
    rests.set(service, { failures, untilMs: clock.elapsedMs() + restMs, detail });
    log.warn('signer.unavailable', { service, failures, restMs, detail });
  };
  const answered = (service: SignerService): void => {
    if (!rests.delete(service)) return;
    log.info('signer.answers', { service });
  };
  const unavailable = (address: Address, service: SignerService, detail: string): Fault =>
    new Fault(
      'signer_unavailable',
      `The signer of ${address} at ${service} gave no signature: ${detail}.`,
    );
  /** Waits for the work for `answerMs` at most. Its late result is dropped. */
  const inTime = async <T>(work: Promise<T>): Promise<T> => {
    const ended = new AbortController();
    const late = clock.sleep(answerMs, ended.signal).then((): never => {
      throw new Error(`no answer within ${answerMs} ms`);
    });
    late.catch(() => {});
    try {
      return await Promise.race([work, late]);
    } finally {
      ended.abort('ended');
    }
  };
  const obstacle: RemoteSigners['obstacle'] = (service) => {
    if (!openers.has(service)) return notConfigured(service);
    const rest = rests.get(service);
    if (rest === undefined || clock.elapsedMs() >= rest.untilMs) return null;
    return new Fault(
      'signer_unavailable',
      `${service} gave no signature ${rest.failures} times and is asked again in ${rest.untilMs - clock.elapsedMs()} ms: ${rest.detail}.`,
    );
  };

  return {
    services: [...openers.keys()],
    obstacle,
    signer: (address, name) => ({
      address,
      async sign(message) {
        const { service, key } = name;
        const opener = openers.get(service);
        if (opener === undefined) throw notConfigured(service);
        const held = obstacle(service);
        if (held !== null) throw held;
        const ask = async (): Promise<Uint8Array | undefined> => {
          const signer = await opened(address, name, opener);
          if (signer.address !== address)
            throw new Fault(
              'key_unavailable',
              `${service} holds the key of ${signer.address} under ${key}, not of ${address}.`,
              { context: { trouble: 'signer_refused' } },
            );
          const [found] = await signer.signMessages([{ content: message, signatures: {} }]);
          return found?.[address];
        };
        try {
          const signature = await inTime(ask());
          answered(service);
          if (signature !== undefined) return signature;
          throw new Error('no signature');
        } catch (thrown) {
          if (thrown instanceof Fault) throw thrown;
          const detail = withoutSecretText(messageOf(thrown));
          if (isRefusal(thrown)) {
            answered(service);
            throw new Fault(
              'key_unavailable',
              `${service} refuses to sign for ${address} with its key ${key}: ${detail}.`,
              { context: { trouble: 'signer_refused' }, cause: thrown },
            );
          }
          failed(service, detail);
          throw unavailable(address, service, detail);
        }
      },
    }),
  };
}
