/** Who watches a meter, and how closely. */
import type { CommandArgs } from './protocol';

/** How closely, as the kernel understands it. */
export type Rate = CommandArgs['watch']['rate'];

export class Watchers {
  /** Nothing is seen while the page is hidden, whoever watches. */
  hidden = false;

  /** Says how closely one of them watches. */
  set(who: string, rate: Rate): void {
    if (rate === 'off') {
      this._rates.delete(who);
    } else {
      this._rates.set(who, rate);
    }
  }

  /** How closely the closest of all watches. */
  get rate(): Rate {
    if (this.hidden || this._rates.size === 0) {
      return 'off';
    }
    return [...this._rates.values()].includes('live') ? 'live' : 'slow';
  }

  private readonly _rates = new Map<string, Exclude<Rate, 'off'>>();
}
