// Instruction data: bounds on what a node tells as the data of instructions, in base58.

/**
 * The most characters of the data of one instruction. A program may call another with 10,240 bytes,
 * which take 13,985 characters. The time to convert base58 grows with the square of its length.
 */
const CHARACTERS_MOST = 14_000;
/** The same of one transaction, which executes 64 instructions at most, calls included. */
const ALL_CHARACTERS_MOST = 64 * CHARACTERS_MOST;

/**
 * Throws an Error when the instructions of one transaction, calls included, have more data than a
 * transaction can have. Must be called before any of it is converted.
 */
export function checkInstructionData(texts: readonly string[]): void {
  let all = 0;
  for (const { length } of texts) {
    all += length;
    if (length > CHARACTERS_MOST || all > ALL_CHARACTERS_MOST)
      throw new Error('instruction data is longer than a transaction can have');
  }
}
