// Standing heard: what the daemon's own code hears of an act, executed on a stage or made by hand,
// and with what else it is judged.
import { createTransferCheckedInstruction } from '@solana/spl-token';
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import type { Clearance } from '../../src/core/clearance.ts';
import type { Fact } from '../../src/core/fact.ts';
import type { OutflowContext } from '../../src/core/outflow.ts';
import type { ChainTransaction, TokenBalance } from '../../src/core/transaction.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hear } from './hear.ts';
import * as hand from './made-transaction.ts';
import { SOL, type Stage, usdcAccount } from './wallet-acts.ts';

/** What was heard of one act, and with what else it is judged. */
export type Heard = {
  readonly facts: readonly Fact[];
  readonly signers: readonly string[];
  readonly agent: string;
  readonly context?: Partial<OutflowContext>;
  readonly clearances?: readonly Clearance[];
  /** The signature is that of a payment of the ledger. */
  readonly ours?: boolean;
};
export type Row = (stage: Stage) => readonly Heard[];

export const stranger = Keypair.generate();
export const away = stranger.publicKey;
export const pay = (from: PublicKey, to: PublicKey, lamports: bigint) =>
  SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports });
export const send = (from: PublicKey, to: PublicKey, owner: PublicKey, amount = 60_000_000n) =>
  createTransferCheckedInstruction(from, USDC, to, owner, amount, 6);
export const T22 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';

/** The stage's accounts: the agent's own, and one of a stranger that is open. */
export function accounts({ agent, world }: Stage) {
  world.driver.giveSol(away, SOL);
  world.driver.giveUsdc(away, 1n);
  return { agent, own: usdcAccount(agent), theirs: usdcAccount(away), faucet: world.driver.faucet };
}
export const heard = (stage: Stage, landed: Landed, more: Partial<Heard> = {}): Heard => ({
  ...stage.hear(landed),
  agent: stage.agent.toBase58(),
  ...more,
});
/** Each of these acts in a transaction of its own, signed by the agent. */
export const acts = (
  stage: Stage,
  ...instructions: Parameters<Stage['act']>[0][]
): readonly Heard[] => instructions.map((each) => heard(stage, stage.act(each)));
/** A transaction made by hand: the agent of made-transaction.ts signs it unless told. */
export const byHand = (transaction: ChainTransaction, more: Partial<Heard> = {}): Heard => ({
  facts: hear(DRIFT_V2, transaction, hand.watched),
  signers: transaction.signers,
  agent: hand.agent,
  ...more,
});
export const made = (
  calls: Parameters<typeof hand.made>[0],
  balances: readonly TokenBalance[] = [],
  more: Partial<Heard> & { signers?: readonly string[] } = {},
): readonly Heard[] => {
  const { signers, ...rest } = more;
  const given = signers === undefined ? {} : { signers: signers as never, lamports: null };
  return [byHand(hand.made(calls, balances, 'whole', given), rest)];
};
