import type { Budget, Cell, Mark, Shown, Source, Watts } from '../protocol';
import { el, setAttribute, setShown, setText } from './dom';
import type { Trans } from './host';

/** Words and small figures that several parts show alike. */

/** A unit as it is printed: with the 2 of CO2e set low. */
export function pretty(text: string): string {
  return text.replace(/CO2/g, 'CO₂');
}

/** A figure in one string: '164 Wh', '< 0.02 Wh', 'not measured'. */
export function inWords(shown: Pick<Shown | Watts, 'number' | 'unit'>): string {
  return pretty(shown.unit === '' ? shown.number : `${shown.number} ${shown.unit}`);
}

/** A share in percent; what is neither none nor all never looks so. */
export function percent(share: number): string {
  const whole = Math.round(share * 100);
  if (whole === 0 && share > 0) {
    return '< 1 %';
  }
  if (whole === 100 && share < 1) {
    return '> 99 %';
  }
  return `${whole} %`;
}

/** How far a bar reaches, as a CSS length; 0 where there is nothing to compare. */
export function barLength(value: number | null, most: number | null): string {
  if (value === null || most === null || most <= 0 || value <= 0) {
    return '0%';
  }
  return `${Math.round(Math.min(1, value / most) * 1000) / 10}%`;
}

/** How a figure was got, as a word. */
export function markWord(trans: Trans, mark: Mark): string {
  switch (mark) {
    case 'measured':
      return trans.__('measured');
    case 'estimated':
      return trans.__('estimated');
    case 'mixed':
      return trans.__('partly estimated');
    case 'not measured':
      return trans.__('not measured');
  }
}

/** How an energy was got, as a line below it; empty where it was not measured. */
export function originWords(trans: Trans, provenance: string, energy: Shown): string {
  return energy.value === null || provenance === ''
    ? ''
    : trans.__('Origin: %1', provenance);
}

/** What a cell is called: its label, else the first words of its code. */
export function cellName(trans: Trans, cell: Cell): string {
  return (
    [cell.label ?? '', cell.title, trans.__('a cell')].find(name => name !== '') ?? ''
  );
}

/** A cell's number as the notebook shows it. */
export function cellNumber(cell: Cell): string {
  if (cell.status === 'running') {
    return '[*]';
  }
  return cell.execution_count === null ? '[ ]' : `[${cell.execution_count}]`;
}

/** The order in which sources are shown, from above: devices first, then what serves them. */
export function inOrder(sources: readonly Source[]): Source[] {
  const ranks = { gpu: 0, cpu: 1, memory: 2, other: 3 };
  return sources.slice().sort((one, other) => ranks[one.kind] - ranks[other.kind]);
}

/** The colour of each source, as CSS: one hue a kind, lighter for each further one. */
export function colours(sources: readonly Source[]): Map<string, string> {
  const seen = new Map<string, number>();
  const found = new Map<string, string>();
  for (const { id, kind } of sources) {
    const nth = seen.get(kind) ?? 0;
    seen.set(kind, nth + 1);
    const strength = 100 - (nth % 4) * 18;
    const colour = `var(--jp-carbon-${kind})`;
    found.set(
      id,
      nth % 4 === 0
        ? colour
        : `color-mix(in oklab, ${colour} ${strength}%, var(--jp-carbon-paper))`
    );
  }
  return found;
}

/** A big figure: number, unit, and range. */
export interface Figure {
  readonly node: HTMLElement;
  set(shown: {
    number: string;
    unit: string;
    range?: string;
    provisional?: boolean;
  }): void;
}

/** Makes a place for a figure. */
export function figure(size: 'big' | 'mid'): Figure {
  const number = el('span', 'jp-carbon-number');
  const unit = el('span', 'jp-carbon-unit');
  const range = el('span', 'jp-carbon-range');
  const node = el(
    'div',
    `jp-carbon-figure jp-carbon-${size}`,
    number,
    ' ',
    unit,
    ' ',
    range
  );
  return {
    node,
    set: shown => {
      setText(number, shown.number);
      setText(unit, pretty(shown.unit));
      setText(range, shown.range ?? '');
      setShown(range, (shown.range ?? '') !== '');
      node.classList.toggle('jp-carbon-unmeasured', shown.unit === '');
      node.classList.toggle('jp-carbon-provisional', shown.provisional === true);
    }
  };
}

/** Makes the mark of how a figure was got; by its word and its border, not by colour alone. */
export function tag(): { node: HTMLElement; set(word: string, kind: string): void } {
  const node = el('span', 'jp-carbon-tag');
  return {
    node,
    set: (word, kind) => {
      setText(node, word);
      setAttribute(node, 'data-kind', kind);
    }
  };
}

/** How a budget stands, in words. */
export function budgetWords(trans: Trans, budget: Budget): string {
  const used = pretty(trans.__('%1 of %2', budget.used, budget.limit));
  switch (budget.level) {
    case 'within':
      return used;
    case 'near':
      return trans.__('%1, nearly used up', used);
    case 'over':
      return trans.__('%1, used up', used);
  }
}

/** A power that is read off a chart: '312 W', '4.2 W', '1.5 kW'. */
export function watts(value: number): string {
  if (Math.abs(value) >= 10_000) {
    return `${Math.round(value / 100) / 10} kW`;
  }
  return `${Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value)} W`;
}

/** A moment as a time of day. */
export function clock(time_ms: number, seconds = false): string {
  return (seconds ? TO_THE_SECOND : TO_THE_MINUTE).format(time_ms);
}

const TO_THE_MINUTE = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23'
});
const TO_THE_SECOND = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23'
});
