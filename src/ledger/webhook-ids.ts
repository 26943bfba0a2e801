// Webhook ids: which webhooks at Helius are ours, whatever their URL says by now.
import type { WebhookIds } from '../core/outside.ts';
import type { Sql } from './database.ts';

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
