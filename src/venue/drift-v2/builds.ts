// Builds: the differences between builds of the Drift v2 program that are known by their bytes. The
// decoders work without this list: a field that a record lacks reads as absent, and bytes that
// changed their meaning are ignored. Each entry was checked on the program's bytes:
// test/local/builds.test.ts runs every program file that is present.

/** A build of the program, and where it differs from the interface that the SDK describes. */
export type Build = {
  /** Year and month of the build. */
  readonly name: string;
  /**
   * SHA-256 of the program's bytes, in hex; null for the build that the SDK describes, whose bytes
   * are not public.
   */
  readonly sha256: string | null;
  /**
   * SHA-256 of the program's bytes without the zeros at the end, in hex. On chain a program is
   * padded with zeros, so this is the hash that `solana-verify get-program-hash` prints. Null where
   * `sha256` is null.
   */
  readonly deployedHash: string | null;
  /** The public repository on GitHub and the git blob that hold the bytes. */
  readonly published: { readonly repository: string; readonly blob: string } | null;
  /**
   * Fill records carry the position before the fill (`existing_*`). Where they do not, closes are
   * reckoned from the account's state.
   */
  readonly tellsCloses: boolean;
  /**
   * The authority must sign initialize_user and initialize_user_stats. Later builds do not require
   * it.
   */
  readonly authoritySignsCreation: boolean;
  /** `TrySettle` also ignores a market in which the account has no position. */
  readonly trySettleForgivesNoPosition: boolean;
  /** Bits of a market's `paused_operations`; null for a build that ignores that field. */
  readonly pausedBits: {
    /** The bit of a spot market that stops withdrawals. */
    readonly withdraw: number;
    /** The bit of a perp market that stops settlements. */
    readonly settle: number;
  } | null;
  /**
   * A settlement that the market's empty PnL pool cannot pay fails with 6260. False: such a
   * settlement succeeds and changes nothing.
   */
  readonly refusesEmptyPool: boolean;
  /**
   * Instructions that Bailiff uses or decodes and that this build lacks: it answers with 101,
   * InstructionFallbackNotFound.
   */
  readonly lacks: readonly string[];
};

/** The build that SDK 2.156 describes: the venue ran it until its pause in April 2026. */
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
 * The bytes that a local world without a compiled program shows as the program's. They are text,
 * which no loader deploys, so their hash never matches a program that moves money.
 */
export const STAND_IN = {
  name: 'stand-in of the local world',
  mark: 'This is no program. It marks the stand-in that executes Drift v2 in a local world of Bailiff.',
  deployedHash: '9c99283c12350604f9586caa29afdc6b7037e492f72d19b4bf93377638b004a2',
} as const;

/** The names of the programs that this profile was proven on, by their hash on chain. */
export const PROVEN_ON: ReadonlyMap<string, string> = new Map([
  ...OLDER_BUILDS.flatMap(({ name, deployedHash }): [string, string][] =>
    deployedHash === null ? [] : [[deployedHash, `build of ${name}`]],
  ),
  [STAND_IN.deployedHash, STAND_IN.name],
]);
