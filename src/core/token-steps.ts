// Token steps: what the calls of the token programs do to token accounts, one step after another:
// who owns an account, and how many tokens go where. Layouts: spl-token's TokenInstruction, which
// Token-2022 and p-token share.
import { type Address, base58Text } from './ids.ts';
import { TOKEN_PROGRAMS } from './programs.ts';
import type { Call } from './transaction.ts';
import { batched, type Read, walletCalls } from './wallet-call.ts';

export type TokenStep =
  /** A token account is made. The owner is null where the data is too short. */
  | {
      readonly does: 'open';
      readonly account: Address;
      readonly mint: Address | null;
      readonly owner: Address | null;
    }
  | { readonly does: 'give'; readonly account: Address; readonly owner: Address | null }
  | { readonly does: 'close'; readonly account: Address }
  /** Tokens move. The source is null for tokens that are minted, the destination for burnt ones. */
  | {
      readonly does: 'move';
      readonly source: Address | null;
      readonly destination: Address | null;
      /** Base units. */
      readonly amount: bigint;
    };
/** A step, and the place of its call in the order of execution. */
export type PlacedStep = TokenStep & { readonly place: number };

const BATCH = 255;
const ownerIn = ({ data }: Read, at: number): Address | null =>
  data.length < at + 32 ? null : (base58Text(data.subarray(at, at + 32)) as Address);
const amountIn = ({ data }: Read): bigint =>
  data.length < 9 ? 0n : new DataView(data.buffer, data.byteOffset).getBigUint64(1, true);

function stepsOf(program: Address, call: Read): TokenStep[] {
  const { accounts, data } = call;
  const [account, second] = accounts;
  const instruction: number = data[0] ?? -1;
  if (instruction === BATCH) return batched(call).flatMap((each) => stepsOf(program, each));
  if (account === undefined) return [];
  const open = (owner: Address | null): TokenStep[] => [
    { does: 'open', account, mint: second ?? null, owner },
  ];
  switch (instruction) {
    case 1: // InitializeAccount
      return open(accounts[2] ?? null);
    case 16: // InitializeAccount2
    case 18: // InitializeAccount3
      return open(ownerIn(call, 1));
    case 6: // SetAuthority of kind 2, the owner
      return data[1] === 2
        ? [{ does: 'give', account, owner: data[2] === 1 ? ownerIn(call, 3) : null }]
        : [];
    case 9: // CloseAccount
      return [{ does: 'close', account }];
    case 7: // MintTo
    case 14: // MintToChecked
      return second === undefined
        ? []
        : [{ does: 'move', source: null, destination: second, amount: amountIn(call) }];
    case 8: // Burn
    case 15: // BurnChecked
      return [{ does: 'move', source: account, destination: null, amount: amountIn(call) }];
    default:
      return walletCalls({ program, accounts, data }).flatMap((each): TokenStep[] =>
        each.does === 'token_transfer'
          ? [
              {
                does: 'move',
                source: each.source,
                destination: each.destination,
                amount: each.amount,
              },
            ]
          : [],
      );
  }
}

/**
 * The steps of all calls of the token programs in the order of execution, also of calls inside a
 * batch and inside other programs' calls.
 */
export const tokenSteps = (calls: readonly Call[]): PlacedStep[] =>
  calls.flatMap((call) =>
    TOKEN_PROGRAMS.has(call.program)
      ? stepsOf(call.program, call).map((step) => ({ ...step, place: call.place }))
      : [],
  );
