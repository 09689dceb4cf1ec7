/** The user's settings, as the rest of the extension reads them. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Settings } from './view/host';

/** Each setting with its default; schema/plugin.json says what they mean. */
const DEFAULTS = {
  alwaysLoad: false,
  badges: true,
  saveBadges: false,
  statusBar: true,
  notify: true
};

type Values = typeof DEFAULTS;

/** The settings; the defaults where the application has none. */
export class CarbonSettings implements Settings, IDisposable {
  /** Emitted after one is different. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get alwaysLoad(): boolean {
    return this._values.alwaysLoad;
  }

  get badges(): boolean {
    return this._values.badges;
  }

  get saveBadges(): boolean {
    return this._values.saveBadges;
  }

  get statusBar(): boolean {
    return this._values.statusBar;
  }

  /** Whether budgets' warnings are shown as notifications. */
  get notify(): boolean {
    return this._values.notify;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Follows what the application has stored. */
  follow(stored: ISettingRegistry.ISettings): void {
    this._stored = stored;
    stored.changed.connect(this._read, this);
    this._read();
  }

  /** Changes a setting for good. */
  async set<K extends keyof Values>(key: K, value: Values[K]): Promise<void> {
    if (this._stored === null) {
      this._values = { ...this._values, [key]: value };
      this._changed.emit();
      return;
    }
    await this._stored.set(key, value);
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._stored?.changed.disconnect(this._read, this);
      Signal.clearData(this);
    }
  }

  private _read(): void {
    const composite = this._stored?.composite ?? {};
    const values = { ...DEFAULTS };
    let different = false;
    for (const key of Object.keys(DEFAULTS) as (keyof Values)[]) {
      const value = composite[key];
      if (typeof value === 'boolean') {
        values[key] = value;
      }
      different ||= values[key] !== this._values[key];
    }
    this._values = values;
    if (different) {
      this._changed.emit();
    }
  }

  private _stored: ISettingRegistry.ISettings | null = null;
  private _values: Values = { ...DEFAULTS };
  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
