// Helius: our webhook registrations, through helius-sdk. An edit must carry the complete object and there is no ETag, so a
// webhook is always read, merged and written, by one writer at a time. More addresses than one webhook takes are spread
// over several, all with our URL.
import { Fault, messageOf } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { RegistryReport, WebhookRegistry } from '../core/outside.ts';
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
  /** Addresses that one webhook is given at most. Helius takes 100,000. */
  readonly addressesMost?: number;
  /** Runs the work alone, of all daemons that share the database. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
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
const ADDRESSES_MOST = 95_000;

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

/** What went wrong at Helius, so that the right alarm is raised. The SDK throws plain errors with the status in them. */
export function heliusFault(thrown: unknown): Fault {
  const message = redact(messageOf(thrown));
  const status = Number(/status: (\d{3})/.exec(message)?.[1] ?? 0);
  if (status === 401 || status === 403)
    return new Fault('helius_key_rejected', `Helius does not accept the API key: ${message}`);
  if (status === 429 && /credit/i.test(message))
    return new Fault('helius_credits_exhausted', `Helius has no credits left for us: ${message}`);
  return new Fault('helius_failed', `Helius: ${message}`);
}

/** Which addresses each webhook shall hold: what one holds stays there, what is new goes where there is room. */
export function spreadAddresses(
  held: readonly (readonly string[])[],
  wanted: readonly string[],
  most: number,
): string[][] {
  const shards = held.map((each) => [...new Set(each)]);
  const known = new Set(shards.flat());
  for (const address of new Set(wanted)) {
    if (known.has(address)) continue;
    let shard = shards.find((each) => each.length < most);
    if (shard === undefined) {
      shard = [];
      shards.push(shard);
    }
    shard.push(address);
  }
  return shards;
}

/** Keeps our webhooks at Helius: their addresses, URL, secret and active flags. */
export function createWebhookRegistry(options: HeliusOptions): WebhookRegistry {
  const { log, secret, webhookUrl } = options;
  let guarded = false;
  let writing: Promise<unknown> = Promise.resolve();

  const open = async () => {
    if (!guarded) {
      guardFetch(options.apiUrl);
      guarded = true;
    }
    const { createHelius } = await import('helius-sdk');
    const { webhooks } = createHelius({ apiKey: options.apiKey, network: 'mainnet' });
    const known = ((await webhooks.getAll()) as Webhook[]).filter(
      (each) => each.webhookURL === webhookUrl,
    );
    return { webhooks, known };
  };
  /** Adds addresses, and takes out what is `unwanted`; the last ones of a webhook stay, since it must hold some. */
  const write = async (
    addresses: readonly Address[],
    unwanted: (address: string) => boolean = () => false,
  ): Promise<boolean> => {
    const { webhooks, known } = await open();
    const kept = ({ accountAddresses }: Webhook): string[] => {
      const left = accountAddresses.filter((address) => !unwanted(address));
      return left.length === 0 ? accountAddresses : left;
    };
    const shards = spreadAddresses(
      known.map(kept),
      addresses,
      options.addressesMost ?? ADDRESSES_MOST,
    );
    let wasDisabled = false;
    for (const [index, accountAddresses] of shards.entries()) {
      const webhook = known[index];
      const wanted = {
        webhookURL: webhookUrl,
        transactionTypes: ['ANY'],
        webhookType: 'raw',
        authHeader: secret,
        accountAddresses,
      } as Parameters<typeof webhooks.create>[0];
      if (webhook === undefined) {
        await webhooks.create(wanted);
        log.info('helius.webhook_created', { addresses: accountAddresses.length });
        continue;
      }
      const held = new Set(webhook.accountAddresses);
      const complete =
        accountAddresses.length === webhook.accountAddresses.length &&
        accountAddresses.every((each) => held.has(each)) &&
        webhook.authHeader === secret;
      if (!complete) {
        await webhooks.update(webhook.webhookID, wanted);
        log.info('helius.webhook_updated', { addresses: accountAddresses.length });
      }
      if (webhook.active === false) {
        await webhooks.toggle(webhook.webhookID, true);
        wasDisabled = true;
        log.warn('helius.webhook_enabled_again', { webhook: webhook.webhookID });
      }
    }
    return wasDisabled;
  };

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = writing.then(async () => {
      try {
        return await options.alone(work);
      } catch (thrown) {
        throw heliusFault(thrown);
      }
    });
    // The next writer waits for this one, whether it succeeds or not.
    writing = turn.catch(() => {});
    return turn;
  };
  const inspect = async (addresses: readonly Address[]): Promise<RegistryReport> => {
    const { known } = await open().catch((thrown: unknown) => {
      throw heliusFault(thrown);
    });
    const registered = new Set(known.flatMap((each) => each.accountAddresses));
    const wanted = new Set<string>(addresses);
    return {
      webhooks: known.length,
      disabled: known.filter((each) => each.active === false).length,
      wrongSecret: known.filter((each) => each.authHeader !== secret).length,
      missing: [...wanted].filter((each) => !registered.has(each)),
      extra: [...registered].filter((each) => !wanted.has(each)),
    };
  };
  // An edit carries everything and costs a hundred credits: whoever comes while one is waiting for its turn goes with it.
  let waiting: { readonly wanted: Set<Address>; readonly turn: Promise<boolean> } | null = null;
  const together = (addresses: readonly Address[]): Promise<boolean> => {
    const wanted = waiting?.wanted ?? new Set<Address>();
    for (const each of addresses) wanted.add(each);
    if (waiting !== null) return waiting.turn;
    const leave = (): void => {
      if (waiting?.wanted === wanted) waiting = null;
    };
    const work = (): Promise<boolean> => {
      leave();
      return write([...wanted]);
    };
    // Where its turn never comes it must not be waited for either.
    const turn = alone(work).finally(leave);
    waiting = { wanted, turn };
    return turn;
  };
  return {
    ensure: async (addresses) => ({ wasDisabled: await together(addresses) }),
    async remove(addresses) {
      const left = new Set<string>(addresses);
      await alone(() => write([], (address) => left.has(address)));
    },
    inspect,
    async repair(addresses) {
      const { extra } = await inspect(addresses);
      const wanted = new Set<string>(addresses);
      await alone(() => write(addresses, (address) => !wanted.has(address)));
      return extra.length;
    },
  };
}
