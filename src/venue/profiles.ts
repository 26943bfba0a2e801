// Profiles: the venues of this release as data. A third venue is a folder with a profile, one line
// here, and its name in core/venue-name.ts; the compiler demands the line for each name.
import type { VenueName } from '../core/venue-name.ts';
import { DRIFT_PROFILE } from './drift-v2/profile.ts';
import type { Profile } from './profile.ts';
import { VELOCITY_PROFILE } from './velocity/profile.ts';

export const PROFILES: Readonly<Record<VenueName, Profile>> = {
  'drift-v2': DRIFT_PROFILE,
  velocity: VELOCITY_PROFILE,
};
