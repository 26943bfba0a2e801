// Master key: the port to the check of the key under which every secret of a ledger is sealed.
import type { Vault } from './signing-ports.ts';

export type MasterKeyTrouble = {
  readonly code: 'master_key_missing' | 'master_key_wrong';
  readonly detail: string;
};
/** Says whether the present master key is the ledger's. */
export type MasterKey = {
  /** The vault. It seals and opens only while nothing is wrong with the master key. */
  readonly vault: Vault;
  /** The problem with the master key; null when it is the ledger's, or was not checked yet. */
  trouble(): MasterKeyTrouble | null;
  /** Checks the master key again. */
  look(): Promise<void>;
  /** Checks the master key again. Throws `key_unavailable` when it is not the ledger's. */
  requireRight(): Promise<void>;
  /** Seals the known text under the next master key, when that takes over. */
  rewrap(): Promise<void>;
};

/** Stores the known text that shows whether a master key is the ledger's. */
export type MasterKeyBook = {
  /** The sealed text; null before the first start with a master key. */
  kept(): Promise<Uint8Array | null>;
  /** Stores the text unless there is one. Returns the stored text. */
  keep(sealed: Uint8Array): Promise<Uint8Array>;
  /** Replaces the stored text, when another master key takes over. */
  replace(sealed: Uint8Array): Promise<void>;
  /** Some of the stored secrets, each with its binding. */
  sample(): Promise<{ readonly bound: string; readonly sealed: Uint8Array }[]>;
};
