// Swap: a local stand-in for a Jupiter-compatible swap service: the endpoint that builds a
// transaction, the program that executes its one `route` instruction at a fixed price, and the pool
// that it draws from.
import { createServer } from 'node:http';
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  NATIVE_MINT,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import {
  ComputeBudgetProgram,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { messageOf } from '../core/fault.ts';
import type { Account } from './chain/account.ts';
import type { Cluster } from './chain/cluster.ts';
import { ProgramFailure } from './chain/failure.ts';
import type { StandIn } from './chain/segments.ts';
import { USDC } from './drift/addresses.ts';
import { mintAccount, tokenAccount, wrappedAccount } from './drift/tokens.ts';
import { USDT } from './velocity/genesis.ts';

export const SWAP_PROGRAM = new PublicKey('JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4');
const ROUTE = Buffer.from('e517cb977ae3ad2a', 'hex');
/** The price of one SOL in base units of USDC, and of USDT. */
const PRICE = 150_000_000n;
const LAMPORTS_A_SOL = 1_000_000_000n;
const POOL_LAMPORTS = 1_000n * LAMPORTS_A_SOL;
const SLIPPAGE_EXCEEDED = 6001;

const [POOL] = PublicKey.findProgramAddressSync([Buffer.from('bailiff_local_pool')], SWAP_PROGRAM);
const poolOf = (mint: PublicKey): PublicKey => getAssociatedTokenAddressSync(mint, POOL, true);
const worthOf = (tokens: bigint): bigint => (tokens * LAMPORTS_A_SOL) / PRICE;

/** Writes the mint of wrapped SOL, and a pool that holds some. */
export function writeSwapGenesis(
  put: (address: PublicKey, account: Account) => void,
  authority: PublicKey,
): void {
  const mint = mintAccount(authority);
  const data = Uint8Array.from(mint.data);
  data[44] = 9;
  put(NATIVE_MINT, { ...mint, data });
  for (const given of [USDC, USDT]) put(poolOf(given), tokenAccount(given, POOL, 0n));
  put(poolOf(NATIVE_MINT), wrappedAccount(NATIVE_MINT, POOL, POOL_LAMPORTS));
}

/**
 * Executes `route`: swaps in_amount of USDC or USDT for SOL at the price, or fails beyond the
 * slippage.
 */
export function createSwapStandIn(): StandIn {
  return {
    programId: SWAP_PROGRAM.toBase58(),
    execute(instruction, context) {
      const data = Buffer.from(instruction.data);
      if (!data.subarray(0, 8).equals(ROUTE)) throw new ProgramFailure({ Custom: 101 });
      const tail = data.length - 19;
      const amountIn = data.readBigUInt64LE(tail);
      const quoted = data.readBigUInt64LE(tail + 8);
      const least = (quoted * BigInt(10_000 - data.readUInt16LE(tail + 16))) / 10_000n;
      const out = worthOf(amountIn);
      if (out < least) throw new ProgramFailure({ Custom: SLIPPAGE_EXCEEDED });
      const at = (index: number) => new PublicKey(instruction.accounts[index]?.address ?? '');
      const [owner, source, destination, mint] = [at(1), at(2), at(3), at(9)];
      context.log('Program log: Instruction: Route');
      context.call(
        createTransferCheckedInstruction(source, mint, poolOf(mint), owner, amountIn, 6),
      );
      context.call(
        createTransferCheckedInstruction(
          poolOf(NATIVE_MINT),
          NATIVE_MINT,
          destination,
          POOL,
          out,
          9,
        ),
      );
      return 60_000;
    },
  };
}

/** The `route` instruction: swaps `amountIn` of the owner's tokens of a mint for SOL. */
export function routeInstruction(
  owner: PublicKey,
  amountIn: bigint,
  out: bigint,
  slippageBps: number,
  mint: PublicKey = USDC,
) {
  const data = Buffer.alloc(8 + 4 + 19);
  ROUTE.copy(data);
  data.writeBigUInt64LE(amountIn, 12);
  data.writeBigUInt64LE(out, 20);
  data.writeUInt16LE(slippageBps, 28);
  const meta = (pubkey: PublicKey, isWritable: boolean, isSigner = false) => ({
    pubkey,
    isSigner,
    isWritable,
  });
  return new TransactionInstruction({
    programId: SWAP_PROGRAM,
    data,
    keys: [
      meta(TOKEN_PROGRAM_ID, false),
      meta(owner, false, true),
      meta(getAssociatedTokenAddressSync(mint, owner), true),
      meta(getAssociatedTokenAddressSync(NATIVE_MINT, owner), true),
      meta(SWAP_PROGRAM, false),
      meta(NATIVE_MINT, false),
      meta(SWAP_PROGRAM, false),
      meta(POOL, false),
      meta(SWAP_PROGRAM, false),
      meta(mint, false),
      meta(poolOf(mint), true),
      meta(poolOf(NATIVE_MINT), true),
    ],
  });
}

type Quote = { inputMint: string; inAmount: string; outAmount: string; slippageBps: number };
export type LocalSwap = { readonly url: string; close(): Promise<void> };

/** Serves `GET /quote` and `POST /swap`. */
export async function serveSwap(cluster: Cluster): Promise<LocalSwap> {
  const quote = (query: URLSearchParams): Quote => {
    const inAmount = query.get('amount') ?? '0';
    const outAmount = worthOf(BigInt(inAmount)).toString();
    const slippageBps = Number(query.get('slippageBps') ?? 50);
    const inputMint = query.get('inputMint') ?? USDC.toBase58();
    return { inputMint, inAmount, outAmount, slippageBps };
  };
  const build = (given: { quoteResponse: Quote; userPublicKey: string }) => {
    const owner = new PublicKey(given.userPublicKey);
    const { inAmount, outAmount, slippageBps } = given.quoteResponse;
    const mint = new PublicKey(given.quoteResponse.inputMint);
    const wrapped = getAssociatedTokenAddressSync(NATIVE_MINT, owner);
    const message = new TransactionMessage({
      payerKey: owner,
      recentBlockhash: cluster.blockhash('confirmed').hash,
      instructions: [
        ComputeBudgetProgram.setComputeUnitLimit({ units: 400_000 }),
        createAssociatedTokenAccountIdempotentInstruction(owner, wrapped, owner, NATIVE_MINT),
        routeInstruction(owner, BigInt(inAmount), BigInt(outAmount), slippageBps, mint),
        createCloseAccountInstruction(wrapped, owner, owner),
      ],
    });
    const bytes = new VersionedTransaction(message.compileToV0Message()).serialize();
    return { swapTransaction: Buffer.from(bytes).toString('base64') };
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      try {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local');
        const answer =
          pathname === '/quote'
            ? quote(searchParams)
            : build(JSON.parse(Buffer.concat(chunks).toString('utf8')) as never);
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      } catch (thrown) {
        response.writeHead(400).end(JSON.stringify({ error: messageOf(thrown) }));
      }
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
