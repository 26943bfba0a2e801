// Recognition: the build that a program is taken for. Bytes that are listed are their own build;
// others are taken for the build that lacks the same instructions, which the contract suite then
// holds against everything else that the table of builds says.
import { createHash } from 'node:crypto';
import { Keypair, SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { type Build, CURRENT_BUILD, OLDER_BUILDS } from '../venue/drift-v2/builds.ts';
import { createBank } from './chain/bank.ts';
import { createCluster, FAST_CLUSTER } from './chain/cluster.ts';
import { programAccounts } from './chain/loader.ts';
import { DRIFT } from './drift/addresses.ts';
import { discriminatorOf } from './drift/layout.ts';
import { createDriver } from './driver.ts';

/** Anchor's answer to a discriminator that a program does not have: InstructionFallbackNotFound. */
const NO_SUCH_INSTRUCTION = 101;
/** Instructions that tell builds apart. */
const TELLING = [...new Set(OLDER_BUILDS.flatMap(({ lacks }) => lacks))];

/**
 * The instructions among the telling ones that a program lacks. Throws when the runtime does not
 * load the bytes.
 */
function lackingIn(bytes: Uint8Array): Set<string> {
  const cluster = createCluster(createBank({ standIns: [] }), {
    ...FAST_CLUSTER,
    genesisUnixTime: 0,
  });
  const faucet = Keypair.generate();
  const system = { owner: SystemProgram.programId.toBase58(), data: new Uint8Array() };
  cluster.put(faucet.publicKey.toBase58(), {
    ...system,
    lamports: 1_000_000_000n,
    executable: false,
  });
  for (const { address, account } of programAccounts(DRIFT.toBase58(), bytes, 0n))
    cluster.put(address, account);
  cluster.advance(1);
  const driver = createDriver(cluster, faucet);
  return new Set(
    TELLING.filter((name) => {
      const data = Buffer.from(discriminatorOf(name));
      const call = new TransactionInstruction({ programId: DRIFT, keys: [], data });
      const landed = driver.attempt([call], [faucet]);
      const error = typeof landed === 'string' ? landed : JSON.stringify(landed.execution.error);
      return error.includes(`"Custom":${NO_SUCH_INSTRUCTION}}`);
    }),
  );
}

/** Builds of bytes that were asked for already, by their SHA-256: a test opens many worlds. */
const known = new Map<string, Build>(
  OLDER_BUILDS.flatMap((build): [string, Build][] =>
    build.sha256 === null ? [] : [[build.sha256, build]],
  ),
);

/**
 * The build that these bytes are, or are taken for: the current one when no older build lacks the
 * same instructions, or when the bytes are no program.
 */
export function recognise(bytes: Uint8Array): Build {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const found = known.get(sha256);
  if (found !== undefined) return found;
  let lacking: Set<string> | null = null;
  try {
    lacking = lackingIn(bytes);
  } catch {
    // No program: every test of the suite fails on it.
  }
  const lacksAll = ({ lacks }: Build): boolean =>
    lacking !== null && lacks.length === lacking.size && lacks.every((each) => lacking.has(each));
  const build = OLDER_BUILDS.find(lacksAll) ?? CURRENT_BUILD;
  known.set(sha256, build);
  return build;
}
