// API key: what the bearer of a key may do. `platform:write` includes reading what a platform
// needs; `operator` includes everything.
export const SCOPES = ['gate:read', 'platform:write', 'operator'] as const;
export type Scope = (typeof SCOPES)[number];

export type ApiKeys = {
  /** `hash` is SHA-256 of the key. */
  add(key: { id: string; name: string; hash: Uint8Array; scopes: readonly Scope[] }): Promise<void>;
  /**
   * `ever`: whether any key was ever made; from then on nobody is let in without one, also when all
   * are revoked.
   */
  live(): Promise<{
    readonly ever: boolean;
    readonly keys: {
      readonly id: string;
      readonly hash: Uint8Array;
      readonly scopes: readonly Scope[];
    }[];
  }>;
  list(): Promise<
    {
      readonly id: string;
      readonly name: string;
      readonly scopes: readonly Scope[];
      readonly createdAtMs: number;
      readonly revokedAtMs: number | null;
    }[]
  >;
  /** False when there is no such key, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
};

/** Whether a key with these scopes may use a route that asks for `asked`. */
export function covers(scopes: readonly Scope[], asked: Scope): boolean {
  if (scopes.includes('operator')) return true;
  return scopes.includes(asked) || (asked === 'gate:read' && scopes.includes('platform:write'));
}
