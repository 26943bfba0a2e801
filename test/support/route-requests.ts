// Route requests: for every route of the API a request that goes well, and one for each problem
// that it may answer with. The ids are those that `met` holds once the test has made them.
import { Keypair } from '@solana/web3.js';
import type { FaultCode } from '../../src/core/fault.ts';
import { base58Text } from '../../src/core/ids.ts';
import { USDC, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import type { ShareView } from './street.ts';

/** What the requests are about. `ana` is the trader of subscriber `ann`. */
export const met = {} as {
  ana: Trader;
  /** A share that is paid, and one that waits for SOL. */
  share: ShareView;
  waiting: ShareView;
  payment: string;
  /** A payment under a nonce that was sent, and of which no node knows anything. */
  underNonce: string;
  /** A payment with a part that no debt explains. */
  unexplained: string;
  endpoint: string;
  event: string;
  clearance: string;
  /** An account with a gap. */
  gapped: string;
};
const other = Keypair.generate();
export const creator = Keypair.generate().publicKey.toBase58();
const wallet = () => met.ana.agent.publicKey.toBase58();
/** The terms of subscriber `ann`. */
export const terms = () => ({
  id: 'ann-sub',
  subAccountId: 0,
  creatorWallet: creator,
  shareBps: 1_000,
});
/** Method and path of a route's name. */
export const split = (name: string) => name.split(' ') as [string, string];

export type Request = readonly [route: string, body?: unknown];
type Problems = Record<string, Partial<Record<FaultCode, () => Request>>>;
/** The lists of a subscriber, each with a request for it. */
const listsOf = <T>(id: string, made: (request: () => Request) => T): Record<string, T> =>
  Object.fromEntries(
    ['accounts', 'credits', 'facts', 'closes', 'clearances', 'subscriptions'].map((list) => [
      `GET /v1/subscribers/{id}/${list}`,
      made(() => [`/v1/subscribers/${id}/${list}`]),
    ]),
  );
/** The routes of an endpoint that take no body, each with a request for it. */
const endpointRoutes = <T>(id: string | null, made: (request: () => Request) => T) =>
  Object.fromEntries(
    [
      'GET /v1/endpoints/{id}',
      'DELETE /v1/endpoints/{id}',
      'POST /v1/endpoints/{id}/secrets',
      'POST /v1/endpoints/{id}/enable',
      'POST /v1/endpoints/{id}/tests',
      'GET /v1/endpoints/{id}/deliveries',
      'POST /v1/endpoints/{id}/deliveries/{event}/resend',
    ].map((name) => [
      name,
      made(() => [
        split(name)[1]
          .replace('{id}', id ?? met.endpoint)
          .replace('{event}', met.event),
      ]),
    ]),
  );
/** What makes each route say each of its problems. */
export const PROBLEMS: Problems = {
  ...listsOf('nobody', (not_found) => ({ not_found })),
  'POST /v1/subscribers': {
    conflict: () => [
      '',
      { id: 'ann', agentWallet: other.publicKey.toBase58(), subAccountIds: [0] },
    ],
    address_invalid: () => [
      '',
      { id: 'x', agentWallet: 'not-an-address-but-long-enough-0000', subAccountIds: [0] },
    ],
    key_mismatch: () => [
      '',
      {
        id: 'ann',
        agentWallet: wallet(),
        agentSecretKey: base58Text(other.secretKey),
        subAccountIds: [0],
      },
    ],
    agent_is_creator: () => ['', { id: 'x', agentWallet: creator, subAccountIds: [0] }],
  },
  'GET /v1/subscribers/{id}': { not_found: () => ['/v1/subscribers/nobody'] },
  'DELETE /v1/subscribers/{id}': {
    not_found: () => ['/v1/subscribers/nobody'],
    conflict: () => ['/v1/subscribers/bo'],
    not_ready: () => ['/v1/subscribers/unheard'],
  },
  'PUT /v1/subscribers/{id}/key': {
    not_found: () => [
      '/v1/subscribers/nobody/key',
      { agentSecretKey: base58Text(other.secretKey) },
    ],
    key_mismatch: () => [
      '/v1/subscribers/ann/key',
      { agentSecretKey: base58Text(other.secretKey) },
    ],
  },
  'DELETE /v1/subscribers/{id}/key': { not_found: () => ['/v1/subscribers/nobody/key'] },
  'GET /v1/shares': { not_found: () => ['/v1/shares?subscription=none'] },
  'GET /v1/payments': { not_found: () => ['/v1/payments?subscriber=nobody'] },
  'GET /v1/audit': { not_found: () => ['/v1/audit?actor=nokey'] },
  'POST /v1/subscribers/{id}/subscriptions': {
    not_found: () => ['/v1/subscribers/nobody/subscriptions', terms()],
    conflict: () => ['/v1/subscribers/ann/subscriptions', { ...terms(), id: 'a-second-one' }],
    address_invalid: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: 'not-an-address-but-long-enough-0000' },
    ],
    creator_off_curve: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: userAddress(met.ana.agent.publicKey, 0).toBase58() },
    ],
    creator_not_payable: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: USDC.toBase58() },
    ],
    creator_unproven: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: userAddress(USDC, 7).toBase58(), offCurve: true },
    ],
    creator_is_agent: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: wallet() },
    ],
  },
  'GET /v1/subscribers/{id}/subscriptions/{subscription}': {
    not_found: () => ['/v1/subscribers/bo/subscriptions/ann-sub'],
  },
  'DELETE /v1/subscribers/{id}/subscriptions/{subscription}': {
    not_found: () => ['/v1/subscribers/bo/subscriptions/ann-sub'],
  },
  'POST /v1/subscribers/{id}/clearances': {
    not_found: () => ['/v1/subscribers/nobody/clearances', { purpose: 'close' }],
  },
  'DELETE /v1/subscribers/{id}/clearances/{clearance}': {
    not_found: () => ['/v1/subscribers/ann/clearances/none'],
  },
  'GET /v1/shares/{id}': { not_found: () => ['/v1/shares/none'] },
  'GET /v1/shares/{id}/explanation': { not_found: () => ['/v1/shares/none/explanation'] },
  'GET /v1/shares/{id}/receipt': { not_found: () => ['/v1/shares/none/receipt'] },
  'POST /v1/shares/{id}/retry': {
    not_found: () => ['/v1/shares/none/retry'],
    conflict: () => [`/v1/shares/${met.share.id}/retry`],
  },
  'POST /v1/shares/{id}/void': {
    not_found: () => ['/v1/shares/none/void', { reason: 'a drill' }],
    conflict: () => [`/v1/shares/${met.share.id}/void`, { reason: 'a drill' }],
  },
  'POST /v1/statements': {
    not_found: () => [
      '',
      { of: 'subscriber', id: 'nobody', since: '2026-01-01', until: '2026-02-01' },
    ],
  },
  'POST /v1/statements/revocations': { not_found: () => ['', { of: 'subscriber', id: 'nobody' }] },
  'GET /v1/payments/{id}': { not_found: () => ['/v1/payments/none'] },
  'POST /v1/payments/{id}/cancel': {
    not_found: () => ['/v1/payments/none/cancel', { reason: 'a drill' }],
    conflict: () => [`/v1/payments/${met.payment}/cancel`, { reason: 'a drill' }],
  },
  'POST /v1/payments/{id}/accept': {
    not_found: () => ['/v1/payments/none/accept', { reason: 'a drill' }],
    conflict: () => [`/v1/payments/${met.payment}/accept`, { reason: 'a drill' }],
  },
  'GET /v1/creators/{wallet}/earnings': {
    address_invalid: () => ['/v1/creators/nobody/earnings'],
    not_found: () => [`/v1/creators/${other.publicKey.toBase58()}/earnings`],
  },
  'POST /v1/endpoints': { endpoint_refused: () => ['', { url: 'https://user:pass@203.0.113.7/' }] },
  ...endpointRoutes('none', (not_found) => ({ not_found })),
  'PATCH /v1/endpoints/{id}': {
    not_found: () => ['/v1/endpoints/none', { kinds: null }],
    endpoint_refused: () => [
      `/v1/endpoints/${met.endpoint}`,
      { url: 'https://user:pass@203.0.113.7/' },
    ],
  },
  'POST /v1/endpoints/{id}/replays': {
    not_found: () => ['/v1/endpoints/none/replays', { since: '2026-01-01T00:00:00Z' }],
  },
  'PUT /v1/halts': {
    not_found: () => ['', { scope: 'subscriber:nobody', reason: 'a drill' }],
  },
  'DELETE /v1/halts/{scope}': { not_found: () => ['/v1/halts/all'] },
  'POST /v1/hearing/rescans': {
    not_found: () => ['', { address: creator, fromSlot: 300_000_000 }],
  },
  'POST /v1/hearing/reviews': { not_found: () => ['', { subscriber: 'nobody', reason: 'drill' }] },
  'POST /v1/hearing/acceptances': {
    not_found: () => ['', { address: creator, reason: 'a drill' }],
    conflict: () => [
      '',
      { address: userAddress(met.ana.agent.publicKey, 0).toBase58(), reason: 'a drill' },
    ],
  },
};
/**
 * What every route answers when all is well; bodies are those of the description where nothing is
 * said here.
 */
