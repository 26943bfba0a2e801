// Pen: decides what is signed, and has it signed: recorded payments and swaps, and the sponsor's
// transactions about nonces and memos of daily roots. The compiled bytes are decoded again before
// signing and compared with the rules of core/policy.ts, core/swap.ts or core/root-memo.ts. The
// keys are with the signers of signers.ts.

import { VersionedTransaction } from '@solana/web3.js';
import type { AgentKey } from '../core/agent-key.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { type Address, base58Text, type Signature } from '../core/ids.ts';
import type { Effect, Mandate, NonceUse } from '../core/mandate.ts';
import { least, most } from '../core/money.ts';
import type { Payment } from '../core/payment.ts';
import { objections } from '../core/policy.ts';
import { WRAPPED_SOL } from '../core/programs.ts';
import type { TipLimits } from '../core/sender-tip.ts';
import { createSignedToday, type SignedAmount } from '../core/signed-today.ts';
import type {
  PaymentParts,
  Pen,
  PenRequest,
  Signer,
  Signers,
  Written,
} from '../core/signing-ports.ts';
import { limitObjection, type PenLimits } from '../core/spending-limits.ts';
import { type SwapLimits, swapObjections } from '../core/swap.ts';
import type { Venue } from '../core/venue.ts';
import type { VenueName } from '../core/venue-name.ts';
import { decompile } from './compile.ts';
import { addressOf } from './keys.ts';
import {
  encodeMessage,
  fitsPacket,
  type MessageRead,
  readMessage,
  transactionOf,
} from './message.ts';
import { nonceTransaction } from './nonce-pen.ts';
import { createRootMemoCount, rootMemoTransaction } from './root-pen.ts';
import { signatureBy } from './signers.ts';
import { inspectSwap } from './swap.ts';
import { inspectTokens, passingAccount, tokenAccount } from './tokens.ts';

function mandateOf(
  parts: PaymentParts,
  memo: string,
  nonce: NonceUse | null,
  rules: PenOptions,
): Mandate {
  const { payment } = parts;
  const { quote, quoteMarket } = rules.venueOf(payment.venue);
  const passing = payment.plan.createAgentAccount ? passingAccount(parts.agent, payment.id) : null;
  return {
    memo,
    agent: parts.agent,
    source: passing ?? parts.agentTokenAccount,
    passing,
    recipients: parts.recipients,
    mint: quote.mint,
    amount: payment.plan.amount,
    driftUser: payment.driftUser,
    quoteMarket,
    withdraw: payment.plan.withdraw,
    settleMarkets: payment.plan.settleMarkets,
    feePayer: parts.payer,
    reimburse: least(payment.plan.reimburse, rules.reimburseMost),
    sponsorTokenAccount: parts.sponsorTokenAccount,
    priorityFeeMost: rules.priorityFeeMost,
    tip: payment.plan.tip ?? null,
    tipLimits: rules.tip ?? null,
    nonce,
  };
}

/** Every address with which the policy compares an effect. */
const named = (mandate: Mandate): (Address | null)[] => [
  mandate.agent,
  mandate.source,
  mandate.passing,
  ...mandate.recipients.flatMap((each) => [each.wallet, each.tokenAccount]),
  mandate.driftUser,
  mandate.feePayer,
  mandate.sponsorTokenAccount,
  mandate.tip?.account ?? null,
  mandate.nonce?.account ?? null,
  mandate.nonce?.authority ?? null,
];

export type PenOptions = {
  readonly signers: Signers;
  /** The venue by its name. Throws `venue_not_served`. */
  readonly venueOf: (name: VenueName) => Pick<Venue, 'quote' | 'quoteMarket' | 'inspect'>;
  readonly priorityFeeMost: bigint;
  /** The tips that payments may give a sender endpoint; null or absent for none. */
  readonly tip?: TipLimits | null;
  /** The most that one payment may give the sponsor. Base units of its token. */
  readonly reimburseMost: bigint;
  /**
   * The most that one payment or swap, and all of one subscriber within 24 hours together, may
   * move.
   */
  readonly limits: PenLimits;
  readonly nowMs: () => number;
  /** The limits of swaps; null when agents may not swap. */
  readonly swap: SwapLimits | null;
};

