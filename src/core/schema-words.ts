// Schema words: says in words what a JSON schema demands of a value. The API and the settings tell
// it in the same sentences, never with the value itself, which may be a secret.

/** The kind of the value, for a sentence: `null`, `an array`, `a string`. */
export const kindOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};

/** A JSON pointer such as `/a/0/b` as `a[0].b`; empty for the whole document. */
export const placeOf = (pointer: string): string =>
  pointer
    .slice(1)
    .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.');

/** The names, separated by commas; `none` without any. */
export const namesOf = (names: readonly unknown[]): string =>
  names.length === 0 ? 'none' : names.map((each) => String(each)).join(', ');

/**
 * The demand of a keyword of a JSON schema, as the rest of a sentence about the value; null for a
 * keyword whose demand is told only by the description of the schema.
 */
export function demandOf(
  keyword: string,
  params: Readonly<Record<string, unknown>>,
  value: unknown,
): string | null {
  const { limit } = params;
  switch (keyword) {
    case 'enum':
      return `must be one of: ${namesOf((params.allowedValues as unknown[] | undefined) ?? [])}`;
    case 'type':
      return `must be of type ${[params.type].flat().join(' or ')}, and is ${kindOf(value)}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'minItems':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} elements`;
    case 'maxItems':
      return `must have at most ${limit} elements`;
    case 'uniqueItems':
      return 'must not name the same twice';
    default:
      return null;
  }
}
