// Receipts: the route of a share's receipt, which is checked against any node without this daemon.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { Fault } from '../core/fault.ts';
import { receiptText } from '../core/receipt.ts';
import type { WriteReceipt } from '../flows/receipts.ts';
import { ReceiptView } from './receipt-shapes.ts';
import { IdText } from './shapes.ts';

export type ReceiptOptions = { readonly write: WriteReceipt };

const Id = Type.Object({ id: IdText });

/** The route of receipts. */
export const receiptRoutes: FastifyPluginAsync<ReceiptOptions> = async (app, { write }) => {
  app.get<{ Params: { id: string } }>(
    '/v1/shares/:id/receipt',
    { config: { scope: 'platform:write' }, schema: { params: Id, response: { 200: ReceiptView } } },
    async ({ params: { id } }) => {
      const receipt = await write(id);
      if (receipt === null) throw new Fault('not_found', `There is no profit share ${id}.`);
      return JSON.parse(receiptText(receipt)) as Static<typeof ReceiptView>;
    },
  );
};
