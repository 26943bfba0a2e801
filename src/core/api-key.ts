// API key: the scopes of keys. `platform:write` includes every read that a platform needs;
// `operator` includes everything.
export const SCOPES = ['gate:read', 'platform:write', 'operator'] as const;
export type Scope = (typeof SCOPES)[number];

export type ApiKeys = {
  /** Stores a key. `hash` is its SHA-256. */
  add(key: { id: string; name: string; hash: Uint8Array; scopes: readonly Scope[] }): Promise<void>;
  /**
   * The keys that are not revoked. `ever` says whether any key was ever made: from then on every
   * request needs a key, even if all keys are revoked.
   */
  live(): Promise<{
    readonly ever: boolean;
    readonly keys: {
      readonly id: string;
      readonly hash: Uint8Array;
      readonly scopes: readonly Scope[];
    }[];
  }>;
  /** Lists every key, revoked ones included, oldest first. */
  list(): Promise<
    {
      readonly id: string;
      readonly name: string;
      readonly scopes: readonly Scope[];
      readonly createdAtMs: number;
      readonly revokedAtMs: number | null;
    }[]
  >;
  /** Revokes a key. False when there is no such key, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
};

/** Whether a key with these scopes may use a route that requires `asked`. */
export function covers(scopes: readonly Scope[], asked: Scope): boolean {
  if (scopes.includes('operator')) return true;
  return scopes.includes(asked) || (asked === 'gate:read' && scopes.includes('platform:write'));
}
