// Pen: keeps agent keys sealed and signs recorded payments and swaps only. A key is opened for one
// signature and wiped afterwards. The compiled bytes are decoded again before signing and compared
// with the mandate of core/policy.ts or core/swap.ts.
import { Keypair, PublicKey, type Signer, VersionedTransaction } from '@solana/web3.js';
import { agentKeyBinding } from '../core/bindings.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { type Address, base58Text, type Signature } from '../core/ids.ts';
import { least } from '../core/money.ts';
import { type Act, type Mandate, objections } from '../core/policy.ts';
import type { SealedKey } from '../core/ports.ts';
import type { LookupTable, PaymentParts, Pen, Vault } from '../core/signing-ports.ts';
import { limitObjection, type PenLimits } from '../core/spending.ts';
import { type SwapLimits, swapObjections } from '../core/swap.ts';
import type { Instruction } from '../core/transaction.ts';
import { compile, decompile } from './compile.ts';
import { inspectSwap, WRAPPED_SOL } from './swap.ts';
import { inspectTokens, passingAccount, tokenAccount } from './tokens.ts';

/** The address of a 64-byte secret key. */
export const publicKeyOf = (secretKey: Uint8Array): Address =>
  Keypair.fromSecretKey(secretKey).publicKey.toBase58() as Address;

function mandateOf(parts: PaymentParts, memo: string, rules: PenOptions): Mandate {
  const { payment } = parts;
  const passing = payment.plan.createAgentAccount ? passingAccount(parts.agent, payment.id) : null;
  return {
    memo,
    agent: parts.agent,
    source: passing ?? parts.agentTokenAccount,
    passing,
    creator: parts.creator,
    creatorTokenAccount: parts.creatorTokenAccount,
    mint: rules.mint,
    amount: payment.plan.amount,
    driftUser: payment.driftUser,
    quoteMarket: rules.quoteMarket,
    withdraw: payment.plan.withdraw,
    settleMarkets: payment.plan.settleMarkets,
    feePayer: parts.payer,
    reimburse: least(payment.plan.reimburse, rules.reimburseMost),
    sponsorTokenAccount: parts.sponsorTokenAccount,
    priorityFeeMost: rules.priorityFeeMost,
  };
}

/** Every address with which the policy compares an act. */
const named = (mandate: Mandate): (Address | null)[] => [
  mandate.agent,
  mandate.source,
  mandate.passing,
  mandate.creator,
  mandate.creatorTokenAccount,
  mandate.driftUser,
  mandate.feePayer,
  mandate.sponsorTokenAccount,
];

const DAY_MS = 24 * 3_600_000;

export type PenOptions = {
  /** Seals and opens agent keys. */
  readonly vault: Vault;
  /** The sponsor's 64-byte secret key; null when no sponsor pays fees for agents without SOL. */
  readonly sponsorKey: Uint8Array | null;
  readonly mint: Address;
  readonly quoteMarket: number;
  readonly priorityFeeMost: bigint;
  /** The most that one payment may give the sponsor. USDC base units. */
  readonly reimburseMost: bigint;
  /** The most that one payment, and all payments of one subscriber within 24 hours, may move. */
  readonly limits: PenLimits;
  readonly nowMs: () => number;
  /** The limits of swaps; null when agents may not swap. */
  readonly swap: SwapLimits | null;
  readonly inspectVenue: (instruction: Instruction) => Act | null;
};

