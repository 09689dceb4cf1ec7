import type { Change, MeterModel } from '../model';
import type { View } from './host';

/** What makes an element a view of the model. */
export interface PartOptions {
  readonly model: MeterModel;
  readonly node: HTMLElement;
  /** Whether a change is seen in this part. */
  concerns(change: Change): boolean;
  /** Draws what the model says now; called once a frame at most, and never while hidden. */
  draw(): void;
  /** At least so many milliseconds lie between two drawings; 0 if not given. */
  pause?(): number;
  /** Lets go of what the part holds besides its element. */
  release?(): void;
}

/** A view that draws itself when the model has changed. */
export interface Part extends View {
  readonly shown: boolean;
  readonly isDisposed: boolean;
  /** Asks for a drawing in the next frame, after the pause between two if there is one. */
  update(): void;
  /** Asks for a drawing in the next frame: the user has asked for it. */
  updateNow(): void;
}

/** Makes a part: a change marks it, the next frame draws it, and hidden it costs nothing. */
export function part(options: PartOptions): Part {
  return new DrawnPart(options);
}

class DrawnPart implements Part {
  constructor(private readonly _options: PartOptions) {
    this.node = _options.node;
  }

  readonly node: HTMLElement;

  get shown(): boolean {
    return this._shown;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  show(): void {
    if (this._isDisposed || this._shown) {
      return;
    }
    this._shown = true;
    this._drawnAt = -Infinity;
    this._options.model.changed.connect(this._onChanged, this);
    this.update();
  }

  hide(): void {
    if (!this._shown) {
      return;
    }
    this._shown = false;
    this._options.model.changed.disconnect(this._onChanged, this);
    this._cancel();
  }

  update(): void {
    if (!this._shown || this._frame !== 0 || this._timer !== 0) {
      return;
    }
    const pause = this._options.pause?.() ?? 0;
    const wait = this._drawnAt + pause - performance.now();
    if (wait > 0) {
      this._timer = window.setTimeout(() => {
        this._timer = 0;
        this._ask();
      }, wait);
    } else {
      this._ask();
    }
  }

  updateNow(): void {
    this._cancel();
    this._drawnAt = -Infinity;
    this.update();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this.hide();
    this._isDisposed = true;
    this._options.release?.();
    this.node.remove();
  }

  private _onChanged(_model: MeterModel, change: Change): void {
    if (this._options.concerns(change)) {
      this.update();
    }
  }

  private _ask(): void {
    this._frame = requestAnimationFrame(() => {
      this._frame = 0;
      this._drawnAt = performance.now();
      this._options.draw();
    });
  }

  private _cancel(): void {
    cancelAnimationFrame(this._frame);
    window.clearTimeout(this._timer);
    this._frame = 0;
    this._timer = 0;
  }

  private _shown = false;
  private _isDisposed = false;
  private _frame = 0;
  private _timer = 0;
  private _drawnAt = -Infinity;
}
