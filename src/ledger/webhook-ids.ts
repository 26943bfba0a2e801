// Webhook ids: stores the ids of Bailiff's webhooks at Helius, by which they are recognised even
// after a change of their URL.
import type { WebhookIds } from '../core/webhook-ports.ts';
import type { Sql } from './database.ts';

/** Creates the store of webhook ids. */
export function createWebhookIds(sql: Sql): WebhookIds {
  return {
    async read() {
      const rows = await sql<{ webhook_id: string }[]>`select webhook_id from helius_webhook`;
      return rows.map((row) => row.webhook_id);
    },
    async keep(ids) {
      await sql.begin(async (tx) => {
        const kept = tx`select jsonb_array_elements_text(${tx.json([...ids])})`;
        await tx`delete from helius_webhook where webhook_id not in (${kept})`;
        await tx`
          insert into helius_webhook (webhook_id) ${kept}
          on conflict on constraint helius_webhook_pkey do nothing`;
      });
    },
  };
}
