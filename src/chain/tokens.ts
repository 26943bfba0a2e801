// Tokens: SPL token accounts and their instructions, through @solana/spl-token. A balance is always
// the token account's.

import { createHash } from 'node:crypto';
import {
  ACCOUNT_SIZE,
  AccountState,
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { type Address, base58Text } from '../core/ids.ts';
import type { Effect } from '../core/mandate.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from '../core/programs.ts';
import { createRemembered } from '../core/remember.ts';
import type { PaymentParts } from '../core/signing-ports.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { addressOf, keyOf, REMEMBERED_MOST } from './keys.ts';
import { inspectAdvance } from './nonce.ts';
import { inspectTip, tipInstruction } from './sender-tip.ts';

const SEED_LENGTH = 32;
const key = keyOf;

const derived = createRemembered((name: string): Address => {
  const [mint, owner] = name.split('/') as [Address, Address];
  return addressOf(getAssociatedTokenAddressSync(key(mint), key(owner), true));
}, REMEMBERED_MOST);
/**
 * The associated token account of an owner. Owners off the curve are accepted here: the terms were
 * checked when they were agreed.
 */
export const tokenAccount: Tokens['tokenAccount'] = (mint, owner) => derived(`${mint}/${owner}`);

/** Whether an address is on the ed25519 curve, so that it can be a wallet. */
const isOnCurve: Tokens['isOnCurve'] = createRemembered(
  (address: Address) => PublicKey.isOnCurve(key(address)),
  REMEMBERED_MOST,
);

/** The program-derived address of these seeds; null when they derive none. */
const derivedAddress: Tokens['derivedAddress'] = (program, seeds) => {
  try {
    const [found] = PublicKey.findProgramAddressSync(
      seeds.map((each) => Buffer.from(each)),
      key(program),
    );
    return addressOf(found);
  } catch {
    return null;
  }
};

/**
 * The seed of a payment's passing account: 32 characters, the most that the system program allows,
 * from the payment's random id.
 */
const passingSeed = (paymentId: string): string =>
  createHash('sha256').update(paymentId).digest('hex').slice(0, SEED_LENGTH);

/**
 * The passing account of a payment, as `PublicKey.createWithSeed` derives it: SHA-256 of base, seed
 * and owner. Only the agent's signature can open an account there, and the address is public only
 * once the payment is signed.
 */
export const passingAccount: Tokens['passingAccount'] = (agent, paymentId) =>
  base58Text(
    createHash('sha256')
      .update(key(agent).toBytes())
      .update(passingSeed(paymentId))
      .update(TOKEN_PROGRAM_ID.toBytes())
      .digest(),
  ) as Address;

const AMOUNT_AT = 64;
const STATE_AT = 108;

/** A token account of that mint; null when there is none. `foreign`: its owner is another. */
const readTokenAccount: Tokens['readTokenAccount'] = (account, mint, owner) => {
  if (account === null || account.owner !== TOKEN_PROGRAM || account.data.length < ACCOUNT_SIZE)
    return null;
  // Mint, owner and amount stand first, and the state follows the delegate: AccountLayout.
  const { data } = account;
  const [state] = data.subarray(STATE_AT);
  if (base58Text(data.subarray(0, 32)) !== mint || state === AccountState.Uninitialized)
    return null;
  return {
    amount: new DataView(data.buffer, data.byteOffset).getBigUint64(AMOUNT_AT, true),
    frozen: state === AccountState.Frozen,
    foreign: base58Text(data.subarray(32, AMOUNT_AT)) !== owner,
  };
};

function neutral(built: TransactionInstruction): Instruction {
  return {
    program: addressOf(built.programId),
    accounts: built.keys.map(({ pubkey, isSigner, isWritable }) => ({
      address: addressOf(pubkey),
      isSigner,
      isWritable,
    })),
    data: new Uint8Array(built.data),
  };
}

/**
 * Opens the passing account. The agent's own token account is added to the instruction, though it
 * is not used, because the payments of an agent are searched in the history of that address.
 */
function openPassing(parts: PaymentParts, mint: Address, rent: bigint): Instruction[] {
  const created = SystemProgram.createAccountWithSeed({
    fromPubkey: key(parts.payer),
    newAccountPubkey: key(parts.source),
    basePubkey: key(parts.agent),
    seed: passingSeed(parts.payment.id),
    lamports: Number(rent),
    space: ACCOUNT_SIZE,
    programId: TOKEN_PROGRAM_ID,
  });
  created.keys.push({ pubkey: key(parts.agentTokenAccount), isSigner: false, isWritable: false });
  return [
    neutral(created),
    neutral(createInitializeAccount3Instruction(key(parts.source), key(mint), key(parts.agent))),
  ];
}

/**
 * The instructions around those of the venue. Before them a passing account is opened, if needed,
 * and the token accounts of the recipients are created idempotently in every payment: an owner may
 * have closed one since the plan was made, and the creation tells a recipient from a sponsor that
 * is reimbursed. After them follow the exact transfers, the reimbursement of the sponsor, the
 * closing of the passing account, the tip, and the memo that names the payment.
 */
export function transferInstructions(
  parts: PaymentParts,
  mint: Address,
  decimals: number,
  memo: string,
  rent: bigint,
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
        key(parts.source),
        key(mint),
        key(destination),
        key(parts.agent),
        amount,
        decimals,
      ),
    );
  return {
    before: [
      ...(plan.createAgentAccount ? openPassing(parts, mint, rent) : []),
      ...parts.recipients.map(({ tokenAccount, wallet }) => create(tokenAccount, wallet)),
    ],
    after: [
      ...parts.recipients.map(({ tokenAccount, amount }) => transfer(tokenAccount, amount)),
      ...(plan.reimburse > 0n && parts.sponsorTokenAccount !== null
        ? [transfer(parts.sponsorTokenAccount, plan.reimburse)]
        : []),
      ...(plan.createAgentAccount
        ? [
            neutral(
              createCloseAccountInstruction(key(parts.source), key(parts.payer), key(parts.agent)),
            ),
          ]
        : []),
      ...(plan.tip === undefined ? [] : [tipInstruction(parts.payer, plan.tip)]),
      neutral(
        new TransactionInstruction({
          programId: key(MEMO_PROGRAM),
          keys: [],
          data: Buffer.from(memo),
        }),
      ),
    ],
  };
}