/** Creates the pen. It signs nothing that its policy objects to. */
export function createPen(options: PenOptions): Pen {
  const { signers } = options;

  /**
   * The amounts that this pen signed within 24 hours. They count even if the ledger loses those
   * payments, until the chain proves that they can move nothing.
   */
  const signed = createSignedToday(options.nowMs);
  const countRootMemo = createRootMemoCount(options.nowMs);
  /**
   * Counts a payment or swap towards the limits, and signs it. The amount counts while the signer
   * works, so that two signings at once cannot exceed a limit together. When the signer gives no
   * signature, the amount is taken out again.
   */
  const withinLimits = async (
    { id: paymentId, subscriberId, token }: Payment,
    amount: bigint,
    { signedToday, lastValidBlockHeight }: Pick<PenRequest, 'signedToday' | 'lastValidBlockHeight'>,
    under: SignedAmount['under'],
    work: () => Promise<Written>,
  ): Promise<Written> => {
    const given = { subscriberId, mint: token.mint, amount, paymentId, under };
    if (!signed.has(given)) {
      const today = most(signed.sum(subscriberId, token.mint), signedToday);
      const objection = limitObjection(amount, today, options.limits, token);
      // Another day has room for an amount that is within the limits by itself.
      const trouble = limitObjection(amount, 0n, options.limits) === null ? 'day_limit' : undefined;
      if (objection !== null)
        throw new Fault('pen_limited', `The pen refuses to sign: the payment ${objection}.`, {
          context: { trouble },
        });
    }
    const settle = signed.count(given);
    try {
      const written = await work();
      settle({ signature: written.signature, lastValidBlockHeight });
      return written;
    } catch (thrown) {
      settle(null);
      throw thrown;
    }
  };

  const refuse = (found: readonly string[]): void => {
    if (found.length > 0)
      throw new Fault('pen_refused', `The pen refuses to sign: ${found.join('; ')}.`);
  };
  const check = (
    { feePayer, instructions, lookedUp }: MessageRead,
    mandate: Mandate,
    venue: VenueName,
  ): void => {
    // A node says what a lookup table contains, and may be wrong. Addresses of the mandate must
    // therefore stand in the transaction's own bytes.
    const hidden = lookedUp.filter((each) => named(mandate).includes(each));
    refuse(hidden.map((each) => `takes ${each} from a lookup table`));
    // Only the venue of the payment may take part: a call of another one has no effect that the
    // policy allows.
    const { inspect } = options.venueOf(venue);
    const effects = instructions.map((each): Effect => inspect(each) ?? inspectTokens(each));
    refuse(objections(feePayer, effects, mandate));
  };
  /** Returns the key if it is this agent's. Throws `key_unavailable` or `pen_refused`. */
  const keyOf = (key: AgentKey | null, agent: Address, subscriberId: string): AgentKey => {
    if (key === null)
      throw new Fault('key_unavailable', `Subscriber ${subscriberId} has no agent key here.`);
    if (key.publicKey !== agent)
      throw new Fault('pen_refused', 'The key at hand is not the agent of this payment.');
    return key;
  };
  /**
   * Has every required signature put on a message, each by the signer of that address. Returns the
   * transaction.
   */
  const signedBy = async (
    message: Uint8Array,
    required: readonly Address[],
    by: readonly Signer[],
  ): Promise<Written> => {
    if (required.some((each) => !by.some(({ address }) => address === each)))
      throw new Fault(
        'pen_refused',
        'A signature is missing: the fee payer is neither the agent nor the configured sponsor.',
      );
    if (!fitsPacket({ bytes: message, signatures: required.length }))
      throw new Fault('transaction_too_large', 'The payment does not fit one transaction.');
    const signatures: Uint8Array[] = [];
    for (const signer of by) {
      const place = required.indexOf(signer.address);
      if (place < 0)
        throw new Fault('pen_refused', `The transaction needs no signature of ${signer.address}.`);
      signatures[place] = await signatureBy(signer, message);
    }
    const [first] = signatures;
    if (first === undefined) throw new Fault('pen_refused', 'The transaction has no fee payer.');
    return {
      signature: base58Text(first) as Signature,
      bytes: transactionOf(message, signatures),
    };
  };

  return {
    sponsor: signers.sponsor?.address ?? null,
    signedToday: signed.sum,
    ended: ({ payment, signature, ...proof }) =>
      signed.ended(payment.subscriberId, payment.id, signature, proof),
    async sign({ parts, memo, instructions, tables, blockhash, key, nonce = null, ...counted }) {
      const { subscriberId, plan } = parts.payment;
      const under = nonce && { account: nonce.account, value: blockhash };
      const moved = plan.amount + plan.reimburse;
      return withinLimits(parts.payment, moved, counted, under, async () => {
        const own = keyOf(key, parts.agent, subscriberId);
        const message = encodeMessage(parts.payer, instructions, blockhash, tables);
        const read = readMessage(message.bytes, tables);
        check(read, mandateOf(parts, memo, nonce, options), parts.payment.venue);
        const { sponsor } = signers;
        const sponsored =
          sponsor !== null && [parts.payer, nonce?.authority].includes(sponsor.address);
        const by = [signers.agent(own), ...(sponsored ? [sponsor] : [])];
        return signedBy(message.bytes, read.required, by);
      });
    },
    async signNonce(request) {
      const { sponsor } = signers;
      if (sponsor === null)
        throw new Fault('key_unavailable', 'Nonces need the key of the sponsor.');
      const { message, required } = nonceTransaction(sponsor.address, request, options);
      const written = await signedBy(message, required, [sponsor]);
      const { act, subscriberId, blockhash } = request;
      if (act === 'move') signed.cancels(subscriberId, blockhash, written.signature);
      return written;
    },
    async signRootMemo({ signedToday, ...request }) {
      const { sponsor } = signers;
      if (sponsor === null)
        throw new Fault('key_unavailable', 'Memos of daily roots need the key of the sponsor.');
      const { message, required } = rootMemoTransaction(sponsor.address, request);
      const takeBack = countRootMemo(signedToday);
      try {
        return await signedBy(message, required, [sponsor]);
      } catch (thrown) {
        takeBack();
        throw thrown;
      }
    },
    async signSwap({ payment, agent, transaction: given, tables, blockhash, key, ...counted }) {
      const { subscriberId } = payment;
      const own = keyOf(key, agent, subscriberId);
      if (options.swap === null) throw new Fault('pen_refused', 'Agents may not swap here.');
      const amount = least(payment.plan.amount, options.swap.amountMost);
      let transaction: VersionedTransaction;
      let read: ReturnType<typeof decompile>;
      try {
        transaction = VersionedTransaction.deserialize(given);
        // The blockhash is replaced by one whose expiry the daemon knows.
        transaction.message.recentBlockhash = blockhash;
        read = decompile(transaction, tables);
      } catch (thrown) {
        throw new Fault('pen_refused', `The pen refuses to sign: ${messageOf(thrown)}.`);
      }
      const mandate = {
        ...options.swap,
        agent,
        source: tokenAccount(payment.token.mint, agent),
        wrapped: tokenAccount(WRAPPED_SOL, agent),
        wrappedMint: WRAPPED_SOL,
        amount,
        priorityFeeMost: options.priorityFeeMost,
      };
      refuse(swapObjections(read.feePayer, read.instructions.map(inspectSwap), mandate));
      const { message } = transaction;
      const required = message.staticAccountKeys
        .slice(0, message.header.numRequiredSignatures)
        .map(addressOf);
      return withinLimits(payment, amount, counted, null, () =>
        signedBy(message.serialize(), required, [signers.agent(own)]),
      );
    },
  };
}
