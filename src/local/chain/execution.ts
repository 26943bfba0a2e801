// Execution: the result of one transaction, as getTransaction and simulateTransaction show it.
import type { Account } from './account.ts';
import type { TokenBalanceRow } from './balances.ts';
import type { TransactionFailure } from './failure.ts';
import type { ResolvedMessage } from './message.ts';

export type InnerInstruction = {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: string;
  readonly stackHeight: number;
};

export type Execution = {
  readonly message: ResolvedMessage;
  readonly error: TransactionFailure | null;
  readonly fee: bigint;
  readonly logs: readonly string[];
  readonly inner: readonly { index: number; instructions: readonly InnerInstruction[] }[];
  readonly units: number;
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
  readonly preTokens: readonly TokenBalanceRow[];
  readonly postTokens: readonly TokenBalanceRow[];
  /**
   * The state of every writable account before; `restore` puts the bank back to it. The bytes must
   * stay as they are. The cluster empties this map once the block is final.
   */
  readonly before: Map<string, Account | null>;
};
