// Derived address: tells whether an address is derived by a program from seeds. The program accepts
// one bump seed only, the highest whose address is off the curve. Here every bump is tried, which
// needs no arithmetic on the curve. Trying every bump is safe: to find other seeds for a given
// address is as hard as to break SHA-256.
import { type Address, base58Bytes, base58Text } from './ids.ts';
import { ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM } from './programs.ts';

export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const SUFFIX = new TextEncoder().encode('ProgramDerivedAddress');
const bytesOf = (address: string): Uint8Array => base58Bytes(address) ?? new Uint8Array();

/** Whether a program derives this address from these seeds and one byte of bump. */
function isDerived(
  sha256: Sha256,
  program: Address,
  seeds: readonly Uint8Array[],
  address: Address,
): boolean {
  const head = seeds.flatMap((seed) => [...seed]);
  const tail = [...bytesOf(program), ...SUFFIX];
  for (let bump = 255; bump >= 0; bump--)
    if (base58Text(sha256(Uint8Array.from([...head, bump, ...tail]))) === address) return true;
  return false;
}

/** Whether this is the associated token account of an owner for a mint of the token program. */
export const isTokenAccountOf = (
  sha256: Sha256,
  { owner, mint }: { readonly owner: Address; readonly mint: Address },
  address: Address,
): boolean =>
  isDerived(
    sha256,
    ASSOCIATED_TOKEN_PROGRAM as Address,
    [bytesOf(owner), bytesOf(TOKEN_PROGRAM), bytesOf(mint)],
    address,
  );

/** Whether this is the account of a wallet's sub-account at a venue of Drift's family. */
export const isVenueAccountOf = (
  sha256: Sha256,
  program: Address,
  { wallet, subAccountId }: { readonly wallet: Address; readonly subAccountId: number },
  address: Address,
): boolean =>
  isDerived(
    sha256,
    program,
    [
      new TextEncoder().encode('user'),
      bytesOf(wallet),
      Uint8Array.of(subAccountId & 0xff, (subAccountId >> 8) & 0xff),
    ],
    address,
  );
