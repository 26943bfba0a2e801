// Builds: what differs between builds of the venue's program that are known by their bytes. The daemon's decoders need none
// of it to be safe: a field that a record lacks reads as absent, and bytes that changed their meaning are not believed.

/** A build of the program, and where it departs from the interface that the SDK describes. */
export type Build = {
  /** Year and month of the build. */
  readonly name: string;
  /** sha256 of the program's bytes in hex; null for the build of the SDK's interface, whose bytes are not public. */
  readonly sha256: string | null;
  /** Fill records tell what a fill closed (`existing_*`). Without it a close is reckoned from the account's state. */
  readonly tellsCloses: boolean;
  /** The authority signs initialize_user and initialize_user_stats; later builds don't ask for it. */
  readonly authoritySignsCreation: boolean;
  /** Settling a market without a position is one of the things that `TrySettle` forgives. */
  readonly trySettleForgivesNoPosition: boolean;
  /** The bit of a spot market's `paused_operations` that stops withdrawals. */
  readonly withdrawPausedBit: number;
  /** Instructions of the SDK's interface that this build answers with 101, InstructionFallbackNotFound. */
  readonly lacks: readonly string[];
};

/** The build that the SDK 2.156 describes: what the venue ran before its pause in April 2026. */
export const CURRENT_BUILD: Build = {
  name: '2025-11',
  sha256: null,
  tellsCloses: true,
  authoritySignsCreation: false,
  trySettleForgivesNoPosition: true,
  withdrawPausedBit: 8,
  lacks: [],
};

/** Older builds whose compiled program is public (repository drift-labs/drift-vaults). */
export const OLDER_BUILDS: readonly Build[] = [
  {
    name: '2024-06',
    sha256: '080423d7c91f826994124873a62d5e752da51d06159ed010002f8f2f20d4e2a7',
    tellsCloses: false,
    authoritySignsCreation: true,
    trySettleForgivesNoPosition: false,
    withdrawPausedBit: 4,
    lacks: [
      'transferPerpPosition',
      'liquidatePerpWithFill',
      'transferPools',
      'depositIntoIsolatedPerpPosition',
      'transferIsolatedPerpPositionDeposit',
      'withdrawFromIsolatedPerpPosition',
    ],
  },
];

/** The build whose bytes have this sha256; the current one when the bytes are not known. */
export const buildOf = (sha256: string): Build =>
  OLDER_BUILDS.find((each) => each.sha256 === sha256) ?? CURRENT_BUILD;
