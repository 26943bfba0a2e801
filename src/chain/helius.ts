// Helius: our webhook registrations, through helius-sdk. An edit must carry the complete object and
// there is no ETag, so a webhook is always read, merged and written, by one writer at a time. More
// addresses than one webhook takes are spread over several, all with our URL. Ours are those at our
// URL and those whose ids we remember: one whose URL was changed, by a person or by our own
// settings, is put right, and one that is no longer needed is removed, since it sends our secret.
import { Fault, messageOf } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { RegistryReport, WebhookIds, WebhookRegistry } from '../core/outside.ts';
import type { Log } from '../core/ports.ts';
import { createAnswerReader } from './answer.ts';
import { redact, shownUrl } from './rpc.ts';

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
  /** Null where nothing is remembered: ours are then the webhooks at our URL. */
  readonly ids: WebhookIds | null;
  readonly log: Log;
  /** By when Helius must have answered a call. */
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
/** What each of our webhooks is, besides its addresses. */
type Shape = Required<
  Pick<Webhook, 'webhookURL' | 'transactionTypes' | 'webhookType' | 'txnStatus' | 'authHeader'>
>;

const SDK_HOST = 'https://api-mainnet.helius-rpc.com';
const TIMEOUT_MS = 15_000;
const ADDRESSES_MOST = 95_000;
/** A list of webhooks with all their addresses is long: 95,000 take about 4.5 MB. */
const ANSWER_BYTES_MOST = 64 * 1_024 * 1_024;

/**
 * helius-sdk calls the global fetch with a fixed host and no time-out. This wraps it for that host
 * alone: a deadline and a bound on bytes for every call, and the local stand-in where one is
 * configured (ADR 4).
 */
function guardFetch(apiUrl: string | null, answerMs: number): void {
  const original = globalThis.fetch;
  const read = createAnswerReader({
    answerBytesMost: ANSWER_BYTES_MOST,
    answersBytesMost: ANSWER_BYTES_MOST,
  });
  globalThis.fetch = async (input, init) => {
    if (typeof input !== 'string' || !input.startsWith(SDK_HOST)) return original(input, init);
    const url = apiUrl === null ? input : apiUrl + input.slice(SDK_HOST.length);
    return read(await original(url, { ...init, signal: AbortSignal.timeout(answerMs) }));
  };
}

/**
 * What went wrong at Helius, so that the right alarm is raised. The SDK throws plain errors with
 * the status in them.
 */
export function heliusFault(thrown: unknown): Fault {
  if (thrown instanceof Fault && thrown.code !== 'rpc_unavailable') return thrown;
  const message = redact(messageOf(thrown));
  const status = Number(/status: (\d{3})/.exec(message)?.[1] ?? 0);
  if (status === 401 || status === 403)
    return new Fault('helius_key_rejected', `Helius does not accept the API key: ${message}`);
  if (status === 429 && /credit/i.test(message))
    return new Fault('helius_credits_exhausted', `Helius has no credits left for us: ${message}`);
  return new Fault('helius_failed', `Helius: ${message}`);
}

/**
 * Which addresses each webhook shall hold: what one holds stays there, what is new goes where there
 * is room.
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

/** Keeps our webhooks at Helius: their addresses, URL, secret and active flags. */
export function createWebhookRegistry(options: HeliusOptions): WebhookRegistry {
  const { log, secret, webhookUrl } = options;
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
   * Whether it has another URL, type or filter than we gave it. A member that Helius does not tell
   * is taken for right.
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
    // Those at our URL come first: where they suffice, one at another URL is removed.
    const known = (Array.isArray(all) ? (all as (Webhook | null)[]) : [])
      .filter((each) => each !== null && typeof each === 'object')
      .filter((each) => each.webhookURL === webhookUrl || remembered.has(each.webhookID))
      .map((each) => ({ ...each, accountAddresses: each.accountAddresses ?? [] }))
      .sort((a, b) => Number(isElsewhere(a)) - Number(isElsewhere(b)));
    return { webhooks, known };
  };
  /**
   * Adds addresses, and takes out what is `unwanted`; the last ones of a webhook stay, since it
   * must hold some.
   */
  const write = async (
    addresses: readonly Address[],
    unwanted: (address: string) => boolean = () => false,
  ): Promise<boolean> => {
    const { webhooks, known: all } = await open();
    const here = all.filter((each) => !isElsewhere(each));
    // One at another URL is brought here when none is here, and removed when it is not needed.
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
        log.info('helius.webhook_updated', { addresses: accountAddresses.length });
      }
      if (webhook.active === false) {
        await webhooks.toggle(webhook.webhookID, true);
        log.warn('helius.webhook_enabled_again', { webhook: webhook.webhookID });
      }
      // What it did not deliver meanwhile is a hole that the other sources fill.
      if (webhook.active === false || altered) wasDisabled = true;
    }
    // Remembered before the others go: what this daemon does not get to remove, it removes the next
    // time.
    await options.ids?.keep([...ours, ...elsewhere.map((each) => each.webhookID)]);
    for (const { webhookID, webhookURL } of elsewhere) {
      await webhooks.delete(webhookID);
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
      altered: known.filter(isAltered).length,
      missing: [...wanted].filter((each) => !registered.has(each)),
      extra: [...registered].filter((each) => !wanted.has(each)),
    };
  };
  // An edit carries everything and costs a hundred credits: all that comes while one waits for its
  // turn goes with it.
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
    // A turn that never comes must not be waited for either.
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
