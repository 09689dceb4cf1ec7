import type { MeterModel } from '../model';
import type { Cell, SessionFigures, Shown } from '../protocol';
import {
  button,
  choice,
  el,
  section,
  setAttribute,
  setChildren,
  setShown,
  setStyle,
  setText
} from './dom';
import type { Host, Trans, View } from './host';
import { part } from './part';
import { barLength, cellName, cellNumber, inWords, pretty } from './words';

/** So many rows are shown at first. */
const ROWS = 8;
/** So many more are shown each time that more are asked for. */
const MORE = 50;

type Order = 'energy' | 'latest';

/** The list of cells. */
export interface CellsView extends View {
  /** Shows the row of one run, scrolls to it and gives it the focus. */
  reveal(key: number): void;
}

/** The session's cells: what each took, the running ones first; a click goes to the cell. */
export function cellsView(host: Host): CellsView {
  const { model, trans } = host;
  let by: Order = 'energy';
  let most = ROWS;
  let sorted: Cell[] = [];
  let wanted: number | null = null;
  const rows = new Map<number, Row>();
  const { node, side, body } = section(trans.__('Cells'), 'cells');
  const orders = choice<Order>(
    trans.__('Order of the cells'),
    [
      ['energy', trans.__('by energy')],
      ['latest', trans.__('latest')]
    ],
    chosen => {
      by = chosen;
      most = ROWS;
      sorted = [];
      orders.set(by);
      drawn.update();
    }
  );
  orders.set(by);
  side.append(orders.node);
  const list = el('tbody');
  const rest = restRow(trans);
  const digits = el('col', 'jp-carbon-run');
  const columns = el(
    'colgroup',
    '',
    digits,
    el('col'),
    el('col', 'jp-carbon-value'),
    el('col', 'jp-carbon-value jp-carbon-co2e')
  );
  const head = headRow(trans);
  const table = el(
    'table',
    'jp-carbon-rows',
    columns,
    head,
    list,
    el('tfoot', '', rest.node)
  );
  const more = button('', 'jp-carbon-link', () => {
    most += MORE;
    drawn.update();
  });
  const fewer = button(trans.__('show fewer'), 'jp-carbon-link', () => {
    most = ROWS;
    drawn.update();
  });
  const older = el('p', 'jp-carbon-sub');
  const none = el('p', 'jp-carbon-sub', trans.__('No cell has run yet.'));
  body.append(none, table, more, fewer, older);

  function draw(): void {
    const meter = model.meter;
    if (meter === null) {
      rows.clear();
      sorted = [];
      return;
    }
    const { cells, session, cells_left_out: leftOut } = meter;
    sorted = by === 'latest' ? latestFirst(cells) : byEnergy(sorted, cells, model);
    if (wanted !== null) {
      most = Math.max(most, sorted.findIndex(cell => cell.key === wanted) + 1);
    }
    const visible = sorted.slice(0, most);
    const keys = new Set(visible.map(cell => cell.key));
    for (const key of rows.keys()) {
      if (!keys.has(key)) {
        rows.delete(key);
      }
    }
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    setChildren(
      list,
      visible.map(cell => {
        const row = rows.get(cell.key) ?? cellRow(host);
        rows.set(cell.key, row);
        row.set(cell, session);
        return row.node;
      })
    );
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      focused.focus({ preventScroll: true });
    }
    rest.set(session);
    setShown(none, cells.length === 0 && leftOut === 0);
    setShown(head, cells.length > 0);
    const hidden = sorted.length - visible.length;
    setShown(more, hidden > 0);
    setText(
      more,
      hidden > MORE
        ? trans.__('show %1 of %2 more', MORE, hidden)
        : trans._n('show %1 more', 'show %1 more', hidden)
    );
    setShown(fewer, visible.length > ROWS);
    const longest = Math.max(3, ...visible.map(cell => cellNumber(cell).length));
    setStyle(digits, 'width', `${longest * 0.58 + 0.9}em`);
    setShown(older, leftOut > 0);
    setText(
      older,
      trans._n(
        '%1 older run is in the session’s figures and not in this list.',
        '%1 older runs are in the session’s figures and not in this list.',
        leftOut
      )
    );
    if (wanted !== null) {
      rows.get(wanted)?.reveal();
      wanted = null;
    }
  }

  const drawn = part({
    model,
    node,
    concerns: change => Boolean(change.cells ?? change.session),
    draw
  });
  return {
    node,
    show: () => drawn.show(),
    hide: () => drawn.hide(),
    dispose: () => drawn.dispose(),
    reveal: key => {
      wanted = key;
      drawn.update();
    }
  };
}

function latestFirst(cells: readonly Cell[]): Cell[] {
  return cells.slice().reverse();
}

