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

import { el, setChildren } from './dom';
import { roundTimes, roundTop } from './scale';
import {
  highest,
  outlines,
  silhouette,
  thinned,
  type Outlines,
  type Strips
} from './strips';
import { onTheme, palette } from './theme';
import { clock } from './words';

/** A cell's span of time. */
export interface Span {
  readonly key: number;
  readonly from: number;
  readonly to: number;
}

/** What the chart shows. */
export interface Timed {
  readonly course: Strips;
  /** A colour a source, as CSS. */
  readonly colours: readonly string[];
  readonly spans: readonly Span[];
  readonly from: number;
  readonly to: number;
}

/** The part of the session that is seen: all of it, the last of it, or none that moves. */
export type Seen = 'all' | number | 'still';

export interface TimeChart {
  readonly node: HTMLElement;
  /** How many milliseconds are seen. */
  readonly span: number;
  draw(data: Timed): void;
  /** Shows all, or so many milliseconds up to now. */
  look(seen: Seen): void;
  dispose(): void;
}

export interface TimeChartOptions {
  /** Lines of text on a cell, for who points at it. */
  describe(key: number): string[];
  /** The user has moved to another part. */
  onSeen(seen: Seen): void;
}

/** The least that can be seen: below that there would be few steps. */
export const LEAST_MS = 10_000;
/** So long after a touch a movement is the user's. */
const TOUCH_MS = 1000;
const LEFT = 54;
const RIGHT = 10;
const OVERVIEW = 62;
/** A cell can be pointed at if it is this wide, in pixels. */
const POINTABLE = 3;

/** Makes the interactive chart of a session. */
export function timeChart(options: TimeChartOptions): TimeChart {
  return new BokehChart(options);
}

