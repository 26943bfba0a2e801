// Routes: a summary of each route, and the problems that it may answer besides the common ones. The
// API description is made from this table, and tests compare it with the routes.
import type { FaultCode } from '../core/fault.ts';

export type Route = { readonly summary: string; readonly problems: readonly FaultCode[] };

/** Problems that every route may answer: on key, rate, path, query and ledger. */
export const COMMON_PROBLEMS = [
  'unauthorised',
  'forbidden',
  'rate_limited',
  'query_invalid',
  'ledger_unavailable',
] as const;
/** Problems that every route whose method may carry a body can answer. */
export const INPUT_PROBLEMS = ['body_invalid', 'body_too_large', 'encoding_unsupported'] as const;
/** Problems that every route that changes something can answer. */
export const WRITE_PROBLEMS = ['idempotency_running', 'idempotency_mismatch'] as const;

const route = (summary: string, ...problems: FaultCode[]): Route => ({ summary, problems });

/** Every route by method and path. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'GET /v1/gate/{subscriber}': route('May this subscriber open, increase, reduce or close?'),
  'POST /v1/gate': route('The same for many at once.'),
  'POST /v1/subscribers': route(
    'Register a subscriber, more sub-accounts, or the agent key.',
    'conflict',
    'address_invalid',
    'key_mismatch',
    'agent_is_creator',
  ),
  'GET /v1/subscribers': route('All subscribers, in the order of their ids.'),
  'GET /v1/subscribers/{id}': route('One subscriber.', 'not_found'),
  'DELETE /v1/subscribers/{id}': route(
    'Let a subscriber go who owes nothing and holds nothing.',
    'not_found',
    'conflict',
    'not_ready',
  ),
  'PUT /v1/subscribers/{id}/key': route(
    'Keep another agent key, sealed.',
    'not_found',
    'key_mismatch',
  ),
  'DELETE /v1/subscribers/{id}/key': route('Forget the agent key; debts then wait.', 'not_found'),
  'GET /v1/subscribers/{id}/accounts': route(
    'Watched accounts, and up to where each is known.',
    'not_found',
  ),
  'GET /v1/subscribers/{id}/facts': route('What happened on chain, newest first.', 'not_found'),
  'GET /v1/subscribers/{id}/closes': route(
    'Every close, newest first: its share, or why nothing is owed.',
    'not_found',
  ),
  'POST /v1/subscribers/{id}/subscriptions': route(
    'Agree on terms, or change them from now on.',
    'not_found',
    'conflict',
    'address_invalid',
    'creator_off_curve',
    'creator_not_payable',
    'creator_unproven',
    'creator_is_agent',
  ),
  'GET /v1/subscribers/{id}/subscriptions': route(
    'What was agreed, with its whole history.',
    'not_found',
  ),
  'GET /v1/subscribers/{id}/subscriptions/{subscription}': route('One subscription.', 'not_found'),
  'DELETE /v1/subscribers/{id}/subscriptions/{subscription}': route(
    'End a subscription: what is opened from now on owes nothing.',
    'not_found',
  ),
  'POST /v1/subscribers/{id}/clearances': route(
    'Ask before withdrawing for a subscriber, or closing.',
    'not_found',
  ),
  'GET /v1/subscribers/{id}/clearances': route(
    'Permissions that were given, newest first.',
    'not_found',
  ),
  'DELETE /v1/subscribers/{id}/clearances/{clearance}': route(
    'Take a permission back.',
    'not_found',
  ),
  'GET /v1/shares': route('Profit shares, newest first.', 'not_found'),
  'GET /v1/shares/{id}': route('One profit share.', 'not_found'),
  'GET /v1/shares/{id}/explanation': route(
    'How a share came to be its amount, number by number.',
    'not_found',
  ),
  'POST /v1/shares/{id}/retry': route(
    'Try a debt now, also one that waits for a person.',
    'not_found',
    'conflict',
  ),
  'GET /v1/subscribers/{id}/credits': route(
    'Transfers to creators that Bailiff did not make, newest first, and what each counted for.',
    'not_found',
  ),
  'POST /v1/adoptions': route(
    'Makes debts payable that were booked while only observing, of closes in a slot and later.',
  ),
  'POST /v1/shares/{id}/void': route(
    'End a debt unpaid, or forgive it, on record.',
    'not_found',
    'conflict',
  ),
  'GET /v1/payments': route('Payments, newest first.', 'not_found'),
  'GET /v1/payments/{id}': route('One payment.', 'not_found'),
  'GET /v1/creators/{wallet}/earnings': route(
    'What a creator is owed, and was paid; it adds up.',
    'address_invalid',
    'not_found',
  ),
  'GET /v1/audit': route('Who asked for what to be changed, newest first.', 'not_found'),
  'GET /v1/audit/lost': route(
    'Requests that were answered with success, and that the database lost when it went back in time.',
  ),
  'POST /v1/endpoints': route(
    'Be told of events at a URL; the answer shows its signing secret once.',
    'endpoint_refused',
  ),
  'GET /v1/endpoints': route('Where events go.'),
  'GET /v1/endpoints/{id}': route('One endpoint.', 'not_found'),
  'POST /v1/endpoints/{id}/secrets': route(
    'A new signing secret; the last one signs beside it.',
    'not_found',
  ),
  'POST /v1/endpoints/{id}/enable': route('Try an endpoint again that was disabled.', 'not_found'),
  'POST /v1/endpoints/{id}/replays': route(
    'Have everything since then handed over again.',
    'not_found',
  ),
  'GET /v1/endpoints/{id}/deliveries': route(
    'What was handed over, what waits, and why.',
    'not_found',
  ),
  'DELETE /v1/endpoints/{id}': route('Forget an endpoint, with what waits for it.', 'not_found'),
  'GET /v1/halts': route('Where nothing new is signed.'),
  'PUT /v1/halts': route(
    'Halt signing everywhere, for a creator, or for a subscriber.',
    'not_found',
  ),
  'DELETE /v1/halts/{scope}': route('Lift a halt.', 'not_found'),
  'GET /v1/hearing': route('How far each source has come, and what nobody can explain.'),
  'POST /v1/hearing/rescans': route('Read the history of an account again.', 'not_found'),
  'GET /v1/hearing/suspicions': route(
    'Who is suspected of losses made on purpose, and of how much.',
  ),
  'POST /v1/hearing/reviews': route(
    'A person has looked at a suspicion: what was noticed up to now counts no more.',
    'not_found',
  ),
  'POST /v1/hearing/acceptances': route(
    "Take an account's state, or a transaction that no node gives, for right.",
    'not_found',
    'conflict',
  ),
};
