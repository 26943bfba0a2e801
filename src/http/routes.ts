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
  'POST /v1/gate': route('The same question for many subscribers at once.'),
  'POST /v1/subscribers': route(
    'Register a subscriber, more sub-accounts, or the agent key.',
    'conflict',
    'address_invalid',
    'key_mismatch',
    'agent_is_creator',
  ),
  'GET /v1/subscribers': route('All subscribers, in the order of their ids.'),
  'POST /v1/imports': route(
    'Bring subscribers, subscriptions and unpaid debts from another system; at most 1,000 rows.',
  ),
  'GET /v1/subscribers/{id}': route('One subscriber.', 'not_found'),
  'DELETE /v1/subscribers/{id}': route(
    'Stop watching a subscriber who owes nothing and holds nothing.',
    'not_found',
    'conflict',
    'not_ready',
  ),
  'PUT /v1/subscribers/{id}/key': route(
    'Store another agent key, sealed.',
    'not_found',
    'key_mismatch',
  ),
  'DELETE /v1/subscribers/{id}/key': route('Delete the agent key; debts then wait.', 'not_found'),
  'GET /v1/subscribers/{id}/accounts': route(
    'Watched accounts, and up to which slot each is scanned and checked.',
    'not_found',
  ),
  'GET /v1/subscribers/{id}/facts': route(
    'Facts: what happened on chain, newest first.',
    'not_found',
  ),
  'GET /v1/subscribers/{id}/closes': route(
    'Every close, newest first: its share, or why nothing is owed.',
    'not_found',
  ),
  'POST /v1/subscribers/{id}/subscriptions': route(
    'Begin a subscription, or change its terms from now on.',
    'not_found',
    'conflict',
    'address_invalid',
    'creator_off_curve',
    'creator_not_payable',
    'creator_unproven',
    'creator_is_agent',
  ),
  'GET /v1/subscribers/{id}/subscriptions': route(
    'Subscriptions with all their terms.',
    'not_found',
  ),
  'GET /v1/subscribers/{id}/subscriptions/{subscription}': route('One subscription.', 'not_found'),
  'DELETE /v1/subscribers/{id}/subscriptions/{subscription}': route(
    'End a subscription: positions opened from now on owe nothing.',
    'not_found',
  ),
  'POST /v1/subscribers/{id}/clearances': route(
    'Ask for a clearance before withdrawing for a subscriber, or closing the account.',
    'not_found',
  ),
  'GET /v1/subscribers/{id}/clearances': route(
    'Clearances that were granted, newest first.',
    'not_found',
  ),
  'DELETE /v1/subscribers/{id}/clearances/{clearance}': route('Revoke a clearance.', 'not_found'),
  'GET /v1/shares': route('Profit shares, newest first.', 'not_found'),
  'GET /v1/shares/{id}': route('One profit share.', 'not_found'),
  'GET /v1/shares/{id}/explanation': route(
    'How the amount of a share was computed, step by step.',
    'not_found',
  ),
  'GET /v1/shares/{id}/receipt': route(
    'The receipt of a share, to be checked against any node without this daemon.',
    'not_found',
  ),
  'GET /v1/roots': route('The daily roots, oldest first, by which receipts are checked.'),
  'POST /v1/shares/{id}/retry': route(
    'Try a debt now, including one that waits for a person.',
    'not_found',
    'conflict',
  ),
  'GET /v1/subscribers/{id}/credits': route(
    'Transfers to creators that Bailiff did not make, newest first, with the debts that each paid.',
    'not_found',
  ),
  'POST /v1/adoptions': route(
    'Make debts payable that were booked in mode observe, of closes in a slot and later.',
  ),
  'POST /v1/shares/{id}/void': route(
    'End a debt unpaid, or forgive it, on record.',
    'not_found',
    'conflict',
  ),
  'GET /v1/payments': route('Payments, newest first.', 'not_found'),
  'GET /v1/payments/{id}': route('One payment.', 'not_found'),
  'POST /v1/payments/{id}/cancel': route(
    'End a payment for good: one that is not signed, or one under a nonce by moving the nonce.',
    'not_found',
    'conflict',
  ),
  'POST /v1/payments/{id}/accept': route(
    'Let the part of a payment that no debt explains stay with the creator; the subscriber is paid for again.',
    'not_found',
    'conflict',
  ),
  'GET /v1/creators/{wallet}/earnings': route(
    'How much a creator is owed and was paid, with the sum.',
    'address_invalid',
    'not_found',
  ),
  'GET /v1/audit': route('Acts on record: who asked for which change, newest first.', 'not_found'),
  'GET /v1/audit/lost': route(
    'Requests that were answered with success and that the database lost when it went back in time.',
  ),
  'POST /v1/endpoints': route(
    'Have events sent to a URL; the answer shows its signing secret once.',
    'endpoint_refused',
  ),
  'GET /v1/endpoints': route('Endpoints to which events are sent.'),
  'GET /v1/endpoints/{id}': route('One endpoint.', 'not_found'),
  'PATCH /v1/endpoints/{id}': route(
    'Change the URL of an endpoint, or the kinds of events that it is told.',
    'not_found',
    'endpoint_refused',
  ),
  'POST /v1/endpoints/{id}/tests': route(
    'Send an event to this endpoint alone, to see whether it takes events.',
    'not_found',
  ),
  'POST /v1/endpoints/{id}/deliveries/{event}/resend': route(
    'Have one event handed over again.',
    'not_found',
  ),
  'GET /v1/events': route('What happened, oldest first, after the last event that was pulled.'),
  'POST /v1/endpoints/{id}/secrets': route(
    'Make a new signing secret; the last one keeps signing beside it.',
    'not_found',
  ),
  'POST /v1/endpoints/{id}/enable': route('Try an endpoint again that was disabled.', 'not_found'),
  'POST /v1/endpoints/{id}/replays': route('Send every event since a time again.', 'not_found'),
  'GET /v1/endpoints/{id}/deliveries': route(
    'Deliveries of an endpoint: delivered, waiting or failed, and why.',
    'not_found',
  ),
  'DELETE /v1/endpoints/{id}': route(
    'Delete an endpoint, with its waiting deliveries.',
    'not_found',
  ),
  'POST /v1/statements': route(
    "Make a link to a subscriber's statement or a creator's earnings, which ends by itself.",
    'not_found',
  ),
  'POST /v1/statements/revocations': route(
    'Take back every link of a subscriber or creator that was made until now.',
    'not_found',
  ),
  'GET /v1/overview': route(
    'Open debts by reason and age, payments on their way, and what only a person can decide.',
  ),
  'GET /v1/halts': route('Halts in force: where nothing new is signed.'),
  'PUT /v1/halts': route(
    'Halt signing everywhere, for a creator, or for a subscriber.',
    'not_found',
  ),
  'DELETE /v1/halts/{scope}': route('Lift a halt.', 'not_found'),
  'GET /v1/hearing': route('How far each source has come, and differences that no fact explains.'),
  'POST /v1/hearing/rescans': route('Read the history of an account again.', 'not_found'),
  'GET /v1/hearing/suspicions': route(
    'Subscribers who are suspected of losses made on purpose, with the amounts.',
  ),
  'POST /v1/hearing/reviews': route(
    'Close a suspicion after a person has looked at it: notices up to now count no more.',
    'not_found',
  ),
  'POST /v1/hearing/acceptances': route(
    "Accept an account's state, or a transaction that no node returns.",
    'not_found',
    'conflict',
  ),
};
