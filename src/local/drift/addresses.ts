// Addresses: the venue's program-derived addresses on the local chain, which are those of mainnet.
import { PublicKey } from '@solana/web3.js';

export const DRIFT = new PublicKey('dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH');
export const USDC = new PublicKey('EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v');
/** Owner of Pyth v1 price accounts, the oracle form this world uses. */
export const PYTH = new PublicKey('FsJ3A3u2vn5cTVofAjvy6y5kwABJAqYWpe4975bi2epH');

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const derived = new Map<string, [PublicKey, number]>();
/** Deriving an address takes several tries, so each result is remembered. */
const derive = (...seeds: (string | Buffer)[]): [PublicKey, number] => {
  const bytes = seeds.map((seed) => (typeof seed === 'string' ? Buffer.from(seed) : seed));
  const name = Buffer.concat(bytes).toString('latin1');
  const known = derived.get(name) ?? PublicKey.findProgramAddressSync(bytes, DRIFT);
  derived.set(name, known);
  return known;
};

export const STATE = derive('drift_state')[0];
export const [DRIFT_SIGNER, DRIFT_SIGNER_BUMP] = derive('drift_signer');
/** The account of a spot market. */
export const spotMarketAddress = (index: number): PublicKey => derive('spot_market', u16(index))[0];
/** The token vault of a spot market. */
export const vaultAddress = (index: number): PublicKey =>
  derive('spot_market_vault', u16(index))[0];
/** The token vault of a spot market's insurance fund. */
export const insuranceVaultAddress = (index: number): PublicKey =>
  derive('insurance_fund_vault', u16(index))[0];
/** The account of a perp market. */
export const perpMarketAddress = (index: number): PublicKey => derive('perp_market', u16(index))[0];
/** The account of a wallet's sub-account. */
export const userAddress = (authority: PublicKey, subAccountId: number): PublicKey =>
  derive('user', authority.toBuffer(), u16(subAccountId))[0];
/** The account that counts a wallet's sub-accounts and rewards. */
export const userStatsAddress = (authority: PublicKey): PublicKey =>
  derive('user_stats', authority.toBuffer())[0];
const oracles = new Map<number, PublicKey>();
/** The price account of an oracle of this world, by its number. */
export const oracleAddress = (index: number): PublicKey => {
  const seeds = [Buffer.from('bailiff_local_oracle'), u16(index)];
  const known = oracles.get(index) ?? PublicKey.findProgramAddressSync(seeds, PYTH)[0];
  oracles.set(index, known);
  return known;
};
