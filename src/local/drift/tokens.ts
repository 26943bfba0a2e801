// Tokens: SPL accounts at the start of the local world.
import { AccountLayout, MintLayout, TOKEN_PROGRAM_ID } from '@solana/spl-token';
import { PublicKey } from '@solana/web3.js';
import type { Account } from '../chain/account.ts';

const TOKEN_ACCOUNT_RENT = 2_039_280n;

/** An initialised token account. */
export function tokenAccount(mint: PublicKey, owner: PublicKey, amount: bigint): Account {
  const data = Buffer.alloc(AccountLayout.span);
  AccountLayout.encode(
    {
      mint,
      owner,
      amount,
      delegateOption: 0,
      delegate: PublicKey.default,
      state: 1,
      isNativeOption: 0,
      isNative: 0n,
      delegatedAmount: 0n,
      closeAuthorityOption: 0,
      closeAuthority: PublicKey.default,
    },
    data,
  );
  return {
    lamports: TOKEN_ACCOUNT_RENT,
    owner: TOKEN_PROGRAM_ID.toBase58(),
    data: new Uint8Array(data),
    executable: false,
  };
}

/** A token account of wrapped SOL: its lamports are its tokens and its rent. */
export function wrappedAccount(mint: PublicKey, owner: PublicKey, lamports: bigint): Account {
  const plain = tokenAccount(mint, owner, lamports);
  const data = Buffer.alloc(AccountLayout.span);
  const native = { isNativeOption: 1, isNative: TOKEN_ACCOUNT_RENT } as const;
  AccountLayout.encode({ ...AccountLayout.decode(plain.data), ...native }, data);
  return { ...plain, data: new Uint8Array(data), lamports: lamports + TOKEN_ACCOUNT_RENT };
}

/** A mint with a freeze authority, as USDC has one. */
export function mintAccount(authority: PublicKey): Account {
  const data = Buffer.alloc(MintLayout.span);
  MintLayout.encode(
    {
      mintAuthorityOption: 1,
      mintAuthority: authority,
      supply: 10n ** 15n,
      decimals: 6,
      isInitialized: true,
      freezeAuthorityOption: 1,
      freezeAuthority: authority,
    },
    data,
  );
  return {
    lamports: 1_461_600n,
    owner: TOKEN_PROGRAM_ID.toBase58(),
    data: new Uint8Array(data),
    executable: false,
  };
}
