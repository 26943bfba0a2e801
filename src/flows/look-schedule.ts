// Look schedule: decides when to look for a payment that was sent. A look costs an RPC call, so
// it waits for a reason: an account of the subscriber changed and finality is near, or nothing
// was heard for a while and the payment is sent again.
import type { Slot } from '../core/ids.ts';
import type { Pace } from '../core/pace.ts';
import type { Clock } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';

export type LookingOptions = {
  /** The time between two looks at a payment that a look did not find final. */
  readonly pollMs: number;
  /** The time from a send to the first look, and between two sends of the same bytes. */
  readonly rebroadcastMs: number;
  /** The time after which a block is looked up as final, unless the chain was faster lately. */
  readonly finalityMs: number;
};
/** Measures how long the chain takes to make a slot final. */
export type FinalityPace = Pick<Pace, 'finalByMs'>;
export type Looking = {
  /** Tells that the bytes have just been sent. */
  sent(subscriberId: string, signed: SignedBytes): void;
  /**
   * Tells that an account of the subscriber changed by this slot, so a sent payment has probably
   * been executed in it. Null when the slot is not known.
   */
  heard(subscriberId: string, slot: Slot | null): void;
  /**
   * Tells that every slot up to this one is final. Returns the subscribers whose payments should be
   * looked for now.
   */
  final(slot: Slot): string[];
  /** Milliseconds until the next look; 0 or less means now. */
  waitMs(subscriberId: string, signed: SignedBytes): number;
  /** A look saw the payment executed in this slot, not yet final. */
  executed(subscriberId: string, slot: Slot): void;
  /**
   * A look learned nothing, or did not find the payment executed. True when it is time to send it
   * again.
   */
  absent(subscriberId: string): boolean;
  forget(subscriberId: string): void;
};

/** The result of one look at a payment that was sent. */
export type Looked =
  /**
   * The payment ended, or the ledger has it without these bytes. `slot`: where they were executed;
   * null when they never were. `byThis`: this daemon ended the payment.
   */
  | { readonly ended: SignedBytes; readonly slot: Slot | null; readonly byThis: boolean }
  /** The payment may still be executed. The bytes are those that were signed last. */
  | { readonly signed: SignedBytes };

type Watch = {
  signature: string;
  atMs: number;
  sentAtMs: number;
  expected: boolean;
  /** The slot in which the payment was probably executed. */
  slot: Slot | null;
};

/** Creates the schedule. It holds no payment until one is sent or looked for. */
export function createLooking(clock: Clock, options: LookingOptions, pace: FinalityPace): Looking {
  const watches = new Map<string, Watch>();
  const expect = (watch: Watch | undefined, slot: Slot | null): void => {
    if (watch === undefined) return;
    const first = !watch.expected;
    watch.expected = true;
    watch.slot = slot;
    const finalMs = Math.min(options.finalityMs, pace.finalByMs() ?? options.finalityMs);
    watch.atMs = clock.elapsedMs() + (first ? finalMs : options.pollMs);
  };
  return {
    sent(subscriberId, { signature }) {
      const now = clock.elapsedMs();
      const atMs = now + options.rebroadcastMs;
      watches.set(subscriberId, { signature, atMs, sentAtMs: now, expected: false, slot: null });
    },
    heard(subscriberId, slot) {
      const watch = watches.get(subscriberId);
      if (watch !== undefined && !watch.expected) expect(watch, slot);
    },
    final(slot) {
      const now = clock.elapsedMs();
      const ready: string[] = [];
      for (const [id, watch] of watches) {
        if (!watch.expected || watch.slot === null || watch.slot > slot) continue;
        // The slot causes one look; later looks follow by time.
        watch.slot = null;
        watch.atMs = Math.min(watch.atMs, now);
        ready.push(id);
      }
      return ready;
    },
    waitMs(subscriberId, { signature }) {
      const watch = watches.get(subscriberId);
      if (watch?.signature === signature) return watch.atMs - clock.elapsedMs();
      // Another daemon sent the payment, or this process before a restart, so the time of sending
      // is not known.
      const now = clock.elapsedMs();
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
      const now = clock.elapsedMs();
      watch.expected = false;
      watch.atMs = now + options.pollMs;
      if (now - watch.sentAtMs < options.rebroadcastMs) return false;
      watch.sentAtMs = now;
      return true;
    },
    forget: (subscriberId) => void watches.delete(subscriberId),
  };
}
