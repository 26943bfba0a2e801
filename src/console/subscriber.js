// Subscriber: the whole story of one subscriber: the gate's verdict, what is owed and why, and
// everything that happened on chain, down to signatures, the newest first.
import { useEffect, useState } from 'preact/hooks';
import { amount, ask, count, html, moment, Refused, short, Table, told } from './api.js';

const ROWS = 100;

/** Reads everything about one subscriber. */
export async function readSubscriber(id) {
  const at = `/v1/subscribers/${encodeURIComponent(id)}`;
  const of = encodeURIComponent(id);
  const [subscriber, gate, shares, payments, closes, credits, facts, terms, acts] =
    await Promise.all([
      ask('GET', at),
      ask('GET', `/v1/gate/${of}?action=open`),
      ask('GET', `/v1/shares?subscriber=${of}&limit=${ROWS}`),
      ask('GET', `/v1/payments?subscriber=${of}&limit=${ROWS}`),
      ask('GET', `${at}/closes?limit=${ROWS}`),
      ask('GET', `${at}/credits?limit=${ROWS}`),
      ask('GET', `${at}/facts?limit=${ROWS}`),
      ask('GET', `${at}/subscriptions`),
      ask('GET', `/v1/audit?subscriber=${of}&limit=20`),
    ]);
  return {
    subscriber,
    gate,
    ...shares,
    ...payments,
    ...closes,
    ...credits,
    ...facts,
    ...terms,
    ...acts,
  };
}

/** The recipients of a share beside the creator, with their parts. */
const splitsOf = ({ splits }) =>
  splits.map((each) => `${each.shareBps / 100} % ${each.label ?? short(each.wallet)}`).join(', ');
/** An amount without its token, which terms do not name. */
const units = (of) => amount(of, 6, '').trim();
/** Whom a payment pays; with several recipients, each with its part. */
const toOf = ({ creatorWallet, recipients, symbol }) =>
  recipients.length < 2
    ? creatorWallet
    : recipients.map((each) => `${each.wallet} (${amount(each.amount, 6, symbol)})`).join(' and ');
/** The rules of terms that differ from the usual ones. */
const rulesOf = (terms) =>
  [
    ...(terms.profit === 'gross' ? ['before fees'] : []),
    ...(terms.hurdle === '0' ? [] : [`hurdle ${units(terms.hurdle)}`]),
    ...(terms.capPerClose === null ? [] : [`at most ${units(terms.capPerClose)} a close`]),
    ...(terms.capPerPeriod === null ? [] : [`at most ${units(terms.capPerPeriod)} a period`]),
    ...(terms.periodSlots === null
      ? []
      : [`periods of ${count(terms.periodSlots, 'one slot', '# slots')}`]),
    ...(terms.freeBeforeSlot === 0 ? [] : [`free before slot ${terms.freeBeforeSlot}`]),
  ].join(', ');

/** A number of base units of a market, in 1e9, without zeros at its end. */
const size = (base) =>
  amount(base, 9, '')
    .trim()
    .replace(/\.?0+$/, '');

/**
 * What happened, in the order of slots, the newest first. A time is known of closes with a share,
 * and of payments.
 */
export function storyOf({ shares, closes, payments, credits, facts }) {
  const times = new Map([
    ...shares.map(({ close }) => [close.slot, close.at]),
    ...payments.map((each) => [each.slot, each.endedAt]),
  ]);
  const markets = new Map(shares.map(({ close }) => [close.market, close.marketName]));
  const symbols = new Map(shares.map((each) => [each.mint, each.symbol]));
  const own = new Set(payments.map((each) => each.signature));
  const names = {
    market: (market) => markets.get(market) ?? `market ${market}`,
    token: (mint) => (mint === null ? 'SOL' : (symbols.get(mint) ?? mint)),
  };
  const all = [
    ...closes.map((each) => ({
      slot: each.slot,
      what: 'Close',
      text: each.sentence,
      signature: each.signature,
      kind: each.amount === '0' ? 'plain' : 'owed',
    })),
    ...payments.map((each) => ({
      slot: each.slot ?? Number.MAX_SAFE_INTEGER,
      what: `Payment ${each.state}`,
      text: `${amount(each.amount, 6, each.symbol)} to ${toOf(each)} for ${count(each.shares.length, 'one share', '# shares')}.${each.trouble === null ? '' : ` ${each.trouble.detail}`}`,
      signature: each.signature,
      kind: each.state === 'landed' ? 'paid' : 'plain',
    })),
    ...credits.map((each) => ({
      slot: each.slot,
      what: 'Transfer by others',
      text: `${amount(each.amount, 6, each.symbol)} to ${each.creatorWallet}; ${amount(each.credited, 6, each.symbol)} of it paid debts.`,
      signature: each.signature,
      kind: 'paid',
    })),
    ...facts
      .filter(
        ({ kind, signature }) =>
          kind === 'open' || kind === 'notice' || (kind === 'outflow' && !own.has(signature)),
      )
      .map((each) => ({
        slot: each.slot,
        what: { open: 'Opening', outflow: 'Value left', notice: 'Notice' }[each.kind],
        text: factText(each, names),
        signature: each.signature,
        kind: each.kind === 'outflow' ? 'left' : 'plain',
      })),
  ];
  return all
    .map((each) => ({ ...each, at: times.get(each.slot) ?? null }))
    .sort((a, b) => b.slot - a.slot);
}
function factText({ kind, body }, names) {
  if (kind === 'open')
    return `${body.position} of ${size(body.base)} ${names.market(body.market)} for ${units(body.quote)}`;
  if (kind === 'notice') return told(String(body.what));
  return `${amount(body.amount, body.decimals, names.token(body.mint))} by ${told(String(body.route))}${body.internal ? ', to an account of the same owner' : ` to ${body.destination ?? body.owner ?? 'an account that is not known'}`}`;
}

