// Page picture: turns the page as it is laid out into an SVG of boxes, lines of text and paths.
// Runs in the page.
import { canvasPicture } from './canvas-picture.js';
import {
  ascentOf,
  colourOf,
  escaped,
  FONT_SIZE,
  FONTS,
  painted,
  styled,
  tag,
} from './svg-parts.js';

const sheet = new CSSStyleSheet();
sheet.replaceSync(`body { font-family: ${FONTS}; }`);
document.adoptedStyleSheets = [sheet];

/** The lines of a text as they are laid out: their words and where they stand. */
function linesOf(node) {
  const range = document.createRange();
  const lines = [];
  for (const [at, letter] of node.data.split('').entries()) {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    const { left, right, top, width } = range.getBoundingClientRect();
    if (width === 0) continue;
    const isSpace = letter.trim() === '';
    const last = lines.at(-1);
    if (last !== undefined && Math.abs(last.top - top) < 2) {
      last.text += isSpace ? ' ' : letter;
      if (!isSpace) last.right = right;
    } else if (!isSpace) lines.push({ text: letter, left, right, top });
  }
  return lines.map((line) => ({ ...line, text: line.text.trimEnd() }));
}

/** Where an element is on the page, its edges on whole pixels as the browser paints them. */
function placeOf(element) {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const [x, y] = [Math.round(left), Math.round(top + scrollY)];
  return { x, y, width: Math.round(right) - x, height: Math.round(bottom + scrollY) - y };
}

const SIDES = ['Top', 'Right', 'Bottom', 'Left'];
/** The background and the borders of a box. A row of a table has the borders of its cells. */
function boxOf(element, style) {
  if (style.display === 'table-cell') return [];
  const { firstElementChild: cell } = element;
  const from = style.display === 'table-row' && cell !== null ? getComputedStyle(cell) : style;
  const { x, y, width, height } = placeOf(element);
  const [top = 0, right = 0, bottom = 0, left = 0] = SIDES.map((side) =>
    parseFloat(from[`border${side}Width`]),
  );
  if (top > 0 && [right, bottom, left].every((each) => each === top)) {
    const place = { x: x + top / 2, y: y + top / 2, width: width - top, height: height - top };
    const rx = Math.min(parseFloat(style.borderRadius), height / 2);
    const stroke = painted('stroke', from.borderTopColor);
    return [tag('rect', { ...place, rx, ...painted('fill', style.backgroundColor), ...stroke })];
  }
  const bar = (place, colour) => tag('rect', { ...place, ...painted('fill', colour) });
  const isPainted = colourOf(style.backgroundColor) !== null && element !== document.body;
  return [
    ...(isPainted ? [bar({ x, y, width, height }, style.backgroundColor)] : []),
    ...(top > 0 ? [bar({ x, y, width, height: top }, from.borderTopColor)] : []),
    ...(bottom > 0
      ? [bar({ x, y: y + height - bottom, width, height: bottom }, from.borderBottomColor)]
      : []),
    ...(left > 0 ? [bar({ x, y, width: left, height }, from.borderLeftColor)] : []),
  ];
}

/** The name of a column before a cell, which a narrow page has in place of the head of a table. */
function labelOf(element, ink, opacity) {
  const style = getComputedStyle(element, '::before');
  if (element.tagName !== 'TD' || style.content === 'none') return [];
  const { paddingTop, paddingLeft } = getComputedStyle(element);
  const { x, y } = placeOf(element);
  const size = parseFloat(style.fontSize);
  // A fifth of the letters' height lies under the baseline.
  const baseline = parseFloat(paddingTop) + parseFloat(style.lineHeight) / 2 + size * 0.35;
  const given = styled(style, ink, Number(style.opacity) * opacity);
  const place = { x: x + parseFloat(paddingLeft), y: y + baseline };
  return [tag('text', { ...place, ...given }, escaped(element.dataset.name ?? ''))];
}

