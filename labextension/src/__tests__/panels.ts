/** A panel on a page, as tests see and use it; what it asks of its surroundings is kept. */
import './stand-ins';

import { afterEach, beforeEach, expect, vi } from 'vitest';

import { MeterModel } from '../model';
import type { Reply, Snapshot } from '../protocol';
import { ENGLISH, type Host, type PanelView } from '../view/host';
import { snapshot } from './messages';

const { panelView } = await import('../view/panel');

export const OK: Reply = { v: 1, kind: 'reply', seq: 9, id: 'x', ok: true, text: '' };

export let model: MeterModel;
export let view: PanelView;
export const sent: [string, unknown][] = [];
export const jumps: string[] = [];
export const loads: boolean[] = [];
/** How the kernel answers. */
export const kernel: { answer(name: string): Promise<Reply> } = {
  answer: () => Promise.resolve(OK)
};

export function host(): Host {
  return {
    model,
    trans: ENGLISH,
    settings: { alwaysLoad: false },
    command: (name, args) => {
      sent.push([name, args]);
      return kernel.answer(name);
    },
    load: always => {
      loads.push(always);
      return Promise.resolve();
    },
    jump: id => {
      jumps.push(id);
    },
    openTimeline: () => undefined
  };
}

/** Waits for the drawing of what has changed, parts of parts included. */
export async function drawn(): Promise<void> {
  for (let nth = 0; nth < 3; nth++) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
}

/** Waits for answers, and then for the drawing. */
export async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 0));
  await drawn();
}

export function find(selector: string): HTMLElement {
  const found = view.node.querySelector<HTMLElement>(selector);
  if (found === null) {
    throw new Error(`There is no ${selector}`);
  }
  return found;
}

export function input(selector: string): HTMLInputElement {
  const found = find(selector);
  if (!(found instanceof HTMLInputElement)) {
    throw new Error(`${selector} is no input`);
  }
  return found;
}

/** Sends a form as Enter in one of its inputs does. */
export function submit(selector: string): void {
  const form = find(selector);
  if (form instanceof HTMLFormElement) {
    form.requestSubmit();
  }
}

export function text(selector: string): string {
  return find(selector).textContent.replace(/\s+/g, ' ').trim();
}

export function buttonSaying(words: string): HTMLButtonElement {
  const found = Array.from(view.node.querySelectorAll('button')).find(
    each => each.textContent === words && each.closest('[hidden]') === null
  );
  if (found === undefined) {
    throw new Error(`No button says ${words}`);
  }
  return found;
}

export function isShown(selector: string): boolean {
  return find(selector).closest('[hidden]') === null;
}

/** Opens a part's form, which is loaded when it is first asked for. */
export async function openForm(words: string, part: string): Promise<void> {
  buttonSaying(words).click();
  await vi.waitFor(() => expect(isShown(`.jp-carbon-${part} form`)).toBe(true));
}

export async function live(more: Partial<Snapshot> = {}): Promise<void> {
  model.setStatus({ kind: 'live' });
  expect(model.receive(snapshot(more))).toBe('taken');
  await drawn();
}

/** Gives each test of a file a panel of its own. */
export function usePanel(): void {
  beforeEach(() => {
    sent.length = jumps.length = loads.length = 0;
    kernel.answer = () => Promise.resolve(OK);
    model = new MeterModel();
    view = panelView(host());
    document.body.append(view.node);
    view.show();
  });

  afterEach(() => {
    view.dispose();
    model.dispose();
    document.body.replaceChildren();
  });
}
