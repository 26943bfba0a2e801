// Adopting: an agent that makes token accounts and sub-accounts, and the flows that follow them.
import type { Chain, ChainAccount } from '../../src/core/chain-ports.ts';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import { TOKEN_PROGRAM } from '../../src/core/programs.ts';
import { blankState } from '../../src/core/reckoning.ts';
import { USDC } from '../../src/core/token.ts';
import type { ChainTransaction, TokenBalance } from '../../src/core/transaction.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { adoptFrom, createUnfollowedLook } from '../../src/flows/adopt.ts';
import { personalDoubts } from '../../src/flows/gate-doubts.ts';
import { keepVenues } from '../../src/ledger/tokens.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { addressOf, closeFact, signatureOf } from './ledger.ts';
import { accountOf, createListening } from './listening.ts';

export const WALLET = addressOf(101);
export const STRANGER = addressOf(777);
export const COUNTER = addressOf(800);
export const TOO_MANY =
  'ana: Not all accounts are followed: there are more than 100 token accounts or 64 sub-accounts, or one was made just now. Close those beyond, or ask again in a minute.';
/** Counts the sub-accounts of ana's agent at the venue `velocity`. */
const COUNTER_VELOCITY = addressOf(801);
/** A sub-account of ana's agent. The first has the address with which ana was registered. */
export const userOf = (subAccountId: number): Address =>
  subAccountId === 0 ? accountOf('ana') : addressOf(5_000 + subAccountId);
export const velocityUserOf = (subAccountId: number): Address => addressOf(6_000 + subAccountId);

/** A ledger with `ana` and `bo`, and a node and venue of which a test says what ana's agent has. */
export async function createAdopting() {
  const held = await createListening(['ana', 'bo']);
  await keepVenues(held.sql, [
    { name: 'drift-v2', quote: USDC },
    { name: 'velocity', quote: USDC },
  ]);
  const owners = new Map<Address, Address>();
  const node = { slot: 500, created: 1, createdAtVelocity: 0, derived: 0 };
  const chain = {
    ...held.ports.chain,
    slices: async (addresses: readonly Address[]) => ({
      slot: node.slot,
      accounts: addresses.map((address): ChainAccount | null => {
        const owner = owners.get(address);
        if (owner === undefined) return null;
        const data = Buffer.alloc(165);
        data.set(base58Bytes(owner) ?? [], 32);
        return { data, lamports: 1n, owner: TOKEN_PROGRAM };
      }),
    }),
  } as unknown as Chain;
  const venue = {
    ...held.ports.venues.usual,
    ofValue: (mint: string) => mint === QUOTE_MINT,
    hear: () => ({ facts: [], moved: [], swaps: new Map() }),
    stateOf: (_: string, slot: number) => blankState(slot),
    statsAddress: (wallet: Address) => (wallet === WALLET ? COUNTER : STRANGER),
    subAccountsCreated: () => node.created,
    userAddress: async (_: Address, subAccountId: number) => {
      node.derived++;
      return userOf(subAccountId);
    },
  } as unknown as Venue;
  const velocity = {
    ...venue,
    name: 'velocity',
    statsAddress: (wallet: Address) => (wallet === WALLET ? COUNTER_VELOCITY : STRANGER),
    subAccountsCreated: () => node.createdAtVelocity,
    userAddress: async (_: Address, subAccountId: number) => velocityUserOf(subAccountId),
  } as unknown as Venue;
  const ports = { ...held.ports, chain, venues: venuesOf([venue, velocity]) };
  const filled = (
    account: Address,
    given: { signer?: Address; mint?: Address; amount?: bigint; slot?: number } = {},
  ) => {
    const { signer = WALLET, mint = QUOTE_MINT, amount = 5n, slot = 60 } = given;
    const row: TokenBalance = {
      account,
      mint,
      decimals: 6,
      program: STRANGER,
      owner: WALLET,
      ownerAfter: WALLET,
      before: 0n,
      after: amount,
    };
    const transaction = {
      signature: signatureOf(1),
      slot,
      error: null,
      keys: [signer, account],
      signers: [signer],
      tokenBalances: [row],
    } as unknown as ChainTransaction;
    return adoptFrom(ports, [], transaction);
  };
  const names = (who: Address, slot: number) => {
    const body = { kind: 'notice', what: 'sub_account_seen', who } as const;
    const fact = closeFact(slot, 0n, { account: accountOf('ana'), slot });
    const named = { ...fact, body: { ...body, amount: null, detail: '' } };
    return adoptFrom(ports, [named], { error: {}, slot } as unknown as ChainTransaction);
  };
  /**
   * The agent makes sub-accounts until it has made `count`; the last is named in this slot. The
   * node shows `shown` of them.
   */
  const makes = (count: number, slot: number, shown = count) => {
    node.created = shown;
    return names(userOf(count - 1), slot);
  };
  /** The same at the venue `velocity`. */
  const makesAtVelocity = (count: number, slot: number) => {
    node.createdAtVelocity = count;
    return names(velocityUserOf(count - 1), slot);
  };
  /** The agent deletes a sub-account, and the check of its state has believed it. */
  const deletes = (subAccountId: number, slot: number) =>
    held.ledger.checks.begin(
      { address: userOf(subAccountId), subscriberId: 'ana', role: 'drift_user' },
      blankState(slot),
    );
  const reasons = async () => {
    const doubts = await personalDoubts(held, { leadTo: 'ignore' });
    return [...doubts].map(([id, { reason }]) => `${id}: ${reason}`);
  };
  return {
    ...held,
    ports,
    node,
    owners,
    filled,
    makes,
    makesAtVelocity,
    deletes,
    reasons,
    look: createUnfollowedLook(ports),
  };
}
