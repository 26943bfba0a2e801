// Schema kinds: how amounts, times, bytes and URLs are written in the settings, each with its unit.
import Type from 'typebox';

export const lamports = (description: string) =>
  Type.String({
    pattern: '^(0|[1-9][0-9]{0,17})$',
    description: `${description} Lamports, as a decimal string.`,
  });
export const baseUnits = (description: string) =>
  Type.String({
    pattern: '^(0|[1-9][0-9]{0,17})$',
    description: `${description} USDC base units, as a decimal string.`,
  });
export const milliseconds = (description: string, minimum: number) =>
  Type.Integer({ minimum, maximum: 86_400_000, description: `${description} Milliseconds.` });
export const url = (description: string, schemes: string) =>
  Type.Unsafe<string | null>({
    type: ['string', 'null'],
    pattern: `^(${schemes})://`,
    description,
  });
export const bytes = (description: string, minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description: `${description} Bytes.` });
