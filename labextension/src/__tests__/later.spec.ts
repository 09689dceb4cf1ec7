import './stand-ins';

import { expect, it, vi } from 'vitest';

import { MeterModel } from '../model';
import { el } from '../view/dom';
import type { InlineForm } from '../view/form';
import { ENGLISH, type Host } from '../view/host';
import { later } from '../view/later';
import { answerLine } from '../view/send';

const host: Host = {
  model: new MeterModel(),
  trans: ENGLISH,
  settings: { alwaysLoad: false },
  command: () => Promise.reject(new Error('Nobody is there.')),
  load: () => Promise.resolve(),
  jump: () => undefined,
  openTimeline: () => undefined
};

it('loads a form once, however often one asks meanwhile', async () => {
  const form: InlineForm = { node: el('form'), toggle: vi.fn(), close: vi.fn() };
  const load = vi.fn(() => Promise.resolve(form));
  const place = later(host, answerLine(), load);
  const opener = el('button');
  place.close();
  place.toggle(opener);
  place.toggle(opener);
  await vi.waitFor(() => expect(form.toggle).toHaveBeenCalledExactlyOnceWith(opener));
  expect(place.node.firstChild).toBe(form.node);
  place.toggle(opener);
  expect(form.toggle).toHaveBeenCalledTimes(2);
  expect(load).toHaveBeenCalledTimes(1);
});

it('says that a form could not be loaded, and tries again', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const load = vi.fn(() => Promise.reject<InlineForm>(new Error('404')));
  const answer = answerLine();
  const place = later(host, answer, load);
  place.toggle(el('button'));
  await vi.waitFor(() => expect(answer.textContent).toContain('could not be loaded'));
  expect(answer.getAttribute('role')).toBe('alert');
  place.toggle(el('button'));
  expect(load).toHaveBeenCalledTimes(2);
  await vi.waitFor(() => expect(said).toHaveBeenCalledTimes(2));
  said.mockRestore();
});
