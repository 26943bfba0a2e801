// Dropped payments: the local node drops what pays a creator and lets cancellations through.
import { TOKEN_PROGRAM_ID } from '@solana/spl-token';
import { expect } from 'vitest';
import type { Street } from './street.ts';

/**
 * Drops payments, of which one may be on its way when it is cancelled, and lets the rest through.
 * `stop` looks at the order: once a cancellation was sent, no payment may be.
 */
export function dropPayments({ mischief }: Street['world']) {
  const sent: ('payment' | 'cancellation')[] = [];
  mischief.drops = ({ message }) => {
    // A cancellation calls no token program.
    const pays = message.staticAccountKeys.some((key) => key.equals(TOKEN_PROGRAM_ID));
    sent.push(pays ? 'payment' : 'cancellation');
    return pays;
  };
  return {
    /** Ends the drops. Fails unless payments were sent first, and cancellations after them. */
    stop(): void {
      mischief.drops = null;
      const first = sent.indexOf('cancellation');
      expect(first).toBeGreaterThan(0);
      expect(sent.slice(first)).not.toContain('payment');
    },
  };
}
