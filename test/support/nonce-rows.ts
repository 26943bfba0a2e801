// Nonce rows: puts a payment under a durable nonce into the ledger, as a daemon in the nonce mode
// leaves it once it is sent, for tests of routes that ask about one.
import { addressOf, signatureOf } from './ledger.ts';
import type { Ledgered } from './rows.ts';

/**
 * Stores a payment `id` of the subscriber `unheard`, like the payment `like` and sent under a nonce
 * account that does not exist on chain.
 */
export async function sentUnderNonce({ sql }: Ledgered, id: string, like: string): Promise<void> {
  await sql`
    with written as (insert into payment (payment_id, purpose, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, mint, amount,
      withdraw, settle_markets, fee_payer, reimburse, create_agent_account, planned_at, sent_at, state,
      signature, bytes, last_valid_block_height, blockhash_slot, nonce_account, nonce_value, nonce_slot)
    select ${id}, purpose, 'unheard', 'unheard-sub', creator_wallet, drift_user, sub_account_id, mint, amount,
      0, settle_markets, fee_payer, 0, false, now(), now(), 'sent',
      ${signatureOf(7)}, '\\x00', 1, 1, ${addressOf(7)}, ${addressOf(8)}, 1
    from payment where payment_id = ${like} returning subscriber_id, payment_id, creator_wallet, amount)
    insert into payment_recipient (subscriber_id, payment_id, creator_wallet, nth, amount, create_account)
    select subscriber_id, payment_id, creator_wallet, 0, amount, false from written`;
}
