// Auth: constant-time comparison of bearer values. Hashing first makes lengths equal and leaks none.
import { createHash, timingSafeEqual } from 'node:crypto';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A check for any of several accepted values, so that a secret can be rotated without losing a request. */
export function createSecretCheck(
  accepted: readonly string[],
): (given: string | undefined) => boolean {
  const hashes = accepted.map(hash);
  return (given) => {
    const own = hash(given ?? '');
    let matched = false;
    for (const each of hashes) if (timingSafeEqual(each, own)) matched = true;
    return matched && given !== undefined;
  };
}
