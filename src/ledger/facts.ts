// Facts: reading them back out of jsonb, with every amount a bigint again.
import type { Close, FactBody, Outflow } from '../core/fact.ts';
import type { Address } from '../core/ids.ts';

type Json = Record<string, unknown>;

const amount = (body: Json, name: string): bigint => BigInt(body[name] as string);

function readClose(body: Json): Close {
  return {
    kind: 'close',
    market: body.market as number,
    side: body.side as Close['side'],
    position: body.position as Close['position'],
    cause: body.cause as Close['cause'],
    baseFilled: amount(body, 'baseFilled'),
    baseClosed: amount(body, 'baseClosed'),
    proceeds: amount(body, 'proceeds'),
    entry: amount(body, 'entry'),
    grossPnl: amount(body, 'grossPnl'),
    fee: amount(body, 'fee'),
    netPnl: amount(body, 'netPnl'),
    fillRecordId: amount(body, 'fillRecordId'),
    oraclePrice: amount(body, 'oraclePrice'),
    counterparty: body.counterparty as Address | null,
  };
}

function readOutflow(body: Json): Outflow {
  return {
    kind: 'outflow',
    route: body.route as Outflow['route'],
    amount: amount(body, 'amount'),
    mint: body.mint as Address | null,
    decimals: body.decimals as number | null,
    destination: body.destination as Address | null,
    internal: body.internal as boolean,
  };
}

/** The body of a fact row. */
export function readBody(kind: FactBody['kind'], body: unknown): FactBody {
  return kind === 'close' ? readClose(body as Json) : readOutflow(body as Json);
}
