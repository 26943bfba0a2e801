// Nonce sabotage: faults in payments under nonces, put in on purpose.
import { routeOf } from '../../src/core/payment-route.ts';
import type { Pen } from '../../src/core/signing-ports.ts';
import { readTransaction } from './chain/message.ts';
import type { Deliberate } from './sabotage.ts';

const wayOf = ({ parts }: Parameters<Pen['sign']>[0]): string => {
  const { withdraw, settleMarkets, ...way } = routeOf(parts.payment);
  return JSON.stringify({ ...way, settleMarkets, withdraw: String(withdraw) });
};

export const NONCE_SABOTAGES: Record<string, Deliberate> = {
  'under nonces: signing another route of a payment under a blockhash': {
    within: 10,
    from: 811,
    known: 813,
    guard: 'nonce',
    sabotage: {
      pen: (pen, chain) => {
        const ways = new Map<string, string>();
        return {
          ...pen,
          async sign(request) {
            const { id } = request.parts.payment;
            const first = ways.get(id) ?? wayOf(request);
            ways.set(id, first);
            if (request.nonce === undefined || first === wayOf(request)) return pen.sign(request);
            const { nonce: _, instructions, ...others } = request;
            const { hash: blockhash } = chain.block(chain.tip());
            return pen.sign({ ...others, blockhash, instructions: instructions.slice(1) });
          },
        };
      },
    },
  },
  'under nonces: sending another variant before it is on record': {
    within: 10,
    from: 811,
    known: 813,
    guard: 'nonce',
    sabotage: {
      pen: (pen, chain) => {
        const signed = new Set<string>();
        return {
          ...pen,
          async sign(request) {
            const { id } = request.parts.payment;
            const written = await pen.sign(request);
            if (signed.has(id)) chain.submit(readTransaction(written.bytes, false), 0);
            signed.add(id);
            return written;
          },
        };
      },
    },
  },
  'under nonces: planning the next payment before the value has moved, at finalized': {
    within: 60,
    known: 1,
    guard: 'nonce',
    sabotage: {
      chain: (chain) => ({
        ...chain,
        look: async (signature) => {
          const look = await chain.look(signature);
          return look.seen === 'executed' ? { ...look, finality: 'finalized' } : look;
        },
        slices: (addresses, range, _finality) => chain.slices(addresses, range, 'confirmed'),
        signatures: (address, after, tip, _finality) =>
          chain.signatures(address, after, tip, 'confirmed'),
      }),
    },
  },
};
