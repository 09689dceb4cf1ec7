import type { MeterModel } from '../model';
import type { Notice } from '../protocol';
import { button, el } from './dom';
import type { Host, View } from './host';

/** So many notices stand at once; older ones go. */
const MOST = 3;

/** What the kernel has to say once, such as a budget that is used up; each can be put away. */
export function noticesView(host: Host): View {
  return new Notices(host);
}

class Notices implements View {
  constructor(private readonly _host: Host) {
    // Notices come whether the panel is seen or not, and stand until read.
    _host.model.noticed.connect(this._onNoticed, this);
  }

  readonly node = el('div', 'jp-carbon-notices');

  show(): void {
    this.node.hidden = false;
  }

  hide(): void {
    this.node.hidden = true;
  }

  dispose(): void {
    this._host.model.noticed.disconnect(this._onNoticed, this);
    this.node.remove();
  }

  private _onNoticed(_model: MeterModel, notice: Notice): void {
    for (const each of Array.from(this.node.children)) {
      if (each instanceof HTMLElement && each.dataset.notice === notice.id) {
        each.remove();
      }
    }
    const { trans } = this._host;
    const close = button('×', 'jp-carbon-icon', () => entry.remove());
    close.setAttribute('aria-label', trans.__('Dismiss'));
    const entry = el(
      'div',
      'jp-carbon-notice',
      el('span', 'jp-carbon-noticetext', notice.text),
      close
    );
    entry.setAttribute('role', notice.level === 'info' ? 'status' : 'alert');
    entry.dataset.level = notice.level;
    entry.dataset.notice = notice.id;
    this.node.prepend(entry);
    while (this.node.children.length > MOST) {
      this.node.lastElementChild?.remove();
    }
  }
}
