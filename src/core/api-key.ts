// API key: what a bearer of one may do. `platform:write` includes reading what a platform needs; `operator` includes everything.
export const SCOPES = ['gate:read', 'platform:write', 'operator'] as const;
export type Scope = (typeof SCOPES)[number];

export type ApiKeys = {
  /** `hash` is SHA-256 of the key. */
  add(key: { id: string; name: string; hash: Uint8Array; scopes: readonly Scope[] }): Promise<void>;
  /** `ever`: whether any key was ever made; from then on nobody is let in without one, also when all are revoked. */
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

/** Acts of a person, and what only a person needs to see. */
const OPERATOR = [
  /^\/v1\/audit/,
  /^\/v1\/halts/,
  /^\/v1\/hearing/,
  /^\/metrics/,
  /^\/v1\/shares\/[^/]+\/(void|retry)/,
];

/** What a route asks for. */
export function scopeOf(path: string): Scope {
  if (/^\/v1\/gate(\/|$)/.test(path)) return 'gate:read';
  return OPERATOR.some((each) => each.test(path)) ? 'operator' : 'platform:write';
}

/** Whether any of the scopes covers another. */
export function covers(scopes: readonly Scope[], asked: Scope): boolean {
  if (scopes.includes('operator')) return true;
  return scopes.includes(asked) || (asked === 'gate:read' && scopes.includes('platform:write'));
}
