import uPlot from 'uplot';

import { stack, thin, together, type Steps } from './columns';
import { el, roled } from './dom';
import { roundTimes, roundTop } from './scale';
import { onTheme, palette } from './theme';
import { clock } from './words';

/** A span of time that is marked behind the power: a cell's. */
export interface Band {
  readonly key: number;
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** What a plot shows. */
export interface Plotted {
  readonly steps: Steps;
  /** A colour a source, as CSS, as long as the steps' `watts`. */
  readonly colours: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly bands: readonly Band[];
}

/** A chart of power over time, stacked. */
export interface Plot {
  readonly node: HTMLElement;
  draw(data: Plotted): void;
  dispose(): void;
}

/** How a plot looks and whom it tells. */
export interface PlotOptions {
  readonly height: number;
  /** The step under the pointer, in what is drawn; null if there is none. */
  onPointed?(steps: Steps, at: number | null): void;
  /** A band was clicked. */
  onPicked?(band: Band): void;
}

/** Makes a chart of power; it takes the width of its element and the theme's colours. */
export function plot(options: PlotOptions): Plot {
  return new UPlotted(options);
}

class UPlotted implements Plot {
  constructor(private readonly _options: PlotOptions) {
    this.node = el('div', 'jp-carbon-plot', this._palette.node, this._place);
    this._place.setAttribute('aria-hidden', 'true');
    this.node.style.height = `${_options.height}px`;
    this._observer.observe(this.node);
    onTheme(() => this._retheme(), this._abort.signal);
    this.node.addEventListener('keydown', event => this._onKey(event));
  }

  readonly node: HTMLElement;

  draw(data: Plotted): void {
    this._data = data;
    const width = this.node.clientWidth;
    if (width === 0 || this._abort.signal.aborted) {
      return;
    }
    const steps = thin(data.steps, width);
    let most = 0;
    for (let at = 0; at < steps.times.length; at++) {
      most = Math.max(most, together(steps, at) ?? 0);
    }
    this._steps = steps;
    this._top = roundTop(most);
    const columns: uPlot.AlignedData = [steps.times, ...stack(steps)];
    const colours = data.colours.join();
    if (this._plot === null || this._colours !== colours) {
      this._plot?.destroy();
      this._colours = colours;
      this._plot = new uPlot(this._described(width), columns, this._place);
    } else {
      if (this._plot.width !== width) {
        this._plot.setSize({ width, height: this._options.height });
      }
      this._plot.setData(columns);
    }
  }

  dispose(): void {
    this._abort.abort();
    this._observer.disconnect();
    this._plot?.destroy();
    this._plot = null;
  }

  private _described(width: number): uPlot.Options {
    const ink = (): string => this._palette.colour('var(--jp-carbon-ink2)');
    const font = this._palette.font(10);
    return {
      width,
      height: this._options.height,
      padding: [7, 1, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false, setScale: false }
      },
      scales: {
        x: { time: false, range: () => [this._data?.from ?? 0, this._data?.to ?? 1] },
        y: { range: () => [0, this._top] }
      },
      axes: [
        {
          size: 18,
          gap: 4,
          font,
          stroke: ink,
          grid: { show: false },
          ticks: { show: false },
          splits: (u, _axis, from, to) => this._times(u, from, to),
          values: (_u, times) => {
            const seconds = times.some(time => time % 60_000 !== 0);
            return times.map(time => clock(time, seconds));
          }
        },
        {
          // As wide as its longest word, so that none is cut off: '1500 W'.
          size: (_u, words: string[] | null) =>
            12 + 6 * Math.max(4, ...(words ?? []).map(word => word.length)),
          gap: 6,
          font,
          stroke: ink,
          grid: { stroke: () => this._palette.colour('var(--jp-carbon-line)'), width: 1 },
          ticks: { show: false },
          splits: () => [0, this._top / 2, this._top],
          values: (_u, marks) =>
            marks.map((mark, nth) =>
              this._top >= 2000
                ? `${mark / 1000}${nth === 2 ? ' kW' : ''}`
                : `${mark}${nth === 2 ? ' W' : ''}`
            )
        }
      ],
      series: [
        {},
        ...(this._data?.colours ?? []).map((css): uPlot.Series => ({
          width: 1.5,
          points: { show: false },
          stroke: () => this._palette.colour(css),
          fill: () =>
            this._palette.colour(`color-mix(in srgb, ${css} 36%, var(--jp-carbon-paper))`)
        }))
      ],
      hooks: {
        drawClear: [u => this._drawBands(u)],
        draw: [u => this._drawLabels(u)],
        setCursor: [u => this._options.onPointed?.(this._steps, u.cursor.idx ?? null)],
        ready: [u => u.over.addEventListener('click', () => this._onClick(u))]
      }
    };
  }

