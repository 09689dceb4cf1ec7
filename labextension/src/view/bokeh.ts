/** The models of BokehJS that the timeline is drawn with: a chart, and an overview below it. */
import { Document, documents } from '@bokeh/bokehjs/build/js/lib/document';
import { add_document_standalone } from '@bokeh/bokehjs/build/js/lib/embed/standalone';
import { set_log_level } from '@bokeh/bokehjs/build/js/lib/core/logging';
import { LinearAxis } from '@bokeh/bokehjs/build/js/lib/models/axes/linear_axis';
import { BoxAnnotation } from '@bokeh/bokehjs/build/js/lib/models/annotations/box_annotation';
import { Patches } from '@bokeh/bokehjs/build/js/lib/models/glyphs/patches';
import { VStrip } from '@bokeh/bokehjs/build/js/lib/models/glyphs/vstrip';
import { Grid } from '@bokeh/bokehjs/build/js/lib/models/grids/grid';
import { Plot } from '@bokeh/bokehjs/build/js/lib/models/plots/plot';
import { Range1d } from '@bokeh/bokehjs/build/js/lib/models/ranges/range1d';
import { GlyphRenderer } from '@bokeh/bokehjs/build/js/lib/models/renderers/glyph_renderer';
import { ColumnDataSource } from '@bokeh/bokehjs/build/js/lib/models/sources/column_data_source';
import { FixedTicker } from '@bokeh/bokehjs/build/js/lib/models/tickers/fixed_ticker';
import { PanTool } from '@bokeh/bokehjs/build/js/lib/models/tools/gestures/pan_tool';
import { RangeTool } from '@bokeh/bokehjs/build/js/lib/models/tools/gestures/range_tool';
import { WheelZoomTool } from '@bokeh/bokehjs/build/js/lib/models/tools/gestures/wheel_zoom_tool';
import { HoverTool } from '@bokeh/bokehjs/build/js/lib/models/tools/inspectors/hover_tool';
import { Toolbar } from '@bokeh/bokehjs/build/js/lib/models/tools/toolbar';

import { paint, tip } from './bokehpaint';
import { el } from './dom';
import { roundTimes } from './scale';
import type { Outlines } from './strips';
import { onTheme, palette } from './theme';
import type { Extent } from './timemoves';
import { clock } from './words';

/** A cell's span as it is drawn. */
export interface Band extends Extent {
  readonly key: number;
}

export interface TimeFigureOptions {
  /** Lines of text on a cell, for who points at it. */
  describe(key: number): string[];
  /** The part that is seen is another one, whoever has moved it. */
  onMoved(): void;
  /** The chart has another width. */
  onResized(): void;
}

const LEFT = 54;
const RIGHT = 10;
const OVERVIEW = 62;
/** A time's words want so many pixels. */
const TIME_WIDTH = 84;
const FRAME = {
  min_border_left: LEFT,
  min_border_right: RIGHT,
  toolbar_location: null,
  outline_line_color: null,
  // What is below shows through: it has the theme's colour.
  background_fill_color: null,
  border_fill_color: null
} as const;

export class TimeFigure {
  constructor(private readonly _options: TimeFigureOptions) {
    set_log_level('error');
    const whole = el('div', 'jp-carbon-timechart');
    const overview = el('div', 'jp-carbon-overview');
    this.node = el('div', 'jp-carbon-timecharts', this._palette.node, whole, overview);
    this._main = this._makeMain();
    this._over = this._makeOverview();
    this._document.add_root(this._main);
    this._document.add_root(this._over);
    void this._build([whole, overview]);
    for (const range of [this._x.properties.start, this._x.properties.end]) {
      this._x.on_change(range, () => _options.onMoved());
    }
    this._main.on_change(this._main.properties.inner_width, () => _options.onResized());
    onTheme(() => this._onTheme(), this._abort.signal);
    this._paint();
  }

  readonly node: HTMLElement;

  /** The part that is seen. */
  get part(): Extent {
    return { from: this._x.start, to: this._x.end };
  }

  /** The chart's width in pixels, without its axes. */
  get width(): number {
    return this._main.inner_width;
  }

  setPart({ from, to }: Extent): void {
    this._x.setv({ start: from, end: to });
  }

  /** Nothing outside the whole can be seen, and no part of it that is shorter. */
  setWhole({ from, to }: Extent, shortest_ms: number): void {
    this._whole.setv({ start: from, end: to });
    this._x.setv({ bounds: [from, to], min_interval: shortest_ms });
  }

  /** One area a source, with its colour as CSS: made anew only where those differ. */
  setAreas(areas: readonly Outlines[], colours: readonly string[]): void {
    if (this._colours.join() === colours.join() && this._areas.length === areas.length) {
      areas.forEach((area, nth) => {
        const known = this._areas[nth];
        if (known !== undefined) {
          known.source.data = columns(area);
        }
      });
      return;
    }
    this._colours = colours.slice();
    this._areas = areas.map(area => ({
      source: new ColumnDataSource({ data: columns(area) }),
      glyph: new Patches({ xs: { field: 'xs' }, ys: { field: 'ys' }, line_width: 1 })
    }));
    const [bands] = this._main.renderers;
    this._main.renderers = [
      ...(bands === undefined ? [] : [bands]),
      ...this._areas.map(
        ({ source, glyph }) => new GlyphRenderer({ data_source: source, glyph })
      )
    ];
    this._paint();
  }

  /** The whole in small, up to this height in watts. */
  setOverview(area: Outlines, top: number): void {
    this._sum.data = columns(area);
    this._overY.end = top;
  }

