// Trouble: the reasons why a debt cannot be paid now. The class decides what happens to the debt.
// The code is stable and public: TROUBLES holds every code of Bailiff's own, and docs/runbook.md
// has a section for each.
import type { FaultCode } from './fault.ts';
import type { Lamports } from './money.ts';

/**
 * The class of a trouble, which decides what happens to the debt. `retry_soon`: it passes within
 * seconds. `retry_when_healthier`: the account must recover first. `venue_paused`, `venue_limited`
 * (the venue lets no account withdraw more for now), `needs_sol`, `needs_authorisation`,
 * `books_behind`: pauses, which use up no attempts. `accumulating`: by its own terms the debt is
 * still too small. `unexpected`: an error that is in no table or may come from a change since the
 * reading; it is tried again UNEXPECTED_MOST times at growing intervals, then it parks the debt.
 * `operator`, `permanent`: a person must act, so the debt is parked at once.
 */
export const ERROR_CLASSES = [
  'retry_soon',
  'retry_when_healthier',
  'venue_paused',
  'venue_limited',
  'needs_sol',
  'needs_authorisation',
  'books_behind',
  'accumulating',
  'unexpected',
  'operator',
  'permanent',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

type TroubleRow = { readonly class: ErrorClass; readonly means: string };
/** Every code of Bailiff's own, with its class and its meaning for a platform. */
export const TROUBLES = {
  planned_anew: {
    class: 'retry_soon',
    means:
      'A payment of the debt was planned and not signed, and the debt was asked for, or a limit of the settings was lowered below that payment. The payment was ended, and the debt is planned anew.',
  },
  expired: {
    class: 'retry_soon',
    means:
      'The payment was never executed and never can be; this was proven on chain. The debt is paid by a new payment.',
  },
  overtaken: {
    class: 'retry_soon',
    means:
      'Another transaction moved the nonce of the payment or closed its account, so the payment can never be executed. A transaction that the ledger does not know is compared with it first; then the debt is planned anew.',
  },
  nonce_opening: {
    class: 'retry_soon',
    means: 'The nonce account is being created or closed, or that is not final yet.',
  },
  transfer_unmatched: {
    class: 'retry_soon',
    means:
      'A transfer to the creator that Bailiff did not make is not final, or not matched with the debts yet. It may have paid this debt.',
  },
  payments_not_final: {
    class: 'retry_soon',
    means: 'The chain shows payments that the ledger does not know and that are not final yet.',
  },
  openings_unread: {
    class: 'retry_soon',
    means:
      'The creator has no token account, and payments that may have opened one are not read from the chain yet.',
  },
  venue_program_unread: {
    class: 'retry_soon',
    means: "The bytes of the venue's program have not been read from the chain yet.",
  },
  swap_off: {
    class: 'retry_soon',
    means: 'Swaps of quote tokens for SOL were switched off after this one was planned.',
  },
  tip_off: {
    class: 'retry_soon',
    means:
      'The sender endpoint was switched off, or its tip or accounts were changed, after this payment was planned. It is planned anew.',
  },
  rpc_refused: {
    class: 'retry_soon',
    means: 'The RPC nodes refuse a call that the payment needs.',
  },
  insufficient_funds: {
    class: 'retry_when_healthier',
    means:
      'The accounts of the subscriber hold too little for the smallest payment. The debt is tried again when they change.',
  },
  margin_floor: {
    class: 'retry_when_healthier',
    means:
      'There would be enough, but taking it would bring the account closer to liquidation than payments.marginFloorBps allows.',
  },
  transaction_too_large: {
    class: 'retry_when_healthier',
    means:
      'The account uses so many markets that a payment out of it does not fit one transaction.',
  },
  withdrawals_paused: {
    class: 'venue_paused',
    means:
      'The venue has paused withdrawals. The debt is tried again as soon as the venue is seen open.',
  },
  settled_short: {
    class: 'venue_limited',
    means: 'The profit pool of a market holds less than the account may claim.',
  },
  account_unreadable: {
    class: 'venue_limited',
    means:
      'The account has a form at the venue that this release does not read. Nothing is guessed from its bytes.',
  },
  agent_needs_sol: {
    class: 'needs_sol',
    means:
      'The agent wallet lacks SOL for fees, and no sponsor is configured. lamports says how much is lacking. SOL of a wallet that a program owns, or that holds data, pays no fee and counts as none.',
  },
  sponsor_needs_sol: {
    class: 'needs_sol',
    means: 'Agent and sponsor both lack SOL for fees. lamports says how much the sponsor lacks.',
  },
  sponsor_failures_spent: {
    class: 'needs_sol',
    means:
      'The sponsor pays no more fees for this subscriber today, because too many payments failed on chain.',
  },
  sponsor_subscriber_spent: {
    class: 'needs_sol',
    means: 'The sponsor has given this subscriber all that the settings allow within 24 hours.',
  },
  sponsor_creator_spent: {
    class: 'needs_sol',
    means:
      'The sponsor has given for payments to this creator all that the settings allow within 24 hours.',
  },
  sponsor_day_spent: {
    class: 'needs_sol',
    means: 'The sponsor has given all that the settings allow within 24 hours.',
  },
  swap_failed: {
    class: 'needs_sol',
    means:
      'The agent lacks SOL, and the swap of quote tokens for SOL was not offered, not readable, or refused.',
  },
  no_agent_key: {
    class: 'needs_authorisation',
    means: 'The ledger holds no key for the agent wallet. Register the key, and the debt is paid.',
  },
  key_unavailable: {
    class: 'needs_authorisation',
    means: 'The key of the agent wallet cannot be opened with the master keys of this daemon.',
  },
  master_key_missing: {
    class: 'needs_authorisation',
    means: 'This daemon has no master key, and the key of the agent wallet is sealed under one.',
  },
  master_key_wrong: {
    class: 'needs_authorisation',
    means:
      'The master key of this daemon is not the one under which the secrets of the ledger are sealed.',
  },
  agent_key_unreadable: {
    class: 'needs_authorisation',
    means:
      'The master key is right, and the key of this agent wallet does not open: its row was changed or moved.',
  },
  signer_not_configured: {
    class: 'needs_authorisation',
    means: 'A service keeps the key of the agent wallet, and this daemon has no access to it.',
  },
  signer_refused: {
    class: 'needs_authorisation',
    means:
      'The service that keeps the key of the agent wallet refuses to sign with it. Nothing was signed.',
  },
  venue_program_unknown: {
    class: 'needs_authorisation',
    means:
      "The venue's program was deployed with bytes that this release does not know. Signing waits for bailiff venue prove or bailiff venue accept.",
  },
  halted: {
    class: 'needs_authorisation',
    means: 'An operator has halted signing for all, for this creator, or for this subscriber.',
  },
  day_limit: {
    class: 'needs_authorisation',
    means: 'payments.mostPerSubscriberADay is reached. The debt is paid once the day has passed.',
  },
  nonce_unusable: {
    class: 'needs_authorisation',
    means:
      'The nonce account of the subscriber has another form or belongs to another key than the sponsor’s, or no sponsor is configured. A person must act.',
  },
  ledger_went_back: {
    class: 'books_behind',
    means:
      'The database may lack its last commits. Nothing is signed until every payment of the lost commits has landed or expired.',
  },
  payments_unknown: {
    class: 'books_behind',
    means:
      'The wallet got more on chain than the debts to it that the ledger knows. Debts to this wallet that are heard later are paid by that part first, and debts to other wallets go on; after a loss of the ledger, older debts to other wallets wait as well. bailiff payments accept says that nothing is missing.',
  },
  nonce_moved: {
    class: 'books_behind',
    means:
      'The nonce of the subscriber was moved by a transaction that the ledger does not know: a restored copy, a failover, or another daemon. Nothing is signed until the ledger was compared with the chain.',
  },
  nonce_untold: {
    class: 'books_behind',
    means:
      'The nonce of a payment has moved, and no node shows which transaction moved it. The debt may be paid, so nothing new is signed until a node shows it.',
  },
  below_minimum: {
    class: 'accumulating',
    means:
      'The debts to this creator are below the minimum payment of the terms, and wait for each other.',
  },
  below_cost: {
    class: 'accumulating',
    means:
      'The fee would be too large a part of the payment. The debt is paid with the next ones, or before a withdrawal.',
  },
  not_built: {
    class: 'unexpected',
    means: 'The payment could not be built, for a reason that has no code.',
  },
  creator_account_reopened: {
    class: 'operator',
    means:
      "The creator has no token account, and as many were opened at the payer's cost as payments.creationsMost allows.",
  },
  creator_account_given_away: {
    class: 'operator',
    means: "Another wallet than the creator's owns the creator's token account.",
  },
  creator_is_agent: {
    class: 'operator',
    means: 'The address of the creator is an agent wallet, or an account of one.',
  },
  creator_off_curve: {
    class: 'operator',
    means: 'The address of the creator is no wallet.',
  },
  creator_not_payable: {
    class: 'operator',
    means: 'A payment to the address of the creator could not be spent.',
  },
  creator_unproven: {
    class: 'operator',
    means:
      'Nothing exists at the address of the creator, and no derivation shows which program signs for it.',
  },
  payment_cancelled: {
    class: 'operator',
    means:
      'A person cancelled the payment of the debt. That payment can never land, or it landed before that and paid a part. The debt waits until a person retries or voids it.',
  },
  above_limit: {
    class: 'operator',
    means: 'The debt alone is above payments.mostPerPayment or payments.mostPerSubscriberADay.',
  },
  pen_refused: {
    class: 'operator',
    means: 'The transaction was not exactly the recorded payment, so it was not signed.',
  },
  pen_limited: {
    class: 'operator',
    means: 'The payment is above a limit that the pen enforces, so it was not signed.',
  },
  equity_breaker_tripped: {
    class: 'operator',
    means:
      'The venue has stopped every withdrawal of the wallet, because one of its accounts fell below its equity floor. Only the venue ends that.',
  },
  user_bankrupt: {
    class: 'permanent',
    means: 'The account at the venue is bankrupt.',
  },
  creator_account_frozen: {
    class: 'permanent',
    means: "The creator's token account is frozen by the issuer of the token.",
  },
} as const satisfies Readonly<Record<string, TroubleRow>>;
export type OwnTroubleCode = keyof typeof TROUBLES;
/** Whether the code is one of TROUBLES. */
export const isOwnTroubleCode = (code: unknown): code is OwnTroubleCode =>
  typeof code === 'string' && Object.hasOwn(TROUBLES, code);

declare const chainErrorBrand: unique symbol;
/**
 * The name of an error on chain that has no number of a known program: the cluster's name of it, or
 * PROGRAM_N for error N of another program. Only the venue's error classifier makes these.
 */
export type ChainErrorName = string & { readonly [chainErrorBrand]: true };
/**
 * The code of a trouble: one of TROUBLES, the code of a fault, or an error on chain: `venue_N` and
 * `token_N` for errors of those programs, `system_1` for a fee payer without rent, or another's
 * name.
 */
export type TroubleCode =
  | OwnTroubleCode
  | FaultCode
  | `venue_${number}`
  | `token_${number}`
  | 'system_1'
  | ChainErrorName;

/**
 * The reason why a payment was not made. The class decides what happens, the code is stable, the
 * detail is text for people.
 */
export type Trouble = {
  readonly class: ErrorClass;
  readonly code: TroubleCode;
  readonly detail: string;
  /** With `needs_sol`: the lamports that the fee payer lacks. */
  readonly lamports?: Lamports;
};

/** A trouble of Bailiff's own; its class follows from its code. */
export const troubled = <Code extends OwnTroubleCode>(
  code: Code,
  detail: string,
): Trouble & { readonly class: (typeof TROUBLES)[Code]['class']; readonly code: Code } => ({
  class: TROUBLES[code].class,
  code,
  detail,
});
