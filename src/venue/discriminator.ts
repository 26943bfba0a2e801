// Discriminator: the bytes by which a program of the framework Anchor knows its instructions.
import { createHash } from 'node:crypto';

/**
 * The discriminator of an instruction, in hex: the first eight bytes of SHA-256 of `global:name`.
 */
export const instructionDiscriminator = (name: string): string =>
  createHash('sha256').update(`global:${name}`).digest('hex').slice(0, 16);