export const GOOD: Record<string, () => Request> = {
  ...listsOf('ann', (request) => request),
  'GET /v1/gate/{subscriber}': () => ['/v1/gate/ann'],
  'GET /v1/subscribers/{id}': () => ['/v1/subscribers/ann'],
  'PUT /v1/subscribers/{id}/key': () => [
    '/v1/subscribers/ann/key',
    { agentSecretKey: base58Text(met.ana.agent.secretKey) },
  ],
  'DELETE /v1/subscribers/{id}/key': () => ['/v1/subscribers/bo/key'],
  'DELETE /v1/subscribers/{id}': () => ['/v1/subscribers/leaving'],
  'POST /v1/subscribers/{id}/subscriptions': () => ['/v1/subscribers/ann/subscriptions', terms()],
  'GET /v1/subscribers/{id}/subscriptions/{subscription}': () => [
    '/v1/subscribers/ann/subscriptions/ann-sub',
  ],
  'DELETE /v1/subscribers/{id}/subscriptions/{subscription}': () => [
    '/v1/subscribers/bo/subscriptions/bo-sub',
  ],
  'POST /v1/subscribers/{id}/clearances': () => [
    '/v1/subscribers/ann/clearances',
    { purpose: 'close' },
  ],
  'DELETE /v1/subscribers/{id}/clearances/{clearance}': () => [
    `/v1/subscribers/ann/clearances/${met.clearance}`,
  ],
  'GET /v1/shares/{id}': () => [`/v1/shares/${met.share.id}`],
  'GET /v1/shares/{id}/explanation': () => [`/v1/shares/${met.share.id}/explanation`],
  'GET /v1/shares/{id}/receipt': () => [`/v1/shares/${met.share.id}/receipt`],
  'POST /v1/shares/{id}/retry': () => [`/v1/shares/${met.waiting.id}/retry`],
  'POST /v1/shares/{id}/void': () => [`/v1/shares/${met.waiting.id}/void`, { reason: 'a drill' }],
  'GET /v1/payments/{id}': () => [`/v1/payments/${met.payment}`],
  'POST /v1/payments/{id}/cancel': () => [
    `/v1/payments/${met.underNonce}/cancel`,
    { reason: 'a drill' },
  ],
  'POST /v1/payments/{id}/accept': () => [
    `/v1/payments/${met.unexplained}/accept`,
    { reason: 'a drill' },
  ],
  'GET /v1/creators/{wallet}/earnings': () => [`/v1/creators/${creator}/earnings`],
  ...endpointRoutes(null, (request) => request),
  'PATCH /v1/endpoints/{id}': () => [`/v1/endpoints/${met.endpoint}`, { kinds: null }],
  'POST /v1/endpoints/{id}/replays': () => [
    `/v1/endpoints/${met.endpoint}/replays`,
    { since: '2026-01-01T00:00:00Z' },
  ],
  'POST /v1/statements': () => [
    '',
    { of: 'subscriber', id: 'ann', since: '2026-01-01', until: '2026-02-01' },
  ],
  'POST /v1/statements/revocations': () => ['', { of: 'subscriber', id: 'bo' }],
  'PUT /v1/halts': () => ['', { scope: 'subscriber:bo', reason: 'a drill' }],
  'DELETE /v1/halts/{scope}': () => ['/v1/halts/subscriber:bo'],
  'POST /v1/hearing/rescans': () => ['', { address: wallet(), fromSlot: 300_000_000 }],
  'POST /v1/hearing/reviews': () => ['', { subscriber: 'ann', reason: 'a drill' }],
  'POST /v1/hearing/acceptances': () => ['', { address: met.gapped, reason: 'a drill' }],
};
