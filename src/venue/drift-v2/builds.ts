// Builds: what differs between builds of the venue's program that are known by their bytes. The
// daemon's decoders need none of it to be safe: a field that a record lacks reads as absent, and
// bytes that changed their meaning are not believed. Each entry was seen on the bytes:
// test/local/builds.test.ts asks every program that is present.

/** A build of the program, and where it departs from the interface that the SDK describes. */
export type Build = {
  /** Year and month of the build. */
  readonly name: string;
  /**
   * sha256 of the program's bytes in hex; null for the build of the SDK's interface, whose bytes
   * are not public.
   */
  readonly sha256: string | null;
  /**
   * sha256 of the bytes without the zeros behind them, in hex: on chain a program is padded with
   * zeros, so this is its hash there, as `solana-verify get-program-hash` prints it. Null where
   * `sha256` is.
   */
  readonly deployedHash: string | null;
  /** Where the bytes are published: a public repository on GitHub and the git blob in it. */
  readonly published: { readonly repository: string; readonly blob: string } | null;
  /**
   * Fill records tell what a fill closed (`existing_*`). Without it a close is reckoned from the
   * account's state.
   */
  readonly tellsCloses: boolean;
  /**
   * The authority signs initialize_user and initialize_user_stats; later builds don't ask for it.
   */
  readonly authoritySignsCreation: boolean;
  /** Settling a market without a position is one of the things that `TrySettle` forgives. */
  readonly trySettleForgivesNoPosition: boolean;
  /** Bits of a market's `paused_operations`; null for a build that does not look at that field. */
  readonly pausedBits: {
    /** In a spot market: no withdrawals. */
    readonly withdraw: number;
    /** In a perp market: no settling. */
    readonly settle: number;
  } | null;
  /**
   * A settlement that the market's empty pnl pool can't pay fails with 6260; otherwise it does
   * nothing and succeeds.
   */
  readonly refusesEmptyPool: boolean;
  /**
   * Instructions that the product uses or hears, and that this build answers with 101,
   * InstructionFallbackNotFound.
   */
  readonly lacks: readonly string[];
};

/** The build that the SDK 2.156 describes: what the venue ran before its pause in April 2026. */
export const CURRENT_BUILD = {
  name: '2025-11',
  sha256: null,
  deployedHash: null,
  published: null,
  tellsCloses: true,
  authoritySignsCreation: false,
  trySettleForgivesNoPosition: true,
  pausedBits: { withdraw: 8, settle: 8 },
  refusesEmptyPool: true,
  lacks: [],
} as const satisfies Build;

const NOT_IN_2024 = [
  'changeApprovedBuilder',
  'depositIntoIsolatedPerpPosition',
  'forceDeleteUser',
  'liquidatePerpWithFill',
  'transferIsolatedPerpPositionDeposit',
  'transferPerpPosition',
  'transferPools',
  'updateUserPoolId',
  'withdrawFromIsolatedPerpPosition',
];

/** Older builds whose compiled program is public, newest first. */
export const OLDER_BUILDS: readonly Build[] = [
  {
    name: '2024-06',
    sha256: '080423d7c91f826994124873a62d5e752da51d06159ed010002f8f2f20d4e2a7',
    deployedHash: 'ab11037db1936f830851f858d019752090089dc405179876d14b3d561c6a1200',
    published: {
      repository: 'drift-labs/drift-vaults',
      blob: '01e6ca97d4d4cac24a60a7cbe9040fa88606ef51',
    },
    tellsCloses: false,
    authoritySignsCreation: true,
    trySettleForgivesNoPosition: false,
    pausedBits: { withdraw: 4, settle: 8 },
    refusesEmptyPool: true,
    lacks: NOT_IN_2024,
  },
  {
    name: '2023-12',
    sha256: '7128b4ed0aa21ab7c96d0305f3389cecc7e0fcd89c5207ded774c325ff5a1e2a',
    deployedHash: 'ae092eac30ba53005c7a4ebb9e7e15a2169c6ddb8d6457e2043b658343f45b5b',
    published: {
      repository: 'drift-labs/drift-competitions',
      blob: '2544063e2f96730f471e0917a9415ae8f62a04a7',
    },
    tellsCloses: false,
    authoritySignsCreation: true,
    trySettleForgivesNoPosition: false,
    pausedBits: null,
    refusesEmptyPool: false,
    lacks: ['settleMultiplePnls', ...NOT_IN_2024],
  },
];

/**
 * What a local world without a compiled program shows in the place of its bytes. It is text: no
 * loader deploys it, so its hash can't name a program that moves money.
 */
export const STAND_IN = {
  name: 'stand-in of the local world',
  mark: 'This is no program. It marks the stand-in that executes Drift v2 in a local world of Bailiff.',
  deployedHash: '9c99283c12350604f9586caa29afdc6b7037e492f72d19b4bf93377638b004a2',
} as const;

/** Names of the programs that the venue profile was proven on, by their hash on chain. */
export const PROVEN_ON: ReadonlyMap<string, string> = new Map([
  ...OLDER_BUILDS.flatMap(({ name, deployedHash }): [string, string][] =>
    deployedHash === null ? [] : [[deployedHash, `build of ${name}`]],
  ),
  [STAND_IN.deployedHash, STAND_IN.name],
]);

/** The build of that name. Throws when there is none. */
export function buildNamed(name: string): Build {
  const found = [CURRENT_BUILD, ...OLDER_BUILDS].find((each) => each.name === name);
  if (found === undefined) throw new Error(`no build is named ${name}`);
  return found;
}

/** The build whose bytes have this sha256; the current one when the bytes are not known. */
export const buildOf = (sha256: string): Build =>
  OLDER_BUILDS.find((each) => each.sha256 === sha256) ?? CURRENT_BUILD;