class BokehChart implements TimeChart {
  constructor(private readonly _options: TimeChartOptions) {
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
      this._x.on_change(range, () => this._onMoved());
    }
    this._main.on_change(this._main.properties.inner_width, () => this._drawTicks());
    onTheme(() => this._onTheme(), this._abort.signal);
    const { signal } = this._abort;
    this.node.addEventListener('keydown', event => this._onKey(event), { signal });
    for (const type of ['pointerdown', 'pointermove', 'wheel']) {
      const listener = (event: Event): void => this._onTouch(event);
      this.node.addEventListener(type, listener, {
        signal,
        capture: true,
        passive: true
      });
    }
    this._paint();
  }

  readonly node: HTMLElement;

  get span(): number {
    return this._x.end - this._x.start;
  }

  draw(data: Timed): void {
    if (this._abort.signal.aborted) {
      return;
    }
    const before = this._data;
    this._data = data;
    this._setAreas(data);
    const { from, to } = data;
    this._whole.setv({ start: from, end: to });
    this._x.setv({ bounds: [from, to], min_interval: LEAST_MS });
    if (before === null || this._seen !== 'still') {
      this._follow();
    }
    this._drawView();
  }

  look(seen: Seen): void {
    this._seen = seen;
    this._follow();
    this._drawView();
  }

  dispose(): void {
    if (this._abort.signal.aborted) {
      return;
    }
    this._abort.abort();
    cancelAnimationFrame(this._frame);
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
    const bands = new GlyphRenderer({
      data_source: this._spans,
      glyph: this._strip
    });
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
      x_range: this._x,
      y_range: this._y,
      sizing_mode: 'stretch_both',
      min_border_left: LEFT,
      min_border_right: RIGHT,
      min_border_top: 8,
      min_border_bottom: 24,
      toolbar_location: null,
      toolbar: new Toolbar({
        tools: [pan, wheel, hover],
        active_drag: pan,
        active_scroll: wheel
      }),
      renderers: [bands],
      left: [this._watts],
      below: [this._times],
      center: [this._lines],
      outline_line_color: null,
      // What is below shows through: it has the theme's colour.
      background_fill_color: null,
      border_fill_color: null
    });
  }

  private _makeOverview(): Plot {
    const tool = new RangeTool({ x_range: this._x, overlay: this._window });
    return new Plot({
      x_range: this._whole,
      y_range: this._overY,
      sizing_mode: 'stretch_width',
      height: OVERVIEW,
      min_border_left: LEFT,
      min_border_right: RIGHT,
      min_border_top: 4,
      min_border_bottom: 20,
      toolbar_location: null,
      toolbar: new Toolbar({ tools: [tool], active_multi: tool }),
      renderers: [new GlyphRenderer({ data_source: this._sum, glyph: this._shape })],
      below: [this._overTimes],
      outline_line_color: null,
      // What is below shows through: it has the theme's colour.
      background_fill_color: null,
      border_fill_color: null
    });
  }

  /** One area a source, in the order of the sources: made anew only where that differs. */
  private _setAreas(data: Timed): void {
    const colours = data.colours.join();
    this._drawnFor = this._aim(data);
    const areas = outlines(thinned(data.course, this._pixel(this._aim(data))));
    if (this._colours !== colours || this._areas.length !== areas.length) {
      this._colours = colours;
      this._areas = areas.map(area => ({
        source: new ColumnDataSource({ data: columns(area) }),
        glyph: new Patches({
          xs: { field: 'xs' },
          ys: { field: 'ys' },
          line_width: 1
        })
      }));
      const [bands] = this._main.renderers;
      this._main.renderers = [
        ...(bands === undefined ? [] : [bands]),
        ...this._areas.map(
          ({ source, glyph }) => new GlyphRenderer({ data_source: source, glyph })
        )
      ];
      this._paint();
    } else {
      areas.forEach((area, nth) => {
        const known = this._areas[nth];
        if (known !== undefined) {
          known.source.data = columns(area);
        }
      });
    }
    this._sum.data = columns(
      silhouette(thinned(data.course, this._pixel(data.to - data.from)))
    );
    this._overY.end = roundTop(highest(data.course, data.from, data.to));
  }

  /** The span that will be seen once this is drawn. */
  private _aim(data: Timed): number {
    const whole = data.to - data.from;
    const seen = this._seen === 'all' ? whole : this._seen;
    return seen === 'still' ? this.span : Math.min(seen, whole);
  }

  /** The milliseconds of about a pixel. */
  private _pixel(span: number): number {
    return span / Math.max(400, this._main.inner_width);
  }

  /** Goes along with the session's end, if that is what is looked at. */
  private _follow(): void {
    const { _data: data, _seen: seen } = this;
    if (data === null || seen === 'still') {
      return;
    }
    const start = seen === 'all' ? data.from : Math.max(data.from, data.to - seen);
    this._moving = true;
    this._x.setv({ start, end: data.to });
    this._moving = false;
  }

  /** Notes that the user does something to the chart. */
  private _onTouch(event: Event): void {
    if (event.type === 'wheel' || (event as PointerEvent).buttons !== 0) {
      this._touched = performance.now();
    }
  }

  /** The user has panned, zoomed or dragged the overview's window. */
  private _onMoved(): void {
    const data = this._data;
    // BokehJS's tools move the range by themselves, too, as they fit themselves to it.
    if (this._moving || data === null || performance.now() - this._touched > TOUCH_MS) {
      return;
    }
    const { start, end } = this._x;
    const slack = Math.max(500, (end - start) * 0.01);
    const atEnd = end >= data.to - slack;
    const seen = !atEnd ? 'still' : start <= data.from + slack ? 'all' : end - start;
    if (seen !== this._seen) {
      this._seen = seen;
      this._options.onSeen(seen);
    }
    if (this._frame === 0) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._drawView();
      });
    }
  }

  /** Draws the areas as finely as can be seen, if that is no more how they are drawn. */
  private _refine(data: Timed): void {
    const span = this.span;
    if (span < this._drawnFor / 1.5 || span > this._drawnFor * 1.5) {
      this._setAreas(data);
    }
  }

  /** What depends on the part that is seen: heights, marks, and how wide a cell must be. */
  private _drawView(): void {
    const data = this._data;
    if (data === null) {
      return;
    }
    this._refine(data);
    const { start, end } = this._x;
    const top = roundTop(highest(data.course, start, end));
    if (this._y.end !== top) {
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
    const least = ((end - start) / Math.max(200, this._main.inner_width)) * POINTABLE;
    const spans = data.spans.filter(({ from, to }) => to >= start && from <= end);
    this._spans.data = {
      x0: spans.map(({ from }) => from),
      x1: spans.map(({ from, to }) => Math.max(to, from + least)),
      key: spans.map(({ key }) => key)
    };
    this._drawTicks();
  }

  private _drawTicks(): void {
    const data = this._data;
    if (data === null) {
      return;
    }
    const most = Math.max(2, Math.floor(this._main.inner_width / 84));
    const axes = [
      [this._times, this._x.start, this._x.end],
      [this._overTimes, data.from, data.to]
    ] as const;
    for (const [axis, from, to] of axes) {
      const times = roundTimes(from, to, most);
      const seconds = times.some(time => time % 60_000 !== 0);
      axis.setv({
        ticker: new FixedTicker({ ticks: times }),
        major_label_overrides: new Map(times.map(time => [time, clock(time, seconds)]))
      });
    }
  }

  private _tip(at: number | null): HTMLElement {
    const key: unknown = at === null ? undefined : this._spans.get_array('key')[at];
    const lines = typeof key === 'number' ? this._options.describe(key) : [];
    const tip = el('div');
    // BokehJS shows it elsewhere in the page, in a white frame and out of reach of our sheets.
    const { colour, font } = this._palette;
    tip.style.cssText =
      'margin: -6px; padding: 6px 9px; max-width: 340px; overflow-wrap: anywhere;' +
      `border: 1px solid ${colour('var(--jp-carbon-edge)')};` +
      `background: ${colour('var(--jp-carbon-paper)')};` +
      `color: ${colour('var(--jp-carbon-ink1)')}; font: ${font(12)};`;
    setChildren(
      tip,
      lines.map((line, nth) => {
        const node = el('div', '', line);
        node.style.fontWeight = nth === 0 ? '600' : '400';
        return node;
      })
    );
    return tip;
  }

  private _onKey(event: KeyboardEvent): void {
    const data = this._data;
    if (data === null || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const { start, end } = this._x;
    const span = end - start;
    const middle = (start + end) / 2;
    const moves: Record<string, () => [number, number]> = {
      ArrowLeft: () => [start - span / 10, end - span / 10],
      ArrowRight: () => [start + span / 10, end + span / 10],
      '+': () => [middle - span / 3, middle + span / 3],
      '-': () => [middle - span * 0.75, middle + span * 0.75],
      Home: () => [data.from, data.from + span],
      End: () => [data.to - span, data.to],
      '0': () => [data.from, data.to]
    };
    const move = moves[event.key === '=' ? '+' : event.key];
    if (move === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this._touched = performance.now();
    const [from, to] = move();
    const wide = Math.min(Math.max(to - from, LEAST_MS), data.to - data.from);
    const begin = Math.min(Math.max(from, data.from), data.to - wide);
    this._x.setv({ start: begin, end: begin + wide });
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
    const colour = (css: string): string => plain(this._palette.colour(css));
    const ink = colour('var(--jp-carbon-ink2)');
    const line = colour('var(--jp-carbon-line)');
    const band = colour('var(--jp-carbon-band)');
    const brand = colour('var(--jp-carbon-brand)');
    const font = this._palette.font(11).replace(/^\S+ /, '');
    for (const axis of [this._watts, this._times, this._overTimes]) {
      axis.setv({
        axis_line_color: line,
        major_tick_line_color: null,
        minor_tick_line_color: null,
        major_label_text_color: ink,
        major_label_text_font: font,
        major_label_text_font_size: '11px'
      });
    }
    this._lines.setv({ grid_line_color: line });
    this._strip.setv({
      fill_color: { value: band },
      line_color: { value: colour('var(--jp-carbon-edge)') },
      line_alpha: { value: 0.35 }
    });
    this._areas.forEach(({ glyph }, nth) => {
      const css = this._data?.colours[nth] ?? 'var(--jp-carbon-other)';
      const fill = colour(`color-mix(in srgb, ${css} 62%, var(--jp-carbon-paper))`);
      glyph.setv({ fill_color: { value: fill }, line_color: { value: colour(css) } });
    });
    this._shape.setv({
      fill_color: { value: colour('var(--jp-carbon-track)') },
      line_color: { value: ink }
    });
    this._window.setv({
      fill_color: brand,
      fill_alpha: 0.16,
      line_color: brand,
      line_alpha: 0.9
    });
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
  private _colours = '';
  private _data: Timed | null = null;
  private _seen: Seen = 'all';
  private _moving = false;
  private _drawnFor = 0;
  private _touched = -Infinity;
  private _frame = 0;
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
  const [red = 0, green = 0, blue = 0, alpha = 255] = context.getImageData(
    0,
    0,
    1,
    1
  ).data;
  return `rgba(${red}, ${green}, ${blue}, ${alpha / 255})`;
}

function columns(area: Outlines): { xs: number[][]; ys: number[][] } {
  return { xs: area.xs, ys: area.ys };
}
