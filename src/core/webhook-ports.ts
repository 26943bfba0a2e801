// Webhook ports: the ports to Bailiff's webhook registrations at Helius, and to their stored ids.
import type { Address } from './ids.ts';

/** Bailiff's webhook registrations at Helius. */
export type WebhookRegistry = {
  /**
   * Makes sure that these addresses, and those already registered, are registered at the configured
   * URL with the secret, and active. `wasDisabled`: a webhook had been disabled or altered, so
   * deliveries may be missing.
   */
  ensure(addresses: readonly Address[]): Promise<{ readonly wasDisabled: boolean }>;
  /**
   * Removes these addresses. The last ones of a webhook stay, because Helius allows no empty
   * webhook.
   */
  remove(addresses: readonly Address[]): Promise<void>;
  /** How the registration differs from these addresses. Changes nothing. */
  inspect(addresses: readonly Address[]): Promise<RegistryReport>;
  /** As `ensure`, and removes addresses that are not among these. Returns how many were removed. */
  repair(addresses: readonly Address[]): Promise<number>;
};
/** Stores the ids of Bailiff's webhooks. */
export type WebhookIds = {
  /** The stored ids. */
  read(): Promise<readonly string[]>;
  /** Replaces the stored ids. */
  keep(ids: readonly string[]): Promise<void>;
};

export type RegistryReport = {
  readonly webhooks: number;
  readonly disabled: number;
  readonly wrongSecret: number;
  /** Webhooks of Bailiff with another type, transaction filter or URL than Bailiff set. */
  readonly altered: number;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
};
