// Payable: decides whether a creator's address may be paid. The check is made when terms are agreed
// or changed, and again when a payment is planned, because an account can change its kind in
// between. The rules are in core/creator.ts.

import type { Chain, ChainAccount } from '../core/chain-ports.ts';
import {
  type CreatorObjection,
  creatorObjection,
  proofObjection,
  type VaultProof,
} from '../core/creator.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Ledger } from '../core/ports.ts';
import { WRAPPED_SOL } from '../core/programs.ts';
import type { Pen } from '../core/signing-ports.ts';
import type { Tokens } from '../core/token-ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { Venue } from '../core/venue.ts';

export type PayablePorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly tokens: Tokens;
  readonly venues: { readonly all: readonly Pick<Venue, 'quote' | 'programId'>[] };
  readonly pen: Pick<Pen, 'sponsor'>;
};
export type Payable = {
  /**
   * Throws a fault that says why the creator cannot be paid at this address. A proof that an
   * address off the curve may be paid is kept, once for all subscriptions. `read` is the account at
   * that address where the caller has just read it, and used where the terms give no vault.
   */
  require(
    creator: Address,
    terms: { offCurve: boolean; vault: VaultProof | null },
    read?: { readonly account: ChainAccount | null },
  ): Promise<void>;
  /**
   * The trouble why a payment to this creator may not be planned, or null. `account` is the account
   * at that address, as planning has just read it.
   */
  trouble(creator: Address, account: ChainAccount | null): Promise<Trouble | null>;
};

const readingOf = (tokens: Tokens, address: Address, account: ChainAccount | null) => ({
  address,
  onCurve: tokens.isOnCurve(address),
  account: account === null ? null : { owner: account.owner, bytes: account.data.length },
});

/** Creates the check of creators' addresses. */
export function createPayable({ ledger, chain, tokens, venues, pen }: PayablePorts): Payable {
  const { creators } = ledger;
  const mints = [...venues.all.map((each) => each.quote.mint), WRAPPED_SOL as Address];
  const programs = new Set<string>(venues.all.map((each) => each.programId));

  const ofAgent = async (creator: Address): Promise<CreatorObjection | null> =>
    (await creators.isAgent(creator))
      ? {
          code: 'creator_is_agent',
          detail: `${creator} is an agent wallet, or an account of one: a share paid there would come back to a subscriber. Give the creator's own wallet.`,
        }
      : null;

  /**
   * Whether the address is the token account of a known wallet. Such an account may be closed or
   * hold only lamports, and would then look like a vault; deriving it from the known wallets shows
   * it.
   */
  const isTokenAccountOfKnownWallet = async (creator: Address): Promise<boolean> => {
    const wallets = [...(await creators.wallets()), ...(pen.sponsor === null ? [] : [pen.sponsor])];
    return wallets.some((wallet) =>
      mints.some((mint) => tokens.tokenAccount(mint, wallet) === creator),
    );
  };

  const objectionTo = async (
    creator: Address,
    { offCurve, vault }: { offCurve: boolean; vault: VaultProof | null },
    read: { readonly account: ChainAccount | null } | null,
  ): Promise<CreatorObjection | null> => {
    const asked = vault === null ? [creator] : [creator, vault.program];
    const [account = null, program = null] =
      read !== null && vault === null ? [read.account] : (await chain.accounts(asked)).accounts;
    if (vault !== null) {
      const derived = tokens.derivedAddress(vault.program, vault.seeds);
      const refused = proofObjection(creator, vault, derived, program, programs);
      if (refused !== null) return refused;
    }
    const reading = readingOf(tokens, creator, account);
    const proven = vault !== null || (await creators.isProven(creator));
    const objection =
      creatorObjection(reading, { offCurve, proven, venues: programs }) ?? (await ofAgent(creator));
    if (objection !== null || reading.onCurve) return objection;
    if (vault === null && (await isTokenAccountOfKnownWallet(creator)))
      return {
        code: 'creator_off_curve',
        detail: `${creator} is the token account of a known wallet. Give the wallet.`,
      };
    await creators.prove(
      creator,
      vault === null
        ? { by: 'existence', owner: account?.owner ?? null }
        : {
            by: 'derivation',
            program: vault.program,
            seeds: vault.seeds.map((each) => Buffer.from(each).toString('hex')),
          },
    );
    return null;
  };

  return {
    async require(creator, terms, read) {
      const objection = await objectionTo(creator, terms, read ?? null);
      if (objection !== null) throw new Fault(objection.code, objection.detail);
    },
    async trouble(creator, account) {
      const reading = readingOf(tokens, creator, account);
      // Terms without `offCurve` for such an address were refused when they were agreed.
      const proven = reading.onCurve || account !== null || (await creators.isProven(creator));
      const objection =
        creatorObjection(reading, { offCurve: true, proven, venues: programs }) ??
        (await ofAgent(creator));
      return objection === null ? null : troubled(objection.code, objection.detail);
    },
  };
}
