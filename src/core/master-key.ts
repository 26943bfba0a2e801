// Master key: what is known of the key that seals every secret of a ledger, and what the ledger
// keeps to tell it by.
import type { Vault } from './outside.ts';

export type MasterKeyTrouble = {
  readonly code: 'master_key_missing' | 'master_key_wrong';
  readonly detail: string;
};
/** Whether the master key at hand is the ledger's. */
export type MasterKey = {
  /** The vault, which seals only while nothing is wrong with the master key. */
  readonly vault: Vault;
  /** What is wrong with the master key; null when it is the ledger's, or was not looked at yet. */
  trouble(): MasterKeyTrouble | null;
  /** Looks again. */
  look(): Promise<void>;
  /** Seals the known text under the next master key, when that takes over. */
  rewrap(): Promise<void>;
};

/** The known text that tells whether a master key is the ledger's. */
export type MasterKeyBook = {
  /** The text, sealed; null before the first start with a master key. */
  kept(): Promise<Uint8Array | null>;
  /** Keeps it unless one is kept; returns what is kept then. */
  keep(sealed: Uint8Array): Promise<Uint8Array>;
  replace(sealed: Uint8Array): Promise<void>;
  /** Some of the secrets that are kept, with what each is sealed for. */
  sample(): Promise<{ readonly bound: string; readonly sealed: Uint8Array }[]>;
};
