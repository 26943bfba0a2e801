// Venues: the two venues of the simulated chain as data: program, quote token, and where their
// accounts keep what the program of drift.ts uses; and the accounts that a history begins with. No
// offset comes from the profiles of src/venue, so that a wrong one there breaks a law.
import type { Address } from '../../../src/core/ids.ts';
import type { VenueName } from '../../../src/core/venue-name.ts';
import type { Account } from './account.ts';
import { keyBytes } from './message.ts';

type Kind = 'user' | 'spot' | 'perp' | 'state';
export type SimVenue = {
  readonly name: VenueName;
  readonly program: Address;
  readonly mint: Address;
  readonly seeds: { readonly state: string; readonly signer: string };
  readonly bytes: Readonly<Record<Kind, number>>;
  readonly user: {
    /** Bytes of a perp position, and where its market index stands in it. */
    readonly stride: number;
    readonly market: number;
    readonly deposits: number;
    readonly settled: number;
    readonly subAccountId: number;
  };
  readonly spot: {
    readonly interest: number;
    readonly decimals: number;
    readonly status: number;
  };
  readonly perpOracle: number;
  readonly exchangeStatus: number;
};

export const DRIFT: SimVenue = {
  name: 'drift-v2',
  program: 'dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH' as Address,
  mint: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v' as Address,
  seeds: { state: 'drift_state', signer: 'drift_signer' },
  bytes: { user: 4376, spot: 776, perp: 1216, state: 992 },
  user: { stride: 96, market: 92, deposits: 4272, settled: 4296, subAccountId: 4346 },
  spot: { interest: 464, decimals: 680, status: 688 },
  perpOracle: 40,
  exchangeStatus: 974,
};
export const VELOCITY: SimVenue = {
  name: 'velocity',
  program: 'vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P' as Address,
  mint: 'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB' as Address,
  seeds: { state: 'velocity_state', signer: 'velocity_signer' },
  bytes: { user: 4496, spot: 808, perp: 1304, state: 1752 },
  user: { stride: 80, market: 76, deposits: 4392, settled: 4416, subAccountId: 4466 },
  spot: { interest: 328, decimals: 696, status: 704 },
  perpOracle: 312,
  exchangeStatus: 1366,
};
export const SIM_VENUES: readonly [SimVenue, SimVenue] = [DRIFT, VELOCITY];

/** The venue of a program; null of any other program. */
export const venueOfProgram = (program: string): SimVenue | null =>
  SIM_VENUES.find((each) => each.program === program) ?? null;

const DISCRIMINATOR = {
  user: '9f755fe3ef973aec',
  spot: '64b1086ba8414127',
  perp: '0adf0c2c6bf537f7',
  state: 'd8926b5e684bb6b1',
};
/** A scaled balance is a thousand to the base unit while no interest has accrued. */
export const SCALE = 1_000n;
export const WITHDRAW_PAUSED = 2;
/** Of a User. */
export const POSITIONS = 8;

function account(
  { program, bytes }: SimVenue,
  kind: keyof SimVenue['bytes'],
  write: (data: Buffer) => void,
): Account {
  const data = Buffer.alloc(bytes[kind]);
  data.set(Buffer.from(DISCRIMINATOR[kind], 'hex'));
  write(data);
  return { lamports: 50_000_000n, owner: program, data: new Uint8Array(data) };
}

export const stateAccount = (venue: SimVenue, paused: boolean): Account =>
  account(
    venue,
    'state',
    (data) => void data.writeUInt8(paused ? WITHDRAW_PAUSED : 0, venue.exchangeStatus),
  );
export const quoteMarketAccount = (venue: SimVenue): Account =>
  account(venue, 'spot', (data) => {
    data.set(keyBytes(venue.mint), 72);
    data.writeBigUInt64LE(10_000_000_000n, venue.spot.interest);
    data.writeUInt32LE(6, venue.spot.decimals);
    data.writeUInt8(1, venue.spot.status);
  });
export const perpMarketAccount = (venue: SimVenue, oracle: string): Account =>
  account(venue, 'perp', (data) => data.set(keyBytes(oracle), venue.perpOracle));
export const userAccount = (
  venue: SimVenue,
  authority: string,
  subAccountId: number,
  deposit: bigint,
): Account =>
  account(venue, 'user', (data) => {
    const { stride, market: at, deposits, subAccountId: idAt } = venue.user;
    data.set(keyBytes(authority), 8);
    data.writeBigUInt64LE(deposit * SCALE, 104);
    data.writeBigUInt64LE(deposit, deposits);
    data.writeUInt16LE(subAccountId, idAt);
    for (let market = 0; market < POSITIONS; market++)
      data.writeUInt16LE(market, 424 + market * stride + at);
  });
