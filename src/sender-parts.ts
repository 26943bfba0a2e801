// Sender parts: opens the sender endpoint of the settings, and reads the limits of its tips.
import { createAnswerReader } from './chain/answer.ts';
import { type RpcListener, within } from './chain/rpc.ts';
import { createSender, type Sender } from './chain/sender.ts';
import type { Address } from './core/ids.ts';
import type { Log } from './core/ports.ts';
import type { TipLimits } from './core/sender-tip.ts';
import { elapsedMs } from './system/clock.ts';
import type { Settings } from './system/settings.ts';

/** The tips that the settings allow; null where no sender is configured. */
export const tipLimitsOf = ({ payments: { sender } }: Settings): TipLimits | null =>
  sender === null ? null : { most: BigInt(sender.tipMost), accounts: sender.accounts as Address[] };

/** The sender of the settings; null where none is configured. */
export function openSender(settings: Settings, log: Log, onCall: RpcListener): Sender | null {
  const { rpc, payments } = settings;
  const limits = tipLimitsOf(settings);
  if (rpc.senderUrl === null || limits === null || payments.sender === null) return null;
  const bounds = { answerMs: rpc.answerMs, read: createAnswerReader(rpc) };
  return createSender({
    url: rpc.senderUrl,
    tip: { lamports: BigInt(payments.sender.tip), accounts: limits.accounts },
    limits,
    post: within(bounds),
    elapsedMs,
    log,
    onCall,
  });
}