/** The triangle before the words that open a part of the page. */
function triangleOf(element, style) {
  if (element.tagName !== 'SUMMARY') return [];
  const { x, y, height } = placeOf(element);
  const isOpen = element.parentElement?.hasAttribute('open');
  const transform = `translate(${Math.round(x)} ${Math.round(y + height / 2)})`;
  const d = isOpen ? 'M1 -4h10l-5 8z' : 'M2 -5v10l8 -5z';
  return [tag('path', { d, transform, ...painted('fill', style.color) })];
}

/** The lines of a text. */
function textOf(node, element, style, ink, opacity) {
  const { fontWeight, fontSize, fontFamily } = style;
  const ascent = ascentOf(`${fontWeight} ${fontSize} ${fontFamily}`);
  const link = element.closest('a');
  const isLink = link !== null && getComputedStyle(link).textDecorationLine === 'underline';
  const given = {
    ...styled(style, ink, opacity),
    'text-decoration': isLink ? 'underline' : null,
  };
  return linesOf(node).map(({ text, left, right, top }) => {
    const place = { x: left, y: top + scrollY + ascent, textLength: right - left };
    return tag('text', { ...place, ...given }, escaped(text));
  });
}

/** An element and everything within it, as elements of SVG. */
function elementsOf(element, ink, above) {
  const style = getComputedStyle(element);
  const { right, width, height } = element.getBoundingClientRect();
  const isHidden = !element.checkVisibility() || style.visibility === 'hidden' || right < 0;
  if (isHidden || style.clipPath.startsWith('inset(50%')) return [];
  if (element instanceof SVGRectElement)
    return [tag('rect', { ...placeOf(element), ...painted('fill', style.fill) })];
  const { x, y } = placeOf(element);
  if (element instanceof HTMLCanvasElement)
    return [tag('g', { transform: `translate(${x} ${y})` }, `\n${canvasPicture(element)}\n`)];
  const opacity = above * Number(style.opacity);
  return [
    ...(width > 0 && height > 0 ? boxOf(element, style) : []),
    ...labelOf(element, ink, opacity),
    ...triangleOf(element, style),
    ...[...element.childNodes].flatMap((child) =>
      child instanceof Element
        ? elementsOf(child, ink, opacity)
        : child instanceof Text
          ? textOf(child, element, style, ink, opacity)
          : [],
    ),
  ];
}

const FADED = 96;
/**
 * The page as SVG with one element a line: its first `most` pixels, which fade at the end where the
 * page goes on. `title` names it for screen readers.
 */
export function pictureOf(title, most) {
  const { clientWidth: width, scrollHeight } = document.documentElement;
  const height = Math.min(scrollHeight, most);
  const { color, backgroundColor } = getComputedStyle(document.body);
  const ink = colourOf(color)?.ink ?? '';
  const paper = colourOf(backgroundColor)?.ink ?? '';
  /** The top of an element, or the baseline of a text. */
  const topOf = (line) => Number(/(?: y="|translate\([\d.]+ )([\d.]+)/.exec(line)?.[1] ?? 0);
  const frame = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8 };
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONTS}" font-size="${FONT_SIZE}" fill="${ink}" role="img">`,
    tag('title', {}, escaped(title)),
    `<clipPath id="page">${tag('rect', frame)}</clipPath>`,
    '<g clip-path="url(#page)">',
    tag('rect', { width, height, fill: paper }),
    ...elementsOf(document.body, ink, 1).filter((line) => topOf(line) < height),
    ...(scrollHeight <= most
      ? []
      : [
          `<linearGradient id="end" x2="0" y2="1"><stop stop-color="${paper}" stop-opacity="0"/><stop offset="1" stop-color="${paper}"/></linearGradient>`,
          tag('rect', { x: 0, y: height - FADED, width, height: FADED, fill: 'url(#end)' }),
        ]),
    '</g>',
    tag('rect', { ...frame, fill: 'none', stroke: '#808890', 'stroke-opacity': '0.4' }),
    '</svg>',
  ].join('\n')}\n`;
}