/** Sorts by energy; begins from how they lay, which is nearly how they will lie. */
function byEnergy(
  before: readonly Cell[],
  cells: readonly Cell[],
  model: MeterModel
): Cell[] {
  const known = new Set<number>();
  const sorted: Cell[] = [];
  for (const { key } of before) {
    const cell = model.cell(key);
    if (cell !== null) {
      known.add(key);
      sorted.push(cell);
    }
  }
  sorted.push(...cells.filter(cell => !known.has(cell.key)));
  return sorted.sort(
    (one, other) =>
      Number(other.status === 'running') - Number(one.status === 'running') ||
      (other.energy_j.value ?? -1) - (one.energy_j.value ?? -1) ||
      other.key - one.key
  );
}

function headRow(trans: Trans): HTMLElement {
  const heads: [string, string][] = [
    [trans.__('Run'), 'jp-carbon-run'],
    [trans.__('Cell'), 'jp-carbon-what'],
    [trans.__('Energy'), 'jp-carbon-value'],
    [trans.__('CO₂e'), 'jp-carbon-value jp-carbon-co2e']
  ];
  const row = el(
    'tr',
    '',
    ...heads.map(([text, name]) => {
      const head = el('th', name, text);
      head.scope = 'col';
      return head;
    })
  );
  return el('thead', '', row);
}

interface Row {
  readonly node: HTMLElement;
  set(cell: Cell, session: SessionFigures): void;
  reveal(): void;
}

function cellRow(host: Host): Row {
  const { trans } = host;
  let shown: Cell | null = null;
  let largest: number | null = null;
  const number = el('td', 'jp-carbon-run');
  const jump = button('', 'jp-carbon-jump', () => {
    if (shown !== null) {
      host.jump(shown.id);
    }
  });
  const plain = el('span', 'jp-carbon-jump');
  const status = el('span', 'jp-carbon-status');
  const energy = el('td', 'jp-carbon-value');
  const co2e = el('td', 'jp-carbon-value jp-carbon-co2e');
  const node = el(
    'tr',
    '',
    number,
    el('td', 'jp-carbon-what', el('div', '', jump, plain, status)),
    energy,
    co2e
  );
  return {
    node,
    set: (cell, session) => {
      if (largest !== session.largest_cell_j || shown !== cell) {
        largest = session.largest_cell_j;
        setStyle(node, '--jp-carbon-share', barLength(cell.energy_j.value, largest));
      }
      if (shown === cell) {
        return;
      }
      shown = cell;
      const name = cellName(trans, cell);
      setText(number, cellNumber(cell));
      setText(jump, name);
      setText(plain, name);
      // A client that names no cells has none to go to.
      setShown(jump, cell.id !== '');
      setShown(plain, cell.id === '');
      const facts = [
        [inWords(cell.energy_j), cell.energy_j.range].filter(Boolean).join(' '),
        inWords(cell.co2e_g),
        cell.duration,
        cell.mean_w,
        cell.provenance
      ];
      const hint = `${name}\n${facts.filter(Boolean).join(' · ')}`;
      setAttribute(jump, 'title', hint);
      setAttribute(jump, 'aria-label', trans.__('Go to %1 %2', cellNumber(cell), name));
      const word = statusWord(trans, cell);
      setText(status, word);
      setShown(status, word !== '');
      setText(energy, inWords(cell.energy_j));
      setText(co2e, gasIn(cell.co2e_g));
      node.classList.toggle('jp-carbon-running', cell.status === 'running');
      node.classList.toggle(
        'jp-carbon-provisional',
        !cell.final && cell.status !== 'running'
      );
    },
    reveal: () => {
      node.scrollIntoView({ block: 'nearest' });
      jump.focus({ preventScroll: true });
      node.classList.remove('jp-carbon-flash');
      node.getBoundingClientRect(); // so that the animation begins anew
      node.classList.add('jp-carbon-flash');
    }
  };
}

function statusWord(trans: Trans, cell: Cell): string {
  switch (cell.status) {
    case 'error':
      return trans.__('error');
    case 'interrupted':
      return trans.__('interrupted');
    default:
      return '';
  }
}

/** A mass in a column whose head says of what; not twice in a row that nothing was measured. */
function gasIn(shown: Shown): string {
  return shown.unit === '' ? '' : inWords(shown).replace(` ${pretty('CO2e')}`, '');
}

function restRow(trans: Trans): {
  node: HTMLElement;
  set(session: SessionFigures): void;
} {
  const energy = el('td', 'jp-carbon-value');
  const co2e = el('td', 'jp-carbon-value jp-carbon-co2e');
  const head = el('td', 'jp-carbon-what', trans.__('between cells'));
  const node = el('tr', 'jp-carbon-rest', el('td', 'jp-carbon-run'), head, energy, co2e);
  return {
    node,
    set: session => {
      setText(energy, inWords(session.between_cells_j));
      setText(co2e, gasIn(session.between_cells_g));
    }
  };
}
