// Helius: checks that Bailiff's webhooks exist, are active, and contain the watched addresses.

import { type Finding, fine, odd, unread, wrong } from '../core/doctor-finding.ts';
import { Fault, messageOf } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Log } from '../core/ports.ts';
import type { WebhookIds } from '../core/webhook-ports.ts';
import { openRegistry } from '../daemon-parts.ts';
import type { Settings } from '../system/settings.ts';

const HELIUS_MENDS: Readonly<Record<string, string>> = {
  helius_key_rejected: 'Put a valid key into BAILIFF_HELIUS_API_KEY.',
  helius_credits_exhausted:
    'Add credits to the Helius plan: until then every webhook of it pauses.',
};

async function look(
  settings: Settings,
  addresses: readonly Address[] | null,
  ids: WebhookIds | null,
  log: Log,
): Promise<Finding[]> {
  const registry = openRegistry(settings, log, null, (work) => work(), ids);
  if (registry === null)
    return settings.watch.sources.includes('webhooks')
      ? [
          odd(
            'helius',
            'no key is set, so no webhook is kept; the other sources hear everything, later',
            'Set BAILIFF_HELIUS_API_KEY and BAILIFF_WEBHOOK_URL.',
          ),
        ]
      : [];
  if (addresses === null)
    return [
      unread('helius', 'the addresses that the ledger watches, or its webhooks, were not read'),
    ];
  const seen = await registry.inspect(addresses);
  const found: Finding[] = [];
  if (seen.disabled > 0)
    found.push(
      wrong(
        'helius',
        `disabled webhooks: ${seen.disabled} of ${seen.webhooks}`,
        'Start the daemon, which enables them and reads the history since; then see why deliveries failed.',
      ),
    );
  if (seen.wrongSecret > 0)
    found.push(
      wrong(
        'helius',
        `webhooks that send another secret: ${seen.wrongSecret} of ${seen.webhooks}`,
        'Run: bailiff watch-list repair.',
      ),
    );
  if (seen.altered > 0)
    found.push(
      wrong(
        'helius',
        `webhooks with another type, filter of transactions or URL than Bailiff gave: ${seen.altered} of ${seen.webhooks}`,
        'A running daemon puts them right; else run: bailiff watch-list repair. Then see who changed them.',
      ),
    );
  if (seen.missing.length > 0)
    found.push(
      wrong(
        'helius',
        `addresses that are not registered: ${seen.missing.length} of ${addresses.length}`,
        'Run: bailiff watch-list repair.',
      ),
    );
  if (seen.extra.length > 0)
    found.push(
      odd(
        'helius',
        `addresses that are registered and not watched, which cost credits: ${seen.extra.length}`,
        'Run: bailiff watch-list repair.',
      ),
    );
  return found.length > 0
    ? found
    : [fine('helius', `active webhooks: ${seen.webhooks}, with addresses: ${addresses.length}`)];
}

/**
 * The findings on the webhooks. `addresses` are those that the ledger watches; null when they, or
 * the ids of the webhooks, were not read, and the webhooks cannot be judged. Never
 * throws: a key that Helius refuses is a finding.
 */
export async function ofHelius(
  settings: Settings,
  addresses: readonly Address[] | null,
  ids: WebhookIds | null,
  log: Log,
): Promise<Finding[]> {
  try {
    return await look(settings, addresses, ids, log);
  } catch (thrown) {
    const code = thrown instanceof Fault ? thrown.code : '';
    const mend = HELIUS_MENDS[code] ?? 'Check key, plan and host of Helius.';
    return [wrong('helius', messageOf(thrown), mend)];
  }
}
