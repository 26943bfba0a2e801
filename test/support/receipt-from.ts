// Receipt from: the receipt in an answer of the API.
import { type Receipt, receiptsIn } from '../../src/core/receipt.ts';

/** Throws `body_invalid` when the body is no receipt. */
export const receiptFrom = (body: unknown): Receipt =>
  receiptsIn(JSON.stringify(body))[0] as Receipt;
