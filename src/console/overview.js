// Overview: the first view of the console: what needs a person, debts, payments, sources, halts.
import { amount, count, html, lasted, moment, short, Table, told } from './api.js';
import { Hours } from './hours.js';

/**
 * A payment that the chain shows and that debts do not explain in full, with the act that
 * accepts the excess. Debts to its recipient that are heard later take the excess without it.
 */
function excessNeed({ payment, subscriber, wallets, decimals, symbol, ...each }) {
  const excess = amount(each.excess, decimals, symbol);
  const route = `/v1/payments/${encodeURIComponent(payment)}`;
  const explained = each.excess === each.amount ? 'none of it' : `all but ${excess}`;
  return [
    html`Excess of ${excess} paid for ${link(subscriber)}`,
    html`The chain shows payment ${short(each.signature ?? payment)} of ${amount(each.amount, decimals, symbol)}; debts explain ${explained}. The excess went to ${wallets.map((wallet, nth) => html`${nth === 0 ? '' : ' and '}${short(wallet)}`)}. Debts to that recipient which are heard later are paid by it, until you accept it. Debts to others are paid as usual.`,
    {
      title: `Accept the excess of ${payment}`,
      label: 'Accept',
      text: `${excess} stay with the recipient and pay no debt, now or later. This cannot be taken back. Look first that no close of ${subscriber} is missing: accepted too early, a debt that is heard later is paid once more.`,
      method: 'POST',
      route: `${route}/accept`,
      body: {},
      reason: true,
    },
  ];
}

/** A text of the doctor with a capital at its start and without the full stop. */
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\.$/, '');

/**
 * What needs a person now: what it is, a sentence with the place where it is decided, and the act
 * that decides it where the page offers one.
 */
function needs({ overview, ready, hearing, suspicions }) {
  const { waiting } = overview;
  return [
    ...ready.reasons.map((each) => ['The gate cannot vouch for its answers', each]),
    ...ready.findings.map((each) => [sentence(each.what), `${sentence(each.says)}. ${each.mend}`]),
    ...(waiting.failedDebts === 0
      ? []
      : [
          [
            count(waiting.failedDebts, 'One debt waits for a person', '# debts wait for a person'),
            'Open the subscriber, mend the reason, and retry or void the share.',
          ],
        ]),
    ...overview.excesses.map(excessNeed),
    ...(waiting.unexplainedPayments <= overview.excesses.length
      ? []
      : [
          [
            count(
              waiting.unexplainedPayments - overview.excesses.length,
              'One further payment has an excess',
              '# further payments have an excess',
            ),
            'They are shown here once these are decided.',
          ],
        ]),
    ...(waiting.lostActs === 0
      ? []
      : [
          [
            count(
              waiting.lostActs,
              'One answered request was lost',
              '# answered requests were lost',
            ),
            'bailiff acts lost: repeat what still matters.',
          ],
        ]),
    ...(waiting.disabledEndpoints === 0
      ? []
      : [
          [
            count(
              waiting.disabledEndpoints,
              'One endpoint is disabled',
              '# endpoints are disabled',
            ),
            'It is told nothing until it is enabled again.',
          ],
        ]),
    ...overview.debts
      .filter((each) => each.reason === 'agent_needs_sol' || each.reason === 'sponsor_needs_sol')
      .map((each) => [
        count(each.debts, 'One debt waits for SOL', '# debts wait for SOL'),
        `${amount(each.left, each.decimals, each.symbol)}, ${overview.ages[each.age]} old. Send SOL to the agent wallets, or to the sponsor.`,
      ]),
    ...overview.debts
      .filter((each) => each.observed)
      .map((each) => [
        count(each.debts, 'One debt is only observed', '# debts are only observed'),
        `${amount(each.left, each.decimals, each.symbol)}, ${overview.ages[each.age]} old. ${count(each.debts, 'It is paid once it is', 'They are paid once they are')} adopted.`,
        {
          title: 'Adopt observed debts',
          text: 'Debts of closes from this slot on become payable. This cannot be taken back.',
          method: 'POST',
          route: '/v1/adoptions',
          body: {},
          number: { name: 'fromSlot', label: 'From this slot on' },
          reason: true,
        },
      ]),
    ...hearing.gaps.map((each) => [
      `Gap at ${each.subscriber}`,
      `The account ${each.address} shows a change that no fact explains, since ${lasted(each.ageMs)}.`,
      {
        title: `Accept the state of ${each.address}`,
        text: 'The account counts as it stands. What the unexplained change owed is not charged.',
        method: 'POST',
        route: '/v1/hearing/acceptances',
        body: { address: each.address },
        reason: true,
      },
    ]),
    ...suspicions.map((each) => [
      `Suspicion: ${each.subscriber}`,
      `Losses of ${amount(each.amount)} that may be made on purpose.`,
      {
        title: `Close the suspicion of ${each.subscriber}`,
        text: 'The sum begins anew from now on.',
        method: 'POST',
        route: '/v1/hearing/reviews',
        body: { subscriber: each.subscriber },
        reason: true,
      },
    ]),
  ];
}

