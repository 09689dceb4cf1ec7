import type { Cell, Shown } from '../protocol';
import { button, el, setAttribute, setShown, setStyle, setText } from './dom';
import type { Trans } from './host';
import { barLength, inWords } from './words';

/** A figure in the words of the kernel, and for its bar the value that they stand for. */
export type Words = Pick<Shown, 'number' | 'unit' | 'value'>;

/** What a badge says of the last run of a cell. */
export interface BadgeFigures {
  readonly duration: string;
  readonly energy: Words;
  readonly co2e: Words;
  /** `kept`: of an earlier session, as the notebook has it. */
  readonly status: Cell['status'] | 'kept';
  /** More for who points at it; may be empty. */
  readonly hint: string;
}

/** What lies under a cell. */
export interface Badge {
  readonly node: HTMLElement;
  set(figures: BadgeFigures): void;
  /** Draws the bar against the most that a cell of the session took. */
  setLargest(largest_j: number | null): void;
}

/** What the badge of a run says. */
export function figuresOf(cell: Cell): BadgeFigures {
  const { energy_j: energy, co2e_g: co2e } = cell;
  const name = [cell.label ?? '', inWords(energy), energy.range].filter(Boolean);
  return {
    duration: cell.duration,
    energy,
    co2e,
    status: cell.status,
    hint: [name.join(' '), cell.mean_w, cell.provenance].filter(Boolean).join('\n')
  };
}

/** Makes the badge of a cell: how long its last run took, how much energy, how much CO2e. */
export function badge(trans: Trans, onOpen: () => void): Badge {
  const duration = el('span', 'jp-carbon-badge-duration');
  const track = el('span', 'jp-carbon-badge-bar');
  const energy = el('span', 'jp-carbon-badge-energy jp-carbon-number');
  const co2e = el('span', 'jp-carbon-badge-co2e');
  const status = el('span', 'jp-carbon-badge-status');
  const open = button('', 'jp-carbon-badge-figures', onOpen);
  open.append(status, duration, track, energy, co2e);
  const node = el('div', 'jp-carbon jp-carbon-badge', open);
  let shown: BadgeFigures | null = null;
  let largest: number | null = null;

  function drawBar(): void {
    const value = shown?.energy.value ?? null;
    // Of a figure that is only known to be small no length is known.
    const length =
      shown === null || shown.status === 'kept' || isBound(shown.energy)
        ? '0%'
        : barLength(value, largest);
    setShown(track, length !== '0%');
    setStyle(track, '--jp-carbon-share', length);
  }

  return {
    node,
    set: figures => {
      shown = figures;
      const small = isBound(figures.energy);
      const unmeasured = figures.energy.unit === '';
      const word = statusWord(trans, figures.status);
      setText(status, word);
      setShown(status, word !== '');
      setText(duration, figures.duration);
      setText(energy, inWords(figures.energy));
      setText(co2e, inWords(figures.co2e));
      setShown(co2e, !small && !unmeasured && figures.co2e.unit !== '');
      energy.classList.toggle('jp-carbon-unmeasured', unmeasured);
      const running = figures.status === 'running';
      node.classList.toggle('jp-carbon-badge-running', running);
      node.classList.toggle('jp-carbon-badge-kept', figures.status === 'kept');
      open.disabled = figures.status === 'kept';
      setAttribute(open, 'aria-label', sentence(trans, figures));
      setAttribute(node, 'title', figures.hint === '' ? null : figures.hint);
      drawBar();
    },
    setLargest: largest_j => {
      if (largest !== largest_j) {
        largest = largest_j;
        drawBar();
      }
    }
  };
}

/** Whether the figure is only known to be below a bound. */
function isBound(words: Words): boolean {
  return words.number.startsWith('<');
}

function statusWord(trans: Trans, status: BadgeFigures['status']): string {
  switch (status) {
    case 'kept':
      return trans.__('earlier session');
    case 'error':
      return trans.__('error');
    case 'interrupted':
      return trans.__('interrupted');
    default:
      return '';
  }
}

function sentence(trans: Trans, figures: BadgeFigures): string {
  const { duration, status } = figures;
  const energy = inWords(figures.energy);
  const co2e = inWords(figures.co2e);
  const parts = figures.co2e.unit === '' ? energy : `${energy}, ${co2e}`;
  switch (status) {
    case 'running':
      return trans.__('This cell runs: so far %1, %2', duration, parts);
    case 'error':
      return trans.__('This cell ended in an error after %1: %2', duration, parts);
    case 'interrupted':
      return trans.__('This cell was interrupted after %1: %2', duration, parts);
    case 'kept':
      return trans.__('In an earlier session this cell took %1: %2', duration, parts);
    case 'ok':
      return trans.__('The last run of this cell took %1: %2', duration, parts);
  }
}
