// Hours: the payments of the last 24 hours by hour, and how long they took, as two small charts.
import { useEffect, useRef } from 'preact/hooks';
import Plot from 'uplot';
import { count, html } from './api.js';

const HOUR_S = 3_600;
const HOURS = 24;
const HEIGHT = 150;

/**
 * A chart of bars, one an hour. `values` has a number or null for each of `times`, in seconds.
 * `described` is its text for screen readers.
 */
function Bars({ title, described, times, values, colour }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const stroke = () => getComputedStyle(document.body).color;
    const axis = { stroke, grid: { stroke: '#8883', width: 1 }, ticks: { show: false } };
    const size = () => ({ width: element.clientWidth, height: HEIGHT });
    const { bars } = Plot.paths;
    const most = Math.max(...values.map((each) => each ?? 0), 1);
    const plot = new Plot(
      {
        ...size(),
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { range: () => [times[0], times[0] + HOURS * HOUR_S] },
          y: { range: () => [0, most * 1.1] },
        },
        axes: [
          {
            ...axis,
            size: 28,
            space: 64,
            grid: { show: false },
            values: (_plot, splits) => splits.map(hourText),
          },
          { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000] },
        ],
        series: [
          {},
          {
            fill: colour,
            stroke: colour,
            points: { show: false },
            ...(bars === undefined ? {} : { paths: bars({ size: [0.7, 40], align: 1 }) }),
          },
        ],
      },
      [times, values],
      element,
    );
    const resize = () => plot.setSize(size());
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const repaint = () => plot.redraw(false);
    addEventListener('resize', resize);
    scheme.addEventListener('change', repaint);
    return () => {
      removeEventListener('resize', resize);
      scheme.removeEventListener('change', repaint);
      plot.destroy();
    };
  }, [times, values]);
  return html`<figure>
    <figcaption>${title}</figcaption>
    <div ref=${place} role="img" aria-label=${described}></div>
  </figure>`;
}

/** An hour of the day in this browser's zone, such as 05:00. */
const hourText = (seconds) =>
  new Date(seconds * 1_000).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });

/**
 * The two charts. `hours` has the hours with a payment, `atMs` is the time of the answer.
 */
export function Hours({ hours, atMs }) {
  const last = Math.floor(atMs / 1_000 / HOUR_S) * HOUR_S;
  const times = Array.from({ length: HOURS }, (_, nth) => last - (HOURS - 1 - nth) * HOUR_S);
  const of = (seconds) => hours.find((each) => Date.parse(each.at) === seconds * 1_000);
  const all = hours.reduce((sum, each) => sum + each.payments, 0);
  if (all === 0) return html`<p class="none">No payment landed in the last 24 hours.</p>`;
  const seconds = times.map((each) => {
    const ms = of(each)?.medianMs ?? null;
    return ms === null ? null : ms / 1_000;
  });
  const slowest = Math.max(...seconds.map((each) => each ?? 0));
  return html`<div class="charts">
    <${Bars} title=${`${count(all, 'One payment', '# payments')} landed in the last 24 hours`} colour="#2a78d6"
      described=${`${count(all, 'One payment', '# payments')} in 24 hours, by hour`}
      times=${times} values=${times.map((each) => of(each)?.payments ?? null)} />
    <${Bars} title="Seconds from close to payment, the median of each hour" colour="#c2681f"
      described=${`The slowest hour had a median of ${slowest.toFixed(1)} seconds from close to payment`}
      times=${times} values=${seconds} />
  </div>`;
}
