// SVG parts: elements of SVG as text, and colours and fonts of a page as their attributes. Runs in
// the page that is drawn.

/**
 * Letters have the same widths in the first three, so that a viewer with any of them shows each
 * line as it was laid out.
 */
export const FONTS = 'Arial, Helvetica, Liberation Sans, sans-serif';
export const FONT_SIZE = 16;
const MONOSPACE = 'ui-monospace, monospace';

/** A number of pixels with at most one digit after the point. */
export const pixels = (number) => String(Math.round(number * 10) / 10);
/** A text as content or attribute of an element. */
export const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** An element. An attribute with the value null is left out. */
export function tag(name, given, inner = '') {
  const attributes = Object.entries(given)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? pixels(value) : value}"`)
    .join('');
  return inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`;
}

/** A colour as the browser writes it, as six digits and an opacity; null for a transparent one. */
export function colourOf(text) {
  if (text.startsWith('#')) return { ink: text, opacity: 1 };
  const [r = 0, g = 0, b = 0, opacity = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  const ink = `#${[r, g, b].map((each) => each.toString(16).padStart(2, '0')).join('')}`;
  return opacity === 0 ? null : { ink, opacity };
}

/** The attributes by which `fill` or `stroke` has a colour. */
export function painted(property, text) {
  const colour = colourOf(text);
  if (colour === null) return { [property]: 'none' };
  const opacity = colour.opacity === 1 ? null : colour.opacity;
  return { [property]: colour.ink, [`${property}-opacity`]: opacity };
}

const ruler = document.createElement('canvas').getContext('2d');
/** How far the baseline of a font lies under the top of its letters. */
export function ascentOf(font) {
  if (ruler === null) throw new Error('this browser has no canvas');
  ruler.font = font;
  return ruler.measureText('x').fontBoundingBoxAscent;
}

/** The attributes of a text that differ from those of the whole picture. */
export function styled({ fontSize, fontWeight, fontFamily, color }, ink, opacity) {
  const own = colourOf(color)?.ink ?? ink;
  return {
    'font-size': parseFloat(fontSize) === FONT_SIZE ? null : parseFloat(fontSize),
    'font-weight': Number(fontWeight) >= 600 ? 'bold' : null,
    'font-family': /mono/.test(fontFamily) ? MONOSPACE : null,
    fill: own === ink ? null : own,
    opacity: opacity === 1 ? null : opacity,
  };
}
