// Looking: what became of bytes that may be anywhere. A look costs a call, so it waits for a reason: an account of the
// subscriber changed, and finality is near; or nothing was heard of it for a while, and it is sent again.
import type { SignedBytes } from '../core/payment.ts';
import type { Clock } from '../core/ports.ts';

export type LookingOptions = {
  readonly pollMs: number;
  readonly rebroadcastMs: number;
  /** How long a block usually takes to become final. */
  readonly finalityMs: number;
};
export type Looking = {
  /** The bytes have just been sent. */
  sent(subscriberId: string, signed: SignedBytes): void;
  /** Something happened to the subscriber's accounts: a payment on its way has probably been executed. */
  heard(subscriberId: string): void;
  /** How long to wait before the next look: 0 or less is now. */
  waitMs(subscriberId: string, signed: SignedBytes): number;
  /** A look saw it executed, but not finally. */
  executed(subscriberId: string): void;
  /** A look learned nothing, or that it was not executed yet. True when it is time to send again. */
  absent(subscriberId: string): boolean;
  forget(subscriberId: string): void;
};

type Watch = { signature: string; atMs: number; sentAtMs: number; expected: boolean };

export function createLooking(clock: Clock, options: LookingOptions): Looking {
  const watches = new Map<string, Watch>();
  const expect = (watch: Watch | undefined): void => {
    if (watch === undefined) return;
    const first = !watch.expected;
    watch.expected = true;
    watch.atMs = clock.nowMs() + (first ? options.finalityMs : options.pollMs);
  };
  return {
    sent(subscriberId, { signature }) {
      const now = clock.nowMs();
      const atMs = now + options.rebroadcastMs;
      watches.set(subscriberId, { signature, atMs, sentAtMs: now, expected: false });
    },
    heard(subscriberId) {
      const watch = watches.get(subscriberId);
      if (watch !== undefined && !watch.expected) expect(watch);
    },
    waitMs(subscriberId, { signature }) {
      const watch = watches.get(subscriberId);
      if (watch?.signature === signature) return watch.atMs - clock.nowMs();
      // Sent by another daemon, or before this one started: nobody knows how long ago.
      const now = clock.nowMs();
      watches.set(subscriberId, { signature, atMs: now, sentAtMs: now, expected: false });
      return 0;
    },
    executed: (subscriberId) => expect(watches.get(subscriberId)),
    absent(subscriberId) {
      const watch = watches.get(subscriberId);
      if (watch === undefined) return false;
      const now = clock.nowMs();
      watch.expected = false;
      watch.atMs = now + options.pollMs;
      if (now - watch.sentAtMs < options.rebroadcastMs) return false;
      watch.sentAtMs = now;
      return true;
    },
    forget: (subscriberId) => void watches.delete(subscriberId),
  };
}
