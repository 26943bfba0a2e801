// Canvas picture: keeps what the scripts of a page tell its canvases to draw, as elements of SVG.
// Runs in the page before its own scripts.
import { ascentOf, escaped, painted, pixels, tag } from './svg-parts.js';

/** The elements of each canvas since it was last cleared. */
const drawn = new WeakMap();
/** The data of each path, and of the one that a context has begun. */
const paths = new WeakMap();

/** Calls `before` with the object and the values each time a method is called. */
function wrap(prototype, name, before) {
  const own = prototype[name];
  prototype[name] = function (...given) {
    before(this, given);
    return own.apply(this, given);
  };
}

const extend = (path, text) => paths.set(path, (paths.get(path) ?? '') + text);
for (const { prototype } of [Path2D, CanvasRenderingContext2D]) {
  wrap(prototype, 'moveTo', (path, [x, y]) => extend(path, `M${pixels(x)} ${pixels(y)}`));
  wrap(prototype, 'lineTo', (path, [x, y]) => extend(path, `L${pixels(x)} ${pixels(y)}`));
  wrap(prototype, 'rect', (path, [x, y, width, height]) =>
    extend(
      path,
      `M${pixels(x)} ${pixels(y)}h${pixels(width)}v${pixels(height)}h${pixels(-width)}z`,
    ),
  );
}

function keep(context, name, given, inner = '') {
  const { e, f } = context.getTransform();
  const transform = e === 0 && f === 0 ? null : `translate(${pixels(e)} ${pixels(f)})`;
  const before = drawn.get(context.canvas) ?? [];
  drawn.set(context.canvas, [...before, tag(name, { ...given, transform }, inner)]);
}
const keepPath = (context, path, given) => {
  const d = paths.get(path ?? context) ?? '';
  if (d !== '') keep(context, 'path', { d, ...given });
};

const { prototype } = CanvasRenderingContext2D;
wrap(prototype, 'beginPath', (context) => paths.set(context, ''));
wrap(prototype, 'clearRect', (context) => drawn.delete(context.canvas));
wrap(prototype, 'fill', (context, [path]) =>
  keepPath(context, path, painted('fill', context.fillStyle)),
);
wrap(prototype, 'stroke', (context, [path]) =>
  keepPath(context, path, {
    fill: 'none',
    ...painted('stroke', context.strokeStyle),
    'stroke-width': context.lineWidth,
  }),
);
wrap(prototype, 'fillText', (context, [text, x, y]) => {
  const above = context.measureText(text).fontBoundingBoxAscent;
  const given = {
    x,
    y: y - above + ascentOf(context.font),
    'text-anchor': { center: 'middle', right: 'end', end: 'end' }[context.textAlign] ?? null,
    'font-size': parseFloat(/([\d.]+)px/.exec(context.font)?.[1] ?? '12'),
  };
  keep(context, 'text', { ...given, ...painted('fill', context.fillStyle) }, escaped(text));
});

/** What a canvas shows, as lines of SVG. */
export const canvasPicture = (canvas) => (drawn.get(canvas) ?? []).join('\n');
