// Given terms: reads the rules, splits and vaults of terms as the API gives them, with addresses
// and amounts as text.
import type { VaultProof } from '../core/creator.ts';
import { Fault } from '../core/fault.ts';
import { type Address, base58Bytes, isAddress } from '../core/ids.ts';
import type { Split } from '../core/split.ts';
import type { Profit } from '../core/terms.ts';

/** An address of a request. Throws `address_invalid`, with the name of its field. */
export function addressOf(text: string, name: string): Address {
  if (isAddress(text)) return text;
  throw new Fault('address_invalid', `${name} is no Solana address: ${text.slice(0, 60)}`);
}

/** A vault's program and seeds as the API takes them: text, an address, or hex bytes. */
export type GivenVault = {
  program: string;
  seeds: readonly ({ text: string } | { address: string } | { hex: string })[];
};

/**
 * The proof of a vault's address. Throws `address_invalid` when the program, or a seed that is
 * given as an address, is no Solana address.
 */
export function vaultOf({ program, seeds }: GivenVault): VaultProof {
  return {
    program: addressOf(program, 'vault.program'),
    seeds: seeds.map((seed) => {
      if ('text' in seed) return new TextEncoder().encode(seed.text);
      if ('hex' in seed) return Uint8Array.from(Buffer.from(seed.hex, 'hex'));
      return base58Bytes(addressOf(seed.address, 'vault.seeds')) as Uint8Array;
    }),
  };
}

/** The rules of terms as the API takes them: amounts are decimal strings of base units. */
export type GivenRules = {
  profit?: Profit;
  hurdle?: string;
  capPerClose?: string | null;
  capPerPeriod?: string | null;
  periodSlots?: number | null;
  freeBeforeSlot?: number;
};

/** A split as the API takes it. */
export type GivenSplit = {
  wallet: string;
  shareBps: number;
  minimumPayment?: string;
  offCurve?: boolean;
  vault?: GivenVault;
  label?: string;
};
/** A split with its amounts as numbers. Throws `address_invalid` when its wallet is no address. */
export const splitOf = ({
  wallet,
  shareBps,
  minimumPayment,
  offCurve,
  label,
}: GivenSplit): Split => ({
  wallet: addressOf(wallet, 'wallet of a split'),
  shareBps,
  minimumPayment: BigInt(minimumPayment ?? 0),
  offCurve: offCurve ?? false,
  label: label ?? null,
});

const unitsOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
/** The change with its amounts as numbers; a field that is left out stays left out. */
export function rulesOf<Rest>({ hurdle, capPerClose, capPerPeriod, ...rest }: Rest & GivenRules) {
  return {
    ...rest,
    ...(hurdle === undefined ? {} : { hurdle: BigInt(hurdle) }),
    ...(capPerClose === undefined ? {} : { capPerClose: unitsOf(capPerClose) }),
    ...(capPerPeriod === undefined ? {} : { capPerPeriod: unitsOf(capPerPeriod) }),
  };
}