/**
 * Decodes CreateAccountWithSeed (3): base, length and text of the seed, lamports, space, owning
 * program.
 */
function inspectCreation(accounts: Instruction['accounts'], data: Uint8Array): Effect {
  const unknown: Effect = { effect: 'unknown', program: SYSTEM_PROGRAM };
  const [payer, account] = accounts;
  const whole = 36 + 8 + SEED_LENGTH + 8 + 8 + 32;
  if (data.length !== whole || payer === undefined || account === undefined) return unknown;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint32(0, true) !== 3 || view.getBigUint64(36, true) !== BigInt(SEED_LENGTH))
    return unknown;
  return {
    effect: 'create_seeded_account',
    payer: payer.address,
    account: account.address,
    base: base58Text(data.subarray(4, 36)) as Address,
    space: view.getBigUint64(whole - 40, true),
    program: base58Text(data.subarray(whole - 32)) as Address,
  };
}

/**
 * The effect of an instruction that is not the venue's; `unknown` for one that no payment contains.
 */
export function inspectTokens({ program, accounts, data }: Instruction): Effect {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const at = (index: number): Address => accounts[index]?.address ?? ('' as Address);
  const tag = data[0];
  if (program === COMPUTE_BUDGET_PROGRAM && tag === 2 && data.length === 5)
    return { effect: 'compute_limit', units: view.getUint32(1, true) };
  if (program === COMPUTE_BUDGET_PROGRAM && tag === 3 && data.length === 9)
    return { effect: 'compute_price', microLamports: view.getBigUint64(1, true) };
  if (program === ASSOCIATED_TOKEN_PROGRAM && tag === 1 && data.length === 1) {
    return {
      effect: 'create_token_account',
      payer: at(0),
      account: at(1),
      owner: at(2),
      mint: at(3),
    };
  }
  // TransferChecked: source, mint, destination, authority. A multisig would add signers.
  if (program === TOKEN_PROGRAM && tag === 12 && data.length === 10 && accounts.length === 4) {
    return {
      effect: 'transfer',
      source: at(0),
      mint: at(1),
      destination: at(2),
      authority: at(3),
      amount: view.getBigUint64(1, true),
    };
  }
  if (program === SYSTEM_PROGRAM)
    return (
      inspectAdvance({ program, accounts, data }) ??
      inspectTip(accounts, data) ??
      inspectCreation(accounts, data)
    );
  const isToken = program === TOKEN_PROGRAM;
  if (isToken && tag === 18 && data.length === 33)
    return {
      effect: 'initialize_token_account',
      account: at(0),
      mint: at(1),
      owner: base58Text(data.subarray(1)) as Address,
    };
  if (isToken && tag === 9 && data.length === 1 && accounts.length === 3)
    return { effect: 'close_token_account', account: at(0), destination: at(1), authority: at(2) };
  if (program === MEMO_PROGRAM && accounts.length === 0)
    return { effect: 'memo', text: Buffer.from(data).toString('utf8') };
  return { effect: 'unknown', program };
}

/** The port over these functions. */
export const tokens: Tokens = {
  tokenAccount,
  isOnCurve,
  derivedAddress,
  passingAccount,
  readTokenAccount,
  transferInstructions,
  effectsOf: ({ instructions }) =>
    instructions.map(({ program, accounts, data }) =>
      inspectTokens({
        program,
        data,
        accounts: accounts.map((address) => ({ address, isSigner: false, isWritable: false })),
      }),
    ),
};
