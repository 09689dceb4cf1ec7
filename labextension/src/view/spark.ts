import { beginning, between, endOf, together } from './columns';
import type { Columns } from '../protocol';
import { el, setAttribute } from './dom';

const SVG = 'http://www.w3.org/2000/svg';
const WIDE = 120;
const HIGH = 32;
const SPAN_MS = 2 * 60_000;

/** A line of the last two minutes' power; what it says is said in words beside it. */
export function spark(): { node: HTMLElement; draw(recent: Columns): void } {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDE} ${HIGH}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('class', 'jp-carbon-sparkline');
  const area = document.createElementNS(SVG, 'path');
  area.setAttribute('class', 'jp-carbon-sparkarea');
  svg.append(area, line);
  const node = el('div', 'jp-carbon-spark');
  node.setAttribute('aria-hidden', 'true');
  node.append(svg);
  let drawnTo: number | null = null;
  return {
    node,
    draw: recent => {
      const end = endOf(recent);
      if (end === drawnTo) {
        return;
      }
      drawnTo = end;
      const { outline, fill } = paths(recent);
      setAttribute(line, 'd', outline);
      setAttribute(area, 'd', fill);
    }
  };
}

/** The line and the area under it, as SVG paths; a gap begins another piece. */
function paths(recent: Columns): { outline: string; fill: string } {
  const end = endOf(recent) ?? 0;
  const begin = beginning(recent, end, SPAN_MS);
  const steps = between(recent, Object.keys(recent.sources), begin, end);
  const heights = steps.times.map((_, at) => together(steps, at));
  const most = Math.max(1, ...heights.map(each => each ?? 0));
  const pieces: [string, string][][] = [[]];
  steps.times.forEach((time, at) => {
    const height = heights[at] ?? null;
    if (height === null) {
      pieces.push([]);
      return;
    }
    const x = Math.max(0, ((time - begin) / (end - begin)) * WIDE);
    const y = HIGH - 2 - (height / most) * (HIGH - 4);
    pieces[pieces.length - 1]?.push([x.toFixed(1), y.toFixed(1)]);
  });
  const drawn = pieces.filter(piece => piece.length > 1);
  const outlines = drawn.map(
    piece => `M${piece.map(point => point.join(' ')).join('L')}`
  );
  return {
    outline: outlines.join(''),
    fill: outlines
      .map((outline, nth) => {
        const piece = drawn[nth] ?? [];
        const [left, right] = [piece[0]?.[0], piece[piece.length - 1]?.[0]];
        return `${outline}L${right ?? 0} ${HIGH}L${left ?? 0} ${HIGH}Z`;
      })
      .join('')
  };
}