  /** The height of the chart in watts. */
  setTop(top: number): void {
    if (this._y.end === top) {
      return;
    }
    this._y.end = top;
    const kilo = top >= 2000;
    const marks = [0, top / 2, top];
    const words = marks.map(
      mark => [mark, kilo ? `${mark / 1000} kW` : `${mark} W`] as const
    );
    this._watts.setv({
      ticker: new FixedTicker({ ticks: marks }),
      major_label_overrides: new Map(words)
    });
    this._lines.ticker = new FixedTicker({ ticks: marks });
  }

  setBands(bands: readonly Band[]): void {
    this._spans.data = {
      x0: bands.map(({ from }) => from),
      x1: bands.map(({ to }) => to),
      key: bands.map(({ key }) => key)
    };
  }

  /** Draws the times of the part, and of the whole below it. */
  drawTimes(whole: Extent): void {
    const most = Math.max(2, Math.floor(this.width / TIME_WIDTH));
    for (const [axis, { from, to }] of [
      [this._times, this.part],
      [this._overTimes, whole]
    ] as const) {
      const times = roundTimes(from, to, most);
      const seconds = times.some(time => time % 60_000 !== 0);
      axis.setv({
        ticker: new FixedTicker({ ticks: times }),
        major_label_overrides: new Map(times.map(time => [time, clock(time, seconds)]))
      });
    }
  }

  dispose(): void {
    this._abort.abort();
    this._document.views_manager?.clear();
    this._document.clear();
    // BokehJS keeps a list of all documents that there ever were.
    const at = documents.indexOf(this._document);
    if (at >= 0) {
      documents.splice(at, 1);
    }
  }

  private async _build(places: HTMLElement[]): Promise<void> {
    await add_document_standalone(this._document, this.node, places);
    if (this._abort.signal.aborted) {
      this._document.views_manager?.clear();
    }
  }

  private _makeMain(): Plot {
    const bands = new GlyphRenderer({ data_source: this._spans, glyph: this._strip });
    const hover = new HoverTool({
      renderers: [bands],
      tooltips: (_source, vars) => this._tip(vars.index),
      point_policy: 'follow_mouse',
      show_arrow: false,
      limit: 4
    });
    const pan = new PanTool({ dimensions: 'width' });
    const wheel = new WheelZoomTool({ dimensions: 'width', zoom_on_axis: false });
    return new Plot({
      ...FRAME,
      x_range: this._x,
      y_range: this._y,
      sizing_mode: 'stretch_both',
      min_border_top: 8,
      min_border_bottom: 24,
      toolbar: new Toolbar({
        tools: [pan, wheel, hover],
        active_drag: pan,
        active_scroll: wheel
      }),
      renderers: [bands],
      left: [this._watts],
      below: [this._times],
      center: [this._lines]
    });
  }

  private _makeOverview(): Plot {
    const tool = new RangeTool({ x_range: this._x, overlay: this._window });
    return new Plot({
      ...FRAME,
      x_range: this._whole,
      y_range: this._overY,
      sizing_mode: 'stretch_width',
      height: OVERVIEW,
      min_border_top: 4,
      min_border_bottom: 20,
      toolbar: new Toolbar({ tools: [tool], active_multi: tool }),
      renderers: [new GlyphRenderer({ data_source: this._sum, glyph: this._shape })],
      below: [this._overTimes]
    });
  }

  private _tip(at: number | null): HTMLElement {
    const key: unknown = at === null ? undefined : this._spans.get_array('key')[at];
    return tip(typeof key === 'number' ? this._options.describe(key) : [], this._palette);
  }

  private _onTheme(): void {
    this._palette.forget();
    // The theme's sheet may come after its mark.
    requestAnimationFrame(() => {
      if (!this._abort.signal.aborted) {
        this._palette.forget();
        this._paint();
      }
    });
  }

  /** Gives all parts the theme's colours. Before the element is in the page there are none. */
  private _paint(): void {
    if (!this.node.isConnected) {
      requestAnimationFrame(() => {
        if (!this._abort.signal.aborted) {
          this._paint();
        }
      });
      return;
    }
    paint(
      {
        axes: [this._watts, this._times, this._overTimes],
        lines: this._lines,
        bands: this._strip,
        areas: this._areas.map(({ glyph }) => glyph),
        shape: this._shape,
        window: this._window
      },
      this._palette,
      this._colours
    );
  }

  private readonly _abort = new AbortController();
  private readonly _palette = palette();
  private readonly _document = new Document();
  private readonly _x = new Range1d({ start: 0, end: 1 });
  private readonly _y = new Range1d({ start: 0, end: 1 });
  private readonly _whole = new Range1d({ start: 0, end: 1 });
  private readonly _overY = new Range1d({ start: 0, end: 1 });
  private readonly _watts = new LinearAxis({});
  private readonly _times = new LinearAxis({});
  private readonly _overTimes = new LinearAxis({});
  private readonly _lines = new Grid({ dimension: 1, axis: null });
  private readonly _spans = new ColumnDataSource({ data: { x0: [], x1: [], key: [] } });
  private readonly _sum = new ColumnDataSource({ data: { xs: [], ys: [] } });
  private readonly _strip = new VStrip({ x0: { field: 'x0' }, x1: { field: 'x1' } });
  private readonly _shape = new Patches({ xs: { field: 'xs' }, ys: { field: 'ys' } });
  private readonly _window = new BoxAnnotation();
  private readonly _main: Plot;
  private readonly _over: Plot;
  private _areas: { source: ColumnDataSource; glyph: Patches }[] = [];
  private _colours: readonly string[] = [];
}

function columns(area: Outlines): { xs: number[][]; ys: number[][] } {
  return { xs: area.xs, ys: area.ys };
}
