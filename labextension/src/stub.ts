import type { Rendered, WidgetModel } from './widget';

/**
 * The module of a cell's widget. A page imports a widget's module anew for each widget and
 * never lets go of it, and a notebook has many cells: so this one is small, and takes what
 * draws from one more widget, once a page.
 */

interface Library {
  get(name: string): unknown;
}

interface StubModel extends WidgetModel {
  widget_manager?: { get_model(id: string): Promise<Library> };
}

interface Code {
  default: { render(rendered: Rendered): () => void };
}

const KEY = Symbol.for('jupyter_carbon.widget');
const page = globalThis as { [KEY]?: Map<string, Promise<Code>> };

async function render({
  model,
  el
}: {
  model: StubModel;
  el: HTMLElement;
}): Promise<() => void> {
  try {
    const code = await codeOf(model);
    return code.default.render({ model, el });
  } catch (error) {
    console.warn('jupyter_carbon: the card cannot be drawn, its text is shown.', error);
    return renderText({ model, el });
  }
}

function codeOf(model: StubModel): Promise<Code> {
  const digest = String(model.get('_digest'));
  const known = (page[KEY] ??= new Map<string, Promise<Code>>());
  let code = known.get(digest);
  if (code === undefined) {
    code = load(model);
    known.set(digest, code);
    code.catch(() => known.delete(digest));
  }
  return code;
}

async function load(model: StubModel): Promise<Code> {
  const id = String(model.get('_library')).replace('IPY_MODEL_', '');
  const library = await model.widget_manager?.get_model(id);
  const blob = new Blob([String(library?.get('_esm'))], { type: 'text/javascript' });
  const url = URL.createObjectURL(blob);
  try {
    return (await import(url)) as Code;
  } finally {
    URL.revokeObjectURL(url);
  }
}

function renderText({ model, el }: Rendered): () => void {
  const draw = () => {
    const text = model.get('text');
    el.textContent = typeof text === 'string' ? text : '';
  };
  draw();
  model.on('change:text', draw);
  return () => model.off('change:text', draw);
}

export default { render };
