// Event loop: a long play executes transactions without waiting for anything. LiteSVM's results and
// worlds lie outside of the JavaScript heap, and Node releases them only while the event loop
// turns: a history of a thousand acts would keep two gigabytes until its end.
import { setImmediate } from 'node:timers/promises';

/** How many steps a play makes until it lets the event loop turn. */
const OFTEN = 20;

/** Lets the event loop turn at every twentieth step of a play. */
export async function breathe(step: number): Promise<void> {
  if (step % OFTEN === 0) await setImmediate();
}