export function Subscriber({ id, act, version }) {
  const [data, setData] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let wanted = true;
    setProblem(null);
    readSubscriber(id).then(
      (found) => wanted && setData(found),
      (thrown) => {
        if (!(thrown instanceof Refused)) throw thrown;
        if (wanted) setProblem(thrown.message);
      },
    );
    return () => {
      wanted = false;
    };
  }, [id, version]);
  if (problem !== null) return html`<p role="alert">${problem}</p>`;
  if (data === null) return html`<p>Reading ${id} …</p>`;
  const { gate, shares, subscriptions, acts } = data;
  const halt = { scope: `subscriber:${id}` };
  return html`
    <section aria-labelledby="who" class=${gate.verdict === 'allow' ? 'good' : 'bad'}>
      <h2 id="who">${id}: ${gate.verdict}</h2>
      <p>${gate.reason}</p>
      <p>Standing ${gate.standing ?? 'none'}. Owes ${(gate.owed ?? []).map((each) => amount(each.amount, each.decimals, each.symbol)).join(', ') || 'nothing'}.
        Agent wallet ${short(data.subscriber.agentWallet)}, key ${data.subscriber.hasKey ? 'kept' : 'missing'}.</p>
      ${gate.evidence === null ? '' : html`<p>Evidence: ${gate.evidence.what} in slot ${gate.evidence.slot}, ${short(gate.evidence.signature)}.</p>`}
      <button class="danger" onClick=${() => act({ title: `Halt payments of ${id}`, method: 'PUT', route: '/v1/halts', body: halt, reason: true })}>Halt</button>
    </section>
    <section aria-labelledby="terms">
      <h2 id="terms">Terms</h2>
      <${Table} caption="Terms, by the slot from which they hold" none="Nothing is agreed."
        head=${['Subscription', 'From slot', 'Creator', 'Share', 'Basis', 'Splits', 'Rules']}
        rows=${subscriptions.flatMap((each) => each.terms.map((of) => [each.id, of.fromSlot, short(of.creatorWallet), of.ended ? 'ended' : `${of.shareBps / 100} %`, told(of.basis), splitsOf(of), rulesOf(of)]))} />
    </section>
    <section aria-labelledby="shares">
      <h2 id="shares">Shares</h2>
      <${Table} caption="Profit shares, the newest first" none="No share was booked."
        head=${['Share', 'To', 'Closed', 'Funding', 'Amount', 'Paid', 'Status', 'Why', '']}
        rows=${shares.map((each) => [
          short(each.id),
          each.label ?? short(each.creatorWallet),
          each.close.at === null ? `slot ${each.close.slot}` : moment(each.close.at),
          each.close.funding === null ? '' : amount(each.close.funding, 6, each.symbol),
          amount(each.amount, 6, each.symbol),
          amount(each.paid, 6, each.symbol),
          each.status,
          each.voided?.reason ?? each.reason?.detail ?? '',
          ['pending', 'failed'].includes(each.status)
            ? html`<span class="buttons"><button onClick=${() => act({ title: `Retry ${each.id}`, text: 'The debt is tried now.', method: 'POST', route: `/v1/shares/${each.id}/retry` })}>Retry</button>
                <button class="danger" onClick=${() => act({ title: `Void ${each.id}`, text: `${amount(each.amount, 6, each.symbol)} are given up for good.`, method: 'POST', route: `/v1/shares/${each.id}/void`, body: {}, reason: true })}>Void</button></span>`
            : '',
        ])} />
    </section>
    <section aria-labelledby="story">
      <h2 id="story">Story</h2>
      <ol class="story">${storyOf(data).map(
        (each) => html`<li class=${each.kind}>
          <strong>${each.what}</strong> <small>${each.at === null ? '' : `${moment(each.at)}, `}${each.slot === Number.MAX_SAFE_INTEGER ? 'on its way' : `slot ${each.slot}`}</small>
          <p>${each.text}</p>${each.signature ? html`<code class="whole">${each.signature}</code>` : ''}
        </li>`,
      )}</ol>
    </section>
    <section aria-labelledby="acts">
      <h2 id="acts">On record</h2>
      <${Table} caption="Acts about this subscriber" none="No act names this subscriber."
        head=${['When', 'Who', 'What', 'Answer']}
        rows=${acts.map((each) => [moment(each.at), each.person ?? each.keyName ?? each.actor, each.what, each.status ?? 'broken off'])} />
    </section>`;
}
