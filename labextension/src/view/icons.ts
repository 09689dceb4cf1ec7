/** Small signs, drawn in the colour of the text around them. */

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  bolt: 'M9.2 1 3 9.2h4.2L6.4 15 13 6.4H8.6Z',
  alert: 'M8 1.6 15.2 14H.8ZM7.2 6v4h1.6V6Zm0 5v1.6h1.6V11Z',
  pause: 'M4.5 3h2.4v10H4.5Zm4.6 0h2.4v10H9.1Z',
  wait: 'M8 1.5A6.5 6.5 0 1 0 8 14.5 6.5 6.5 0 0 0 8 1.5Zm0 1.4A5.1 5.1 0 1 1 8 13.1 5.1 5.1 0 0 1 8 2.9Zm-.7 1.6v4l3 1.8.7-1.1-2.4-1.4V4.5Z',
  moon: 'M10.6 1.8a6.4 6.4 0 1 0 3.9 8.6 5.3 5.3 0 0 1-3.9-8.6Z'
} as const;

export type IconName = keyof typeof PATHS;

/** Draws a sign. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  path.setAttribute('fill', 'currentColor');
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  return svg;
}
