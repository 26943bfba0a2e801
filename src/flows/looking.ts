// Looking: what became of bytes that may be anywhere. A look costs a call, so it waits for a
// reason: an account of the subscriber changed, and finality is near; or nothing was heard of it
// for a while, and it is sent again.
import type { Slot } from '../core/ids.ts';
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
  /**
   * An account of the subscriber changed by this slot: a payment on its way has probably been
   * executed in it. Null where the slot is not known.
   */
  heard(subscriberId: string, slot: Slot | null): void;
  /**
   * Every slot up to this one is final. Returns the subscribers whose payments are to be looked at
   * now.
   */
  final(slot: Slot): string[];
  /** How long to wait before the next look: 0 or less is now. */
  waitMs(subscriberId: string, signed: SignedBytes): number;
  /** A look saw it executed in this slot, but not finally. */
  executed(subscriberId: string, slot: Slot): void;
  /**
   * A look learned nothing, or that it was not executed yet. True when it is time to send again.
   */
  absent(subscriberId: string): boolean;
  forget(subscriberId: string): void;
};

type Watch = {
  signature: string;
  atMs: number;
  sentAtMs: number;
  expected: boolean;
  /** The slot in which it was probably executed. */
  slot: Slot | null;
};

export function createLooking(clock: Clock, options: LookingOptions): Looking {
  const watches = new Map<string, Watch>();
  const expect = (watch: Watch | undefined, slot: Slot | null): void => {
    if (watch === undefined) return;
    const first = !watch.expected;
    watch.expected = true;
    watch.slot = slot;
    watch.atMs = clock.nowMs() + (first ? options.finalityMs : options.pollMs);
  };
  return {
    sent(subscriberId, { signature }) {
      const now = clock.nowMs();
      const atMs = now + options.rebroadcastMs;
      watches.set(subscriberId, { signature, atMs, sentAtMs: now, expected: false, slot: null });
    },
    heard(subscriberId, slot) {
      const watch = watches.get(subscriberId);
      if (watch !== undefined && !watch.expected) expect(watch, slot);
    },
    final(slot) {
      const now = clock.nowMs();
      const ready: string[] = [];
      for (const [id, watch] of watches) {
        if (!watch.expected || watch.slot === null || watch.slot > slot) continue;
        // One look for one reason: after it the watch goes on by time.
        watch.slot = null;
        watch.atMs = Math.min(watch.atMs, now);
        ready.push(id);
      }
      return ready;
    },
    waitMs(subscriberId, { signature }) {
      const watch = watches.get(subscriberId);
      if (watch?.signature === signature) return watch.atMs - clock.nowMs();
      // Sent by another daemon, or before this one started: nobody knows how long ago.
      const now = clock.nowMs();
      watches.set(subscriberId, {
        signature,
        atMs: now,
        sentAtMs: now,
        expected: false,
        slot: null,
      });
      return 0;
    },
    executed: (subscriberId, slot) => expect(watches.get(subscriberId), slot),
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
