// Schema kinds: the types of amounts, times, sizes and URLs in the settings, each with its unit.
import Type from 'typebox';

/** A setting in lamports. */
export const lamports = (description: string) =>
  Type.String({
    pattern: '^(0|[1-9][0-9]{0,17})$',
    description: `${description} Lamports, as a decimal string.`,
  });
/** A setting in base units of a quote token. It holds for each token by itself. */
export const baseUnits = (description: string) =>
  Type.String({
    pattern: '^(0|[1-9][0-9]{0,17})$',
    description: `${description} In base units of each quote token by itself, as a decimal string.`,
  });
/** A setting in milliseconds, at most a day. */
export const milliseconds = (description: string, minimum: number) =>
  Type.Integer({ minimum, maximum: 86_400_000, description: `${description} Milliseconds.` });
/** A setting that is a URL of one of the schemes, or null. */
export const url = (description: string, schemes: string) =>
  Type.Unsafe<string | null>({
    type: ['string', 'null'],
    pattern: `^(${schemes})://`,
    description,
  });
/** A setting in bytes. */
export const bytes = (description: string, minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description: `${description} Bytes.` });
