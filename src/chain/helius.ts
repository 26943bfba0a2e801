// Helius: keeps Bailiff's webhook registrations, through helius-sdk. An edit must carry the
// complete object and there is no ETag, so a webhook is always read, merged and written, by one
// writer at a time. Addresses beyond the limit of one webhook are spread over several with the same
// URL. Webhooks at the configured URL and those with a remembered id are Bailiff's. A webhook whose
// URL was changed, by a person or by the settings, is corrected; one that is no longer needed is
// removed, because it sends the secret.

import type { Address } from '../core/ids.ts';
import type { Log } from '../core/ports.ts';
import type { RegistryReport, WebhookIds, WebhookRegistry } from '../core/webhook-ports.ts';
import { guardFetch, heliusFault } from './helius-calls.ts';
import { shownUrl } from './rpc.ts';

export type HeliusOptions = {
  readonly apiKey: string;
  /** The host of a local stand-in; null for Helius. */
  readonly apiUrl: string | null;
  /** The URL to which Helius posts. */
  readonly webhookUrl: string;
  /** The value that Helius sends as `Authorization`. */
  readonly secret: string;
  /** The most addresses of one webhook, 95,000 when left out. Helius allows 100,000. */
  readonly addressesMost?: number;
  /** Runs the work while no other daemon on the same database runs such work. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /**
   * The remembered ids; null when none are kept, so that only webhooks at the URL are Bailiff's.
   */
  readonly ids: WebhookIds | null;
  readonly log: Log;
  /** Called after each creation, change and removal of a webhook, which costs credits. */
  readonly onEdit?: () => void;
  /** The deadline of one call, 15 s when left out. Milliseconds. */
  readonly answerMs?: number;
};

type Webhook = {
  webhookID: string;
  webhookURL: string;
  accountAddresses: string[];
  transactionTypes?: string[];
  webhookType?: string;
  txnStatus?: string;
  authHeader?: string;
  active?: boolean;
};
/** The fields of each webhook besides its addresses. */
type Shape = Required<
  Pick<Webhook, 'webhookURL' | 'transactionTypes' | 'webhookType' | 'txnStatus' | 'authHeader'>
>;

const TIMEOUT_MS = 15_000;
const ADDRESSES_MOST = 95_000;

/**
 * The addresses that each webhook must hold: an address stays where it is, and a new one goes to a
 * webhook with room.
 */
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