/** Creates the pen. It signs nothing that its policy objects to. */
export function createPen(options: PenOptions): Pen {
  const sponsor = options.sponsorKey === null ? null : Keypair.fromSecretKey(options.sponsorKey);
  const { vault } = options;

  /**
   * Opens a key, passes it to `use`, and wipes it, also when `use` throws. The key stays in one
   * buffer: a Keypair would return a copy at each access. The library copies the seed once while it
   * signs. Throws `key_unavailable` where the key does not open, and `pen_refused` where it opens
   * and `use` fails.
   */
  const withKey = <T>(key: SealedKey, use: (signer: Signer) => T): T => {
    let opened = false;
    try {
      const binding = agentKeyBinding(key.subscriberId, key.publicKey);
      return vault.open(binding, key.sealed, (secretKey) => {
        opened = true;
        return use({ publicKey: new PublicKey(key.publicKey), secretKey });
      });
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      if (!opened) throw unreadable(key);
      throw new Fault('pen_refused', `The signature could not be made: ${messageOf(thrown)}.`);
    }
  };

  const unreadable = ({ subscriberId }: SealedKey): Fault =>
    new Fault(
      'key_unavailable',
      `The kept key of subscriber ${subscriberId} does not open, although the master key is right: its row was changed or moved. Bring the key in again.`,
      { context: { trouble: 'agent_key_unreadable' } },
    );

  /**
   * The amounts that this pen signed within 24 hours. They count even if the ledger loses those
   * payments.
   */
  const signed: { subscriberId: string; amount: bigint; atMs: number }[] = [];
  const requireWithinLimits = (
    { subscriberId, plan }: PaymentParts['payment'],
    signedToday: bigint,
  ): void => {
    while ((signed[0]?.atMs ?? Number.POSITIVE_INFINITY) <= options.nowMs() - DAY_MS)
      signed.shift();
    const remembered = signed.reduce(
      (sum, each) => (each.subscriberId === subscriberId ? sum + each.amount : sum),
      0n,
    );
    const today = remembered > signedToday ? remembered : signedToday;
    const objection = limitObjection(plan.amount + plan.reimburse, today, options.limits);
    if (objection !== null)
      throw new Fault('pen_limited', `The pen refuses to sign: the payment ${objection}.`);
  };

  const refuse = (found: readonly string[]): void => {
    if (found.length > 0)
      throw new Fault('pen_refused', `The pen refuses to sign: ${found.join('; ')}.`);
  };
  const check = (
    transaction: VersionedTransaction,
    tables: readonly LookupTable[],
    mandate: Mandate,
  ): void => {
    const { feePayer, instructions, lookedUp } = decompile(transaction, tables);
    // The entries of a table are what a node says. Addresses of the mandate must therefore stand in
    // the transaction's own bytes.
    const hidden = lookedUp.filter((each) => named(mandate).includes(each));
    refuse(hidden.map((each) => `takes ${each} from a lookup table`));
    const acts = instructions.map((each) => options.inspectVenue(each) ?? inspectTokens(each));
    refuse(objections(feePayer, acts, mandate));
  };
  /** Returns the key if it is this agent's. Throws `key_unavailable` or `pen_refused`. */
  const keyOf = (key: SealedKey | null, agent: Address, subscriberId: string): SealedKey => {
    if (key === null)
      throw new Fault('key_unavailable', `Subscriber ${subscriberId} has no agent key here.`);
    if (key.publicKey !== agent)
      throw new Fault('pen_refused', 'The key at hand is not the agent of this payment.');
    return key;
  };
  const written = (
    transaction: VersionedTransaction,
  ): { signature: Signature; bytes: Uint8Array } => {
    const [first] = transaction.signatures;
    const isMissing = (signature: Uint8Array): boolean => signature.every((byte) => byte === 0);
    if (first === undefined || transaction.signatures.some(isMissing)) {
      throw new Fault(
        'pen_refused',
        'A signature is missing: the fee payer is neither the agent nor the configured sponsor.',
      );
    }
    return { signature: base58Text(first) as Signature, bytes: transaction.serialize() };
  };

  return {
    sponsor: sponsor === null ? null : (sponsor.publicKey.toBase58() as Address),
    seal(subscriberId, publicKey, secretKey) {
      const derived = Keypair.fromSecretKey(secretKey);
      if (derived.publicKey.toBase58() !== publicKey)
        throw new Fault(
          'key_mismatch',
          `The secret key belongs to ${derived.publicKey.toBase58()}, not to ${publicKey}.`,
        );
      return vault.seal(agentKeyBinding(subscriberId, publicKey), secretKey);
    },
    closed(key) {
      try {
        return withKey(key, () => null);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        const code = String(thrown.context.trouble ?? thrown.code);
        return { class: 'needs_authorisation', code, detail: thrown.message };
      }
    },
    sign({ parts, memo, instructions, tables, blockhash, key, signedToday }) {
      requireWithinLimits(parts.payment, signedToday);
      const own = keyOf(key, parts.agent, parts.payment.subscriberId);
      const transaction = compile(parts.payer, instructions, blockhash, tables);
      check(transaction, tables, mandateOf(parts, memo, options));
      withKey(own, (agent) => {
        const paysItself = sponsor === null || parts.payer !== sponsor.publicKey.toBase58();
        transaction.sign(paysItself ? [agent] : [agent, sponsor]);
      });
      const { subscriberId, plan } = parts.payment;
      const amount = plan.amount + plan.reimburse;
      signed.push({ subscriberId, amount, atMs: options.nowMs() });
      return written(transaction);
    },
    signSwap({ payment, agent, transaction: given, tables, blockhash, key }) {
      const own = keyOf(key, agent, payment.subscriberId);
      if (options.swap === null) throw new Fault('pen_refused', 'Agents may not swap here.');
      const transaction = VersionedTransaction.deserialize(given);
      // The blockhash is replaced by one whose expiry the daemon knows.
      transaction.message.recentBlockhash = blockhash;
      let read: ReturnType<typeof decompile>;
      try {
        read = decompile(transaction, tables);
      } catch (thrown) {
        throw new Fault('pen_refused', `The pen refuses to sign: ${messageOf(thrown)}.`);
      }
      const mandate = {
        ...options.swap,
        agent,
        source: tokenAccount(options.mint, agent),
        wrapped: tokenAccount(WRAPPED_SOL, agent),
        wrappedMint: WRAPPED_SOL,
        amount: least(payment.plan.amount, options.swap.amountMost),
        priorityFeeMost: options.priorityFeeMost,
      };
      refuse(swapObjections(read.feePayer, read.instructions.map(inspectSwap), mandate));
      withKey(own, (signer) => transaction.sign([signer]));
      return written(transaction);
    },
  };
}
