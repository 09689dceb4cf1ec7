/** The theme's colours and fonts for what BokehJS draws. */
import type { BoxAnnotation } from '@bokeh/bokehjs/build/js/lib/models/annotations/box_annotation';
import type { LinearAxis } from '@bokeh/bokehjs/build/js/lib/models/axes/linear_axis';
import type { Patches } from '@bokeh/bokehjs/build/js/lib/models/glyphs/patches';
import type { VStrip } from '@bokeh/bokehjs/build/js/lib/models/glyphs/vstrip';
import type { Grid } from '@bokeh/bokehjs/build/js/lib/models/grids/grid';

import { el } from './dom';
import type { Palette } from './theme';

/** What has colours. */
export interface Painted {
  readonly axes: readonly LinearAxis[];
  readonly lines: Grid;
  /** The bands of cells. */
  readonly bands: VStrip;
  /** An area a source. */
  readonly areas: readonly Patches[];
  /** The overview's area, and the window in it. */
  readonly shape: Patches;
  readonly window: BoxAnnotation;
}

/**
 * Gives all parts the theme's colours.
 *
 * @param colours - That of each area, as CSS.
 */
export function paint(
  parts: Painted,
  palette: Palette,
  colours: readonly string[]
): void {
  const colour = (css: string): string => plain(palette.colour(css));
  const ink = colour('var(--jp-carbon-ink2)');
  const line = colour('var(--jp-carbon-line)');
  const brand = colour('var(--jp-carbon-brand)');
  const font = palette.font(11).replace(/^\S+ /, '');
  for (const axis of parts.axes) {
    axis.setv({
      axis_line_color: line,
      major_tick_line_color: null,
      minor_tick_line_color: null,
      major_label_text_color: ink,
      major_label_text_font: font,
      major_label_text_font_size: '11px'
    });
  }
  parts.lines.setv({ grid_line_color: line });
  parts.bands.setv({
    fill_color: { value: colour('var(--jp-carbon-band)') },
    line_color: { value: colour('var(--jp-carbon-edge)') },
    line_alpha: { value: 0.35 }
  });
  parts.areas.forEach((glyph, nth) => {
    const css = colours[nth] ?? 'var(--jp-carbon-other)';
    const fill = colour(`color-mix(in srgb, ${css} 62%, var(--jp-carbon-paper))`);
    glyph.setv({ fill_color: { value: fill }, line_color: { value: colour(css) } });
  });
  parts.shape.setv({
    fill_color: { value: colour('var(--jp-carbon-track)') },
    line_color: { value: ink }
  });
  parts.window.setv({
    fill_color: brand,
    fill_alpha: 0.16,
    line_color: brand,
    line_alpha: 0.9
  });
}

/** A tip over the chart. BokehJS shows it elsewhere in the page, out of reach of our sheets. */
export function tip(lines: readonly string[], { colour, font }: Palette): HTMLElement {
  const rows = lines.map((line, nth) => {
    const row = el('div', '', line);
    row.style.fontWeight = nth === 0 ? '600' : '400';
    return row;
  });
  const node = el('div', '', ...rows);
  // The margin covers the white frame around it.
  node.style.cssText =
    'margin: -6px; padding: 6px 9px; max-width: 340px; overflow-wrap: anywhere;' +
    `border: 1px solid ${colour('var(--jp-carbon-edge)')};` +
    `background: ${colour('var(--jp-carbon-paper)')};` +
    `color: ${colour('var(--jp-carbon-ink1)')}; font: ${font(12)};`;
  return node;
}

/** A colour in the only words that BokehJS knows: the theme's may be mixed in other spaces. */
function plain(colour: string): string {
  const canvas = el('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) {
    return colour;
  }
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const { data } = context.getImageData(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 255] = data;
  return `rgba(${red}, ${green}, ${blue}, ${alpha / 255})`;
}