/** Creates the registry, which keeps the addresses, URL, secret and active flag of the webhooks. */
export function createWebhookRegistry(options: HeliusOptions): WebhookRegistry {
  const { log, secret, webhookUrl, onEdit = () => {} } = options;
  let guarded = false;
  let writing: Promise<unknown> = Promise.resolve();

  const shape: Shape = {
    webhookURL: webhookUrl,
    transactionTypes: ['ANY'],
    webhookType: 'raw',
    txnStatus: 'all',
    authHeader: secret,
  };
  const isElsewhere = (webhook: Webhook): boolean => webhook.webhookURL !== webhookUrl;
  /**
   * Whether the webhook has another URL, type or filter than Bailiff gave it. A field that Helius
   * does not return counts as unchanged.
   */
  const isAltered = (webhook: Webhook): boolean =>
    isElsewhere(webhook) ||
    (webhook.transactionTypes ?? shape.transactionTypes).join() !== shape.transactionTypes.join() ||
    (webhook.webhookType ?? shape.webhookType) !== shape.webhookType ||
    (webhook.txnStatus ?? shape.txnStatus) !== shape.txnStatus;

  const open = async () => {
    if (!guarded) {
      guardFetch(options.apiUrl, options.answerMs ?? TIMEOUT_MS);
      guarded = true;
    }
    const { createHelius } = await import('helius-sdk');
    const { webhooks } = createHelius({ apiKey: options.apiKey, network: 'mainnet' });
    const remembered = new Set(await options.ids?.read());
    const all: unknown = await webhooks.getAll();
    // Webhooks at the configured URL come first. If they suffice, one at another URL is removed.
    const known = (Array.isArray(all) ? (all as (Webhook | null)[]) : [])
      .filter((each) => each !== null && typeof each === 'object')
      .filter((each) => each.webhookURL === webhookUrl || remembered.has(each.webhookID))
      .map((each) => ({ ...each, accountAddresses: each.accountAddresses ?? [] }))
      .sort((a, b) => Number(isElsewhere(a)) - Number(isElsewhere(b)));
    return { webhooks, known };
  };
  /**
   * Adds addresses and removes those that are `unwanted`. If all addresses of a webhook are
   * unwanted they stay, because Helius allows no empty webhook.
   */
  const write = async (
    addresses: readonly Address[],
    unwanted: (address: string) => boolean = () => false,
  ): Promise<boolean> => {
    const { webhooks, known: all } = await open();
    const here = all.filter((each) => !isElsewhere(each));
    // A webhook at another URL is moved here when none is here, and removed otherwise.
    const known = here.length > 0 ? here : all;
    const kept = ({ accountAddresses }: Webhook): string[] => {
      const left = accountAddresses.filter((address) => !unwanted(address));
      return left.length === 0 ? accountAddresses : left;
    };
    const elsewhere = all.filter((each) => !known.includes(each));
    const shards = spreadAddresses(
      known.map(kept),
      [...addresses, ...elsewhere.flatMap(kept).filter((address) => !unwanted(address))],
      options.addressesMost ?? ADDRESSES_MOST,
    );
    const ours: string[] = [];
    let wasDisabled = false;
    for (const [index, accountAddresses] of shards.entries()) {
      const webhook = known[index];
      const wanted = { ...shape, accountAddresses } as Parameters<typeof webhooks.create>[0];
      if (webhook === undefined) {
        const created = (await webhooks.create(wanted)) as Partial<Webhook> | null;
        if (created?.webhookID) ours.push(created.webhookID);
        onEdit();
        log.info('helius.webhook_created', { addresses: accountAddresses.length });
        continue;
      }
      ours.push(webhook.webhookID);
      const held = new Set(webhook.accountAddresses);
      const complete =
        accountAddresses.length === webhook.accountAddresses.length &&
        accountAddresses.every((each) => held.has(each)) &&
        webhook.authHeader === secret;
      const altered = isAltered(webhook);
      if (altered)
        log.warn('helius.webhook_altered', {
          webhook: webhook.webhookID,
          url: shownUrl(webhook.webhookURL),
          type: webhook.webhookType,
          transactionTypes: webhook.transactionTypes,
          txnStatus: webhook.txnStatus,
        });
      if (!complete || altered) {
        await webhooks.update(webhook.webhookID, wanted);
        onEdit();
        log.info('helius.webhook_updated', { addresses: accountAddresses.length });
      }
      if (webhook.active === false) {
        await webhooks.toggle(webhook.webhookID, true);
        onEdit();
        log.warn('helius.webhook_enabled_again', { webhook: webhook.webhookID });
      }
      // Deliveries may have been lost in the meantime; the other sources must read the history.
      if (webhook.active === false || altered) wasDisabled = true;
    }
    // The ids are stored before the removal, so that a removal that fails is repeated next time.
    await options.ids?.keep([...ours, ...elsewhere.map((each) => each.webhookID)]);
    for (const { webhookID, webhookURL } of elsewhere) {
      await webhooks.delete(webhookID);
      onEdit();
      log.warn('helius.webhook_removed', { webhook: webhookID, url: shownUrl(webhookURL) });
    }
    if (elsewhere.length > 0) await options.ids?.keep(ours);
    return wasDisabled;
  };

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = writing.then(() =>
      options.alone(async () => {
        try {
          return await work();
        } catch (thrown) {
          throw heliusFault(thrown);
        }
      }),
    );
    // The next writer waits for this one, whether it succeeds or fails.
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
      altered: known.filter(isAltered).length,
      missing: [...wanted].filter((each) => !registered.has(each)),
      extra: [...registered].filter((each) => !wanted.has(each)),
    };
  };
  // An edit carries all addresses and costs a hundred credits, so changes that arrive while one
  // waits for its turn are written together.
  type Turn = { readonly wanted: Set<Address>; readonly left: Set<string>; turn: Promise<boolean> };
  let waiting: Turn | null = null;
  const together = (wanted: readonly Address[], left: readonly Address[]): Promise<boolean> => {
    const own: Turn = waiting ?? {
      wanted: new Set(),
      left: new Set(),
      turn: Promise.resolve(false),
    };
    for (const each of wanted) {
      own.wanted.add(each);
      own.left.delete(each);
    }
    for (const each of left) {
      own.left.add(each);
      own.wanted.delete(each);
    }
    if (waiting !== null) return waiting.turn;
    const leave = (): void => {
      if (waiting === own) waiting = null;
    };
    waiting = own;
    // If the lock is never obtained, later calls must not wait for this turn.
    own.turn = alone(() => {
      leave();
      return write([...own.wanted], (address) => own.left.has(address));
    }).finally(leave);
    return own.turn;
  };
  return {
    ensure: async (addresses) => ({ wasDisabled: await together(addresses, []) }),
    async remove(addresses) {
      await together([], addresses);
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
