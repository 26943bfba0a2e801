// Tokens: SPL token accounts and the instructions around them, through @solana/spl-token. A balance is always that of
// the token account.
import {
  AccountLayout,
  AccountState,
  ASSOCIATED_TOKEN_PROGRAM_ID,
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { PublicKey, TransactionInstruction } from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import type { Chain, PaymentParts } from '../core/outside.ts';
import type { Act } from '../core/policy.ts';
import type { Instruction } from '../core/transaction.ts';

const MEMO_PROGRAM = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111';
const key = (address: Address): PublicKey => new PublicKey(address);

/** Owners off the curve are taken: whether one may be paid was decided when the terms were agreed. */
export const tokenAccount: Chain['tokenAccount'] = (mint, owner) =>
  getAssociatedTokenAddressSync(key(mint), key(owner), true).toBase58() as Address;

export const isOnCurve: Chain['isOnCurve'] = (address) => PublicKey.isOnCurve(key(address));

export const derivedAddress: Chain['derivedAddress'] = (program, seeds) => {
  try {
    const [found] = PublicKey.findProgramAddressSync(
      seeds.map((each) => Buffer.from(each)),
      key(program),
    );
    return found.toBase58() as Address;
  } catch {
    return null;
  }
};

export const readTokenAccount: Chain['readTokenAccount'] = (account, mint) => {
  if (
    account === null ||
    account.owner !== TOKEN_PROGRAM_ID.toBase58() ||
    account.data.length < AccountLayout.span
  )
    return null;
  const decoded = AccountLayout.decode(account.data);
  if (decoded.mint.toBase58() !== mint || decoded.state === AccountState.Uninitialized) return null;
  return { amount: decoded.amount, frozen: decoded.state === AccountState.Frozen };
};

function neutral(built: TransactionInstruction): Instruction {
  return {
    program: built.programId.toBase58() as Address,
    accounts: built.keys.map(({ pubkey, isSigner, isWritable }) => ({
      address: pubkey.toBase58() as Address,
      isSigner,
      isWritable,
    })),
    data: new Uint8Array(built.data),
  };
}

/**
 * Around the venue's instructions: token accounts are created idempotently, the creator's always, because the owner
 * may have closed it since anybody looked; then the exact transfer, what the sponsor is reimbursed, and the memo that names
 * the payment on chain.
 */
export function transferInstructions(
  parts: PaymentParts,
  mint: Address,
  decimals: number,
  memo: string,
): { before: Instruction[]; after: Instruction[] } {
  const { plan } = parts.payment;
  const create = (account: Address, owner: Address) =>
    neutral(
      createAssociatedTokenAccountIdempotentInstruction(
        key(parts.payer),
        key(account),
        key(owner),
        key(mint),
      ),
    );
  const transfer = (destination: Address, amount: bigint) =>
    neutral(
      createTransferCheckedInstruction(
        key(parts.agentTokenAccount),
        key(mint),
        key(destination),
        key(parts.agent),
        amount,
        decimals,
      ),
    );
  return {
    before: [
      ...(plan.createAgentAccount ? [create(parts.agentTokenAccount, parts.agent)] : []),
      create(parts.creatorTokenAccount, parts.creator),
    ],
    after: [
      transfer(parts.creatorTokenAccount, plan.amount),
      ...(plan.reimburse > 0n && parts.sponsorTokenAccount !== null
        ? [transfer(parts.sponsorTokenAccount, plan.reimburse)]
        : []),
      neutral(
        new TransactionInstruction({ programId: MEMO_PROGRAM, keys: [], data: Buffer.from(memo) }),
      ),
    ],
  };
}

/** What an instruction that is not the venue's would do. */
export function inspectTokens({ program, accounts, data }: Instruction): Act {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const at = (index: number): Address => accounts[index]?.address ?? ('' as Address);
  const tag = data[0];
  if (program === COMPUTE_BUDGET && tag === 2 && data.length === 5)
    return { act: 'compute_limit', units: view.getUint32(1, true) };
  if (program === COMPUTE_BUDGET && tag === 3 && data.length === 9)
    return { act: 'compute_price', microLamports: view.getBigUint64(1, true) };
  if (program === ASSOCIATED_TOKEN_PROGRAM_ID.toBase58() && tag === 1 && data.length === 1) {
    return { act: 'create_token_account', payer: at(0), account: at(1), owner: at(2), mint: at(3) };
  }
  // TransferChecked: source, mint, destination, authority; a multisig would add signers.
  if (
    program === TOKEN_PROGRAM_ID.toBase58() &&
    tag === 12 &&
    data.length === 10 &&
    accounts.length === 4
  ) {
    return {
      act: 'transfer',
      source: at(0),
      mint: at(1),
      destination: at(2),
      authority: at(3),
      amount: view.getBigUint64(1, true),
    };
  }
  if (program === MEMO_PROGRAM.toBase58() && accounts.length === 0)
    return { act: 'memo', text: Buffer.from(data).toString('utf8') };
  return { act: 'unknown', program };
}
