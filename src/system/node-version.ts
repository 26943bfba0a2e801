// Node version: refuses a Node that lacks a function which the daemon needs.
import { Fault } from '../core/fault.ts';

/** The oldest release in which node:crypto takes a raw Ed25519 seed (`raw-private`). */
const OLDEST = [24, 15] as const;

/**
 * Throws `settings_invalid` for a Node older than 24.15. `version` is written as
 * `process.versions.node` is.
 */
export function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new Fault(
    'settings_invalid',
    `Bailiff needs Node ${OLDEST.join('.')} or newer, and this is ${version}. Install a newer one, or run the one that npm ci installs: node_modules/.bin/node.`,
  );
}
