// Share wiring: gives this daemon its share of the hearing, when several daemons share it.
import { sha256 } from './chain/hashing.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Roster } from './core/roster.ts';
import type { Parts } from './daemon-parts.ts';
import { createHearingShare, type HearingShare, WHOLE } from './flows/hearing-share.ts';
import { newId } from './system/clock.ts';
import type { Settings } from './system/settings.ts';

/** This daemon's share of the hearing; the whole of it where the settings do not share. */
export const openShare = (
  { parts, roster, clock, log }: { parts: Parts; roster: Roster; clock: Clock; log: Log },
  { watch, gate }: Settings,
): HearingShare =>
  !watch.share
    ? WHOLE
    : createHearingShare({
        leases: parts.hearingLeases,
        elsewhere: parts.heardElsewhere,
        daemonId: newId(),
        hash: sha256,
        seesChain: () => clock.nowMs() - (roster.freshness().observedAtMs ?? 0) < gate.staleAfterMs,
        clock,
        log,
      });
