// Error table: the errors that are not a venue's: those of the SPL token program, and those of a
// whole transaction.
import type { ErrorClass } from '../core/trouble.ts';
import { errorTable } from './error-rows.ts';

/** Errors of the SPL token program. */
export const TOKEN_ERRORS = errorTable({
  retry_when_healthier: {
    '1 InsufficientFunds':
      'The token account holds less than the transfer needs; a clamped withdrawal ends so.',
  },
  operator: {
    '3 MintMismatch': 'The token account is of another mint.',
    '4 OwnerMismatch': 'The token account has another owner.',
  },
  permanent: { '17 AccountFrozen': 'The token account is frozen by its issuer.' },
});

/**
 * Errors of a whole transaction, which no instruction caused. An error that is not listed is of the
 * class `unexpected`: new releases of the runtime add errors, and most of them pass.
 */
export const TRANSACTION_ERRORS: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ['AccountInUse', 'retry_soon'],
  ['AccountNotFound', 'needs_sol'],
  ['AlreadyProcessed', 'retry_soon'],
  ['BlockhashNotFound', 'retry_soon'],
  ['ClusterMaintenance', 'retry_soon'],
  ['CommitCancelled', 'retry_soon'],
  ['InsufficientFundsForFee', 'needs_sol'],
  ['InsufficientFundsForRent', 'needs_sol'],
  // A program owns the fee payer's wallet, or the wallet holds data: its SOL pays no fee.
  ['InvalidAccountForFee', 'needs_sol'],
  ['ProgramCacheHitMaxLimit', 'retry_soon'],
  ['ResanitizationNeeded', 'retry_soon'],
  ['WouldExceedAccountDataBlockLimit', 'retry_soon'],
  ['WouldExceedAccountDataTotalLimit', 'retry_soon'],
  ['WouldExceedMaxAccountCostLimit', 'retry_soon'],
  ['WouldExceedMaxBlockCostLimit', 'retry_soon'],
  ['WouldExceedMaxVoteCostLimit', 'retry_soon'],
]);
