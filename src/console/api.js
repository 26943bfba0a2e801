// Api: requests of the console to the daemon, and how amounts and times are shown. The session
// cookie stands for the API key; the header shows that the request comes from this page.

import htm from 'htm';
import { h } from 'preact';

/**
 * The tag of templates: makes HTML into nodes of preact.
 * @type {(parts: TemplateStringsArray, ...values: unknown[]) => import('preact').VNode}
 */
export const html = /** @type {any} */ (htm).bind(h);

/** An answer that is no success. `status` is 401 when the session has ended. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{ title?: string, detail?: string }} problem
   */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The daemon answered ${status}.`);
    this.status = status;
    this.code = problem.title;
  }
}

/** The JSON of a text; undefined for a text that is none, as of a proxy's own page. */
function parsedOf(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is told of a request without an answer of the daemon: whether it was done is not known. */
const UNANSWERED = 'The daemon did not answer. Whether it did what was asked is not known.';

/**
 * Sends a request. Returns the JSON of the answer; null without one. Throws `Refused`, with status
 * 0 where no answer of the daemon came.
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} route
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function ask(method, route, body) {
  const person = localStorage.getItem('person');
  const answer = await send(route, {
    method,
    headers: {
      'x-bailiff-console': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(person && method !== 'GET' ? { 'x-bailiff-person': person } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const parsed = parsedOf(await answer.text().catch(() => ''));
  if (parsed === undefined) throw new Refused(0, { detail: UNANSWERED });
  // Readiness is told in the body of its 503.
  if (answer.ok || (route === '/health/ready' && parsed?.ready === false)) return parsed;
  throw new Refused(answer.status, parsed ?? {});
}

/**
 * @param {string} route
 * @param {RequestInit} given
 */
const send = (route, given) =>
  fetch(route, given).catch(() => {
    throw new Refused(0, { detail: UNANSWERED });
  });

/**
 * Base units as decimal text with thousands.
 * @param {string | number} units
 */
export function amount(units, decimals = 6, symbol = 'USDC') {
  const negative = String(units).startsWith('-');
  const digits = String(units)
    .replace('-', '')
    .padStart(decimals + 1, '0');
  const whole = digits.slice(0, -decimals).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${negative ? '−' : ''}${whole}.${digits.slice(-decimals)} ${symbol}`;
}

/**
 * A time, as this browser's zone and language show it.
 * @param {string} iso
 */
export const moment = (iso) => new Date(iso).toLocaleString();

/**
 * A length of time in its largest unit.
 * @param {number | null | undefined} ms
 */
export function lasted(ms) {
  if (ms === null || ms === undefined) return '';
  if (ms < 1_000) return 'under a second';
  /** @type {[number, string][]} */
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const [size, unit] = units.find(([each]) => ms >= each) ?? [1_000, 's'];
  return `${Math.floor(ms / size)} ${unit}`;
}

/**
 * The words for a number of things: `one` for one, else `many` with the number in place of its #.
 * @param {number} number
 * @param {string} one
 * @param {string} many
 */
export const count = (number, one, many) =>
  number === 1 ? one : many.replace('#', String(number));

/**
 * The first and last characters of an address or signature; the whole of it as a title.
 * @param {string} text
 */
export const short = (text) =>
  html`<code title=${text}>${text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text}</code>`;

/**
 * A code of the API as words.
 * @param {string} code
 */
export const told = (code) => code.replaceAll('_', ' ').replace(/\bsol\b/, 'SOL');

/** Whether a cell is a number or an amount, which stands at the right. */
const isNumber = (cell) =>
  typeof cell === 'number' || (typeof cell === 'string' && /^−?[\d,.]+( [A-Z]+)?$/.test(cell));

/**
 * A table with a caption for screen readers, and a sentence instead of no rows. On a phone each row
 * becomes a card with the names of the columns; the roles keep it a table there.
 * @param {{ caption: string, head: string[], rows: unknown[][], none: string }} given
 */
export function Table({ caption, head, rows, none }) {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  // A column without any content is left out.
  const kept = head.flatMap((_, nth) => (rows.some((cells) => cells[nth] !== '') ? [nth] : []));
  const numeric = new Set(kept.filter((nth) => rows.every((cells) => isNumber(cells[nth]))));
  const side = (nth) => (numeric.has(nth) ? 'number' : '');
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table role="table">
      <caption>${caption}</caption>
      <thead role="rowgroup"><tr role="row">${kept.map((nth) => html`<th role="columnheader" scope="col" class=${side(nth)}>${head[nth]}</th>`)}</tr></thead>
      <tbody role="rowgroup">${rows.map((cells) => html`<tr role="row">${kept.map((nth) => html`<td role="cell" class=${side(nth)} data-name=${head[nth]}>${cells[nth]}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}