  private _times(u: uPlot, from: number, to: number): number[] {
    const wide = u.bbox.width / uPlot.pxRatio;
    const times = roundTimes(from, to, Math.max(2, Math.floor(wide / 62)));
    // A mark is as wide as its words: none at the very edge, where they would be cut.
    const edge = ((to - from) * 26) / Math.max(1, wide);
    return times.filter(time => time >= from && time <= to - edge);
  }

  /** Where a band lies on the canvas; null where it cannot be seen. */
  private _extent(u: uPlot, band: Band): [number, number] | null {
    const { left, width } = u.bbox;
    const from = Math.max(left, u.valToPos(band.from, 'x', true));
    const to = Math.min(left + width, u.valToPos(band.to, 'x', true));
    return to < left || from > left + width || to < from ? null : [from, to];
  }

  private _drawBands(u: uPlot): void {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.fillStyle = this._palette.colour('var(--jp-carbon-band)');
    let drawn = -Infinity;
    for (const band of this._data?.bands ?? []) {
      const extent = this._extent(u, band);
      if (extent === null) {
        continue;
      }
      // At least a pixel, and none twice: the colour may let through what is below.
      const from = Math.max(drawn, Math.floor(extent[0]));
      const to = Math.max(from, Math.ceil(extent[1]), Math.floor(extent[0]) + 1);
      if (to > from) {
        ctx.fillRect(from, bbox.top, to - from, bbox.height);
        drawn = to;
      }
    }
    ctx.restore();
  }

  private _drawLabels(u: uPlot): void {
    const { ctx, bbox } = u;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.fillStyle = this._palette.colour('var(--jp-carbon-ink1)');
    ctx.font = this._palette.font(10 * ratio);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'top';
    let free = bbox.left;
    for (const band of this._data?.bands ?? []) {
      const extent = this._extent(u, band);
      if (extent === null) {
        continue;
      }
      const wide = ctx.measureText(band.label).width;
      const room = extent[1] - extent[0];
      const at =
        room > wide + 6 * ratio
          ? extent[0] + 3 * ratio
          : Math.min(
              bbox.left + bbox.width - wide,
              Math.max(bbox.left, (extent[0] + extent[1] - wide) / 2)
            );
      if (at >= free) {
        ctx.fillText(band.label, at, bbox.top + 2 * ratio);
        free = at + wide + 4 * ratio;
      }
    }
    ctx.restore();
  }

  private _onClick(u: uPlot): void {
    const left = u.cursor.left ?? -1;
    if (left < 0) {
      return;
    }
    const time = u.posToVal(left, 'x');
    const slack = u.posToVal(left + 3, 'x') - time;
    const bands = this._data?.bands ?? [];
    // The last to begin lies on top.
    for (let nth = bands.length - 1; nth >= 0; nth--) {
      const band = bands[nth];
      if (band && time >= band.from - slack && time <= band.to + slack) {
        this._options.onPicked?.(band);
        return;
      }
    }
  }

  private _onKey(event: KeyboardEvent): void {
    const u = this._plot;
    const last = this._steps.times.length - 1;
    if (u === null || last < 0) {
      return;
    }
    const at = u.cursor.idx ?? last;
    const next = new Map([
      ['ArrowLeft', u.cursor.idx === null ? last : at - 1],
      ['ArrowRight', at + 1],
      ['Home', 0],
      ['End', last]
    ]).get(event.key);
    if (next === undefined) {
      return;
    }
    event.preventDefault();
    const time = this._steps.times[Math.max(0, Math.min(last, next))] ?? 0;
    u.setCursor({ left: u.valToPos(time, 'x'), top: 1 });
  }

  private _redraw(): void {
    if (this._data !== null) {
      this.draw(this._data);
    }
  }

  private _retheme(): void {
    this._palette.forget();
    // The theme's sheet may come after its mark.
    requestAnimationFrame(() => {
      this._palette.forget();
      this._plot?.redraw(false, true);
    });
  }

  private readonly _abort = new AbortController();
  private readonly _palette = palette();
  private readonly _place = roled('presentation', 'jp-carbon-canvas');
  private readonly _observer = new ResizeObserver(() => this._redraw());
  private _plot: uPlot | null = null;
  private _data: Plotted | null = null;
  private _steps: Steps = { times: [], watts: [] };
  private _colours = '';
  private _top = 1;
}
