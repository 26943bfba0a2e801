// Compiled: where Node keeps what it made of the sources, so that a process that a test starts does
// not compile them again.
import { processEnvironment } from '../../src/system/settings.ts';

const { NODE_COMPILE_CACHE } = processEnvironment();
/** For the environment of a process. Its folder is named in vitest.config.ts. */
export const COMPILED: Record<string, string> =
  NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
