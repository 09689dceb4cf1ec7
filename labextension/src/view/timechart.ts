import { TimeFigure } from './bokeh';
import { roundTop } from './scale';
import { highest, outlines, silhouette, thinned, type Strips } from './strips';
import { LEAST_MS, moved, partOf, seenAs, type Extent, type Seen } from './timemoves';

/** A cell's span of time. */
export interface Span extends Extent {
  readonly key: number;
}

/** What the chart shows. */
export interface Timed extends Extent {
  readonly course: Strips;
  /** A colour a source, as CSS. */
  readonly colours: readonly string[];
  readonly spans: readonly Span[];
}

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

/** So long after a touch a movement is the user's. */
const TOUCH_MS = 1000;
/** A cell can be pointed at if it is this wide, in pixels. */
const POINTABLE = 3;

/** Makes the interactive chart of a session. */
export function timeChart(options: TimeChartOptions): TimeChart {
  return new SessionChart(options);
}

/** Knows which part of the session is seen, and draws as much of it as can be. */
class SessionChart implements TimeChart {
  constructor(private readonly _options: TimeChartOptions) {
    this._figure = new TimeFigure({
      describe: _options.describe,
      onMoved: () => this._onMoved(),
      onResized: () => this._drawTimes()
    });
    this.node = this._figure.node;
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
  }

  readonly node: HTMLElement;

  get span(): number {
    const { from, to } = this._figure.part;
    return to - from;
  }

  draw(data: Timed): void {
    if (this._abort.signal.aborted) {
      return;
    }
    const before = this._data;
    this._data = data;
    this._drawAreas(data);
    this._figure.setWhole(data, LEAST_MS);
    if (before === null || this._seen !== 'still') {
      this._follow();
    }
    this._drawPart();
  }

  look(seen: Seen): void {
    this._seen = seen;
    this._follow();
    this._drawPart();
  }

  dispose(): void {
    if (this._abort.signal.aborted) {
      return;
    }
    this._abort.abort();
    cancelAnimationFrame(this._frame);
    this._figure.dispose();
  }

  private _drawAreas(data: Timed): void {
    const { course, colours, from, to } = data;
    const span = this._aim(data);
    this._drawnFor = span;
    this._figure.setAreas(outlines(thinned(course, this._pixel(span))), colours);
    const whole = silhouette(thinned(course, this._pixel(to - from)));
    this._figure.setOverview(whole, roundTop(highest(course, from, to)));
  }

  /** The span that will be seen once this is drawn. */
  private _aim(data: Timed): number {
    const whole = data.to - data.from;
    const seen = this._seen === 'all' ? whole : this._seen;
    return seen === 'still' ? this.span : Math.min(seen, whole);
  }

  /** The milliseconds of about a pixel. */
  private _pixel(span: number): number {
    return span / Math.max(400, this._figure.width);
  }

  /** Goes along with the session's end, if that is what is looked at. */
  private _follow(): void {
    const { _data: data, _seen: seen } = this;
    if (data === null || seen === 'still') {
      return;
    }
    this._moving = true;
    this._figure.setPart(partOf(seen, data));
    this._moving = false;
  }

  /** Draws the areas as finely as can be seen, if that is no more how they are drawn. */
  private _refine(data: Timed): void {
    const { span } = this;
    if (span < this._drawnFor / 1.5 || span > this._drawnFor * 1.5) {
      this._drawAreas(data);
    }
  }

  /** What depends on the part that is seen: heights, marks, and how wide a cell must be. */
  private _drawPart(): void {
    const data = this._data;
    if (data === null) {
      return;
    }
    this._refine(data);
    const { from: start, to: end } = this._figure.part;
    this._figure.setTop(roundTop(highest(data.course, start, end)));
    const least = ((end - start) / Math.max(200, this._figure.width)) * POINTABLE;
    this._figure.setBands(
      data.spans
        .filter(({ from, to }) => to >= start && from <= end)
        .map(({ key, from, to }) => ({ key, from, to: Math.max(to, from + least) }))
    );
    this._drawTimes();
  }

  private _drawTimes(): void {
    if (this._data !== null) {
      this._figure.drawTimes(this._data);
    }
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
    const seen = seenAs(this._figure.part, data);
    if (seen !== this._seen) {
      this._seen = seen;
      this._options.onSeen(seen);
    }
    if (this._frame === 0) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._drawPart();
      });
    }
  }

  private _onKey(event: KeyboardEvent): void {
    const data = this._data;
    if (data === null || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const part = moved(event.key, this._figure.part, data);
    if (part === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this._touched = performance.now();
    this._figure.setPart(part);
  }

  private readonly _figure: TimeFigure;
  private readonly _abort = new AbortController();
  private _data: Timed | null = null;
  private _seen: Seen = 'all';
  private _moving = false;
  private _drawnFor = 0;
  private _touched = -Infinity;
  private _frame = 0;
}
