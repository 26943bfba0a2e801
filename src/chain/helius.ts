// Helius: our webhook registration, through helius-sdk. An edit must carry the complete object and there is no ETag,
// so it is always read, merged and written, by one writer at a time.
import { Fault, messageOf } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { WebhookRegistry } from '../core/outside.ts';
import type { Log } from '../core/ports.ts';
import { redact } from './rpc.ts';

export type HeliusOptions = {
  readonly apiKey: string;
  /** Another host than Helius' own, for a local stand-in. */
  readonly apiUrl: string | null;
  /** Where Helius shall post to. */
  readonly webhookUrl: string;
  /** The value it shall send as `Authorization`. */
  readonly secret: string;
  readonly network: 'mainnet' | 'devnet';
  readonly log: Log;
};

type Webhook = {
  webhookID: string;
  webhookURL: string;
  accountAddresses: string[];
  authHeader?: string;
  active?: boolean;
};

const SDK_HOST = 'https://api-mainnet.helius-rpc.com';
const TIMEOUT_MS = 15_000;

/**
 * helius-sdk calls the global fetch with a fixed host and no time-out. This wraps it for that host alone: a deadline
 * on every call, and the local stand-in where one is configured (ADR 4).
 */
function guardFetch(apiUrl: string | null): void {
  const original = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    if (typeof input !== 'string' || !input.startsWith(SDK_HOST)) return original(input, init);
    const url = apiUrl === null ? input : apiUrl + input.slice(SDK_HOST.length);
    return original(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  };
}

/** Keeps one webhook of ours at Helius: its addresses, URL, secret and active flag. */
export function createWebhookRegistry(options: HeliusOptions): WebhookRegistry {
  let guarded = false;
  let writing: Promise<void> = Promise.resolve();

  const write = async (addresses: readonly Address[]): Promise<void> => {
    if (!guarded) {
      guardFetch(options.apiUrl);
      guarded = true;
    }
    const { createHelius } = await import('helius-sdk');
    const { webhooks } = createHelius({ apiKey: options.apiKey, network: options.network });
    const known = ((await webhooks.getAll()) as Webhook[]).find(
      (each) => each.webhookURL === options.webhookUrl,
    );
    const wanted = {
      webhookURL: options.webhookUrl,
      transactionTypes: ['ANY'],
      webhookType: options.network === 'devnet' ? 'rawDevnet' : 'raw',
      authHeader: options.secret,
      accountAddresses: [...new Set([...(known?.accountAddresses ?? []), ...addresses])],
    };
    type Create = Parameters<typeof webhooks.create>[0];
    if (known === undefined) {
      await webhooks.create(wanted as Create);
      options.log.info('helius.webhook_created', { addresses: wanted.accountAddresses.length });
      return;
    }
    const complete =
      addresses.every((each) => known.accountAddresses.includes(each)) &&
      known.authHeader === options.secret;
    if (!complete) {
      await webhooks.update(known.webhookID, wanted as Create);
      options.log.info('helius.webhook_updated', { addresses: wanted.accountAddresses.length });
    }
    if (known.active === false) {
      await webhooks.toggle(known.webhookID, true);
      options.log.warn('helius.webhook_enabled_again', {});
    }
  };

  return {
    ensure(addresses) {
      const turn = writing
        .then(() => write(addresses))
        .catch((thrown: unknown) => {
          throw new Fault('helius_failed', `Helius: ${redact(messageOf(thrown))}`);
        });
      // The next writer waits for this one, whether it succeeds or not.
      writing = turn.catch(() => {});
      return turn;
    },
  };
}