/** `#/subscriber/ID` as a link. */
export const link = (id) => html`<a href=${`#/subscriber/${encodeURIComponent(id)}`}>${id}</a>`;

export function Overview({ data, act }) {
  const { overview, ready, hearing, halts } = data;
  const list = needs(data);
  const { sponsor } = overview;
  return html`
    <section aria-labelledby="needs" class=${list.length === 0 ? 'good' : 'bad'}>
      <h2 id="needs">${list.length === 0 ? 'Nothing needs a person' : 'Needs a person'}</h2>
      <ul class="needs">${list.map(
        ([what, text, ...offered]) => html`<li><p><strong>${what}.</strong> ${text}</p>
          ${offered.map((each) => html`<button aria-label=${each.title} onClick=${() => act(each)}>${each.label ?? each.title}</button>`)}</li>`,
      )}</ul>
    </section>
    <dl class="figures">
      <div><dt>Gate</dt><dd>${ready.ready ? 'sees the chain' : 'unknown'}</dd></div>
      <div><dt>Subscribers</dt><dd>${ready.subscribers}</dd></div>
      <div><dt>Delinquent</dt><dd>${overview.standings.delinquent ?? 0}</dd></div>
      <div><dt>Mode</dt><dd>${ready.mode}</dd></div>
      <div>
        <dt>Sponsor</dt>
        <dd>${sponsor === null ? 'none' : amount(sponsor.lamports, 9, 'SOL')}
          ${sponsor?.daysLeft == null ? '' : html` <small>${count(sponsor.daysLeft, 'One day', '# days')} left</small>`}</dd>
      </div>
    </dl>
    <section aria-labelledby="debts">
      <h2 id="debts">Open debts</h2>
      <${Table} caption="Open debts by reason and age" none="Nothing is owed."
        head=${['Reason', 'Status', 'Age', 'Debts', 'Owed']}
        rows=${overview.debts.map((each) => [
          each.observed ? 'observed' : told(each.reason ?? 'due'),
          each.status,
          overview.ages[each.age],
          each.debts,
          amount(each.left, each.decimals, each.symbol),
        ])} />
    </section>
    <section aria-labelledby="flights">
      <h2 id="flights">Payments on their way</h2>
      <${Table} caption="Payments on their way" none="None."
        head=${['Payment', 'Subscriber', 'Creator', 'Amount', 'State', 'Since', 'Trouble']}
        rows=${overview.flights.map((each) => [
          short(each.payment),
          link(each.subscriber),
          each.recipients > 1
            ? html`${short(each.creatorWallet)} and ${each.recipients - 1} more`
            : short(each.creatorWallet),
          amount(each.amount, each.decimals, each.symbol),
          each.state,
          lasted(data.atMs - Date.parse(each.plannedAt)),
          told(each.trouble ?? ''),
        ])} />
      <${Hours} hours=${overview.hours} atMs=${data.atMs} />
    </section>
    <section aria-labelledby="delinquent">
      <h2 id="delinquent">Delinquent</h2>
      <${Table} caption="Delinquent subscribers" none="No subscriber is delinquent."
        head=${['Subscriber', 'Why']}
        rows=${overview.delinquent.map((each) => [link(each.subscriber), each.reason])} />
    </section>
    <section aria-labelledby="halts">
      <h2 id="halts">Halts</h2>
      <${Table} caption="Halts in force" none="Signing is halted nowhere."
        head=${['Where', 'Why', 'Since', '']}
        rows=${halts.map((each) => [
          each.scope,
          each.reason,
          moment(each.since),
          html`<button onClick=${() => act({ title: `Lift the halt of ${each.scope}`, method: 'DELETE', route: `/v1/halts/${encodeURIComponent(each.scope)}` })}>Lift</button>`,
        ])} />
      <button class="danger" onClick=${() => act({ title: 'Halt every payment', text: 'Nothing new is signed anywhere until the halt is lifted.', method: 'PUT', route: '/v1/halts', body: { scope: 'all' }, reason: true })}>Halt all</button>
    </section>
    <section aria-labelledby="sources">
      <h2 id="sources">Sources</h2>
      <${Table} caption="How far each source has come" none="No source is on."
        head=${['Source', 'Last slot', 'Heard']}
        rows=${Object.entries(hearing.sources).map(([name, each]) => [
          name,
          each.lastSlot ?? 'none yet',
          each.ageMs === null ? 'never' : `${lasted(each.ageMs)} ago`,
        ])} />
      <p>${count(hearing.unverified.wanted + hearing.unverified.confirmed, 'One transaction waits', '# transactions wait')} to be read or to become final.</p>
    </section>`;
}
