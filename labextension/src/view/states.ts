import { button, el, setAttribute, setShown, setText } from './dom';
import { checkbox } from './fields';
import type { Host, Trans, View } from './host';
import { icon, type IconName } from './icons';
import { part } from './part';
import { answerLine, say, send } from './send';

/** How the page stands with the meter, as the panel shows it. */
interface Standing {
  /** What kind of thing it is, for the sign beside it. */
  readonly tone: 'empty' | 'waits' | 'trouble' | 'paused' | 'quiet';
  readonly title: string;
  readonly text: string;
  /** What can be done about it. */
  readonly action?: 'load' | 'resume' | 'refresh';
}

const SIGNS: Record<Standing['tone'], IconName> = {
  empty: 'bolt',
  waits: 'wait',
  trouble: 'alert',
  paused: 'pause',
  quiet: 'moon'
};

/** Says why there are no figures, or why they stand still, and offers what helps. */
export function statesView(host: Host): View {
  const { model, trans } = host;
  const sign = el('span', 'jp-carbon-sign');
  sign.setAttribute('aria-hidden', 'true');
  const title = el('h3', 'jp-carbon-statetitle');
  const text = el('p', 'jp-carbon-statetext');
  const always = checkbox(trans.__('always load it in Python kernels'));
  always.input.checked = host.settings.alwaysLoad;
  const answer = answerLine();
  const act = button('', 'jp-carbon-button jp-carbon-primary', () => {
    void onAct();
  });
  const node = el(
    'div',
    'jp-carbon-state',
    sign,
    el('div', 'jp-carbon-statebody', title, text, act, always.node, answer)
  );
  let action: Standing['action'];

  async function onAct(): Promise<void> {
    act.disabled = true;
    if (action === 'load') {
      try {
        await host.load(always.input.checked);
      } catch (error) {
        say(answer, error instanceof Error ? error.message : '', 'refused');
      }
    } else if (action !== undefined) {
      await send(host, answer, action, {});
    }
    act.disabled = false;
  }

  function draw(): void {
    const standing = standingOf(host);
    setShown(node, standing !== null);
    if (standing === null) {
      say(answer, '', 'done');
      return;
    }
    // Over figures it is a line, without them it is all there is.
    node.classList.toggle(
      'jp-carbon-whole',
      model.meter === null || standing.tone === 'empty'
    );
    if (node.dataset.tone !== standing.tone) {
      node.dataset.tone = standing.tone;
      sign.replaceChildren(icon(SIGNS[standing.tone]));
    }
    setAttribute(node, 'role', standing.tone === 'trouble' ? 'alert' : 'status');
    setText(title, standing.title);
    setText(text, standing.text);
    setShown(text, standing.text !== '');
    if (action !== standing.action) {
      say(answer, '', 'done');
    }
    action = standing.action;
    setShown(act, action !== undefined);
    setText(
      act,
      model.status.kind === 'load-failed'
        ? trans.__('Try again')
        : actionWords(trans, action)
    );
    setShown(always.node, action === 'load');
  }

  return part({
    model,
    node,
    concerns: change => Boolean(change.status ?? change.state ?? change.meter),
    draw
  });
}

function actionWords(trans: Trans, action: Standing['action']): string {
  switch (action) {
    case 'load':
      return trans.__('Load the meter');
    case 'resume':
      return trans.__('Resume');
    case 'refresh':
      return trans.__('Look now');
    case undefined:
      return '';
  }
}

/** What is to be said of the link to the kernel; null where all is as it should be. */
function standingOf({ model, trans }: Host): Standing | null {
  const { status } = model;
  switch (status.kind) {
    case 'no-notebook':
      return {
        tone: 'empty',
        title: trans.__('No notebook is open'),
        text: trans.__(
          'Open a notebook or a console: what its kernel takes is shown here.'
        )
      };
    case 'no-kernel':
      return {
        tone: 'empty',
        title: trans.__('No kernel is running'),
        text: trans.__(
          'Start a Python kernel for this notebook, and its meter shows here.'
        )
      };
    case 'foreign':
      return {
        tone: 'empty',
        title: trans.__('This kernel speaks %1', status.language),
        text: trans.__('The meter runs inside Python kernels, and only there.')
      };
    case 'connecting':
      return {
        tone: 'waits',
        title: trans.__('Connecting to the meter…'),
        text: model.busyKernel
          ? trans.__('The kernel is busy; it may answer only when the running cell ends.')
          : ''
      };
    case 'not-loaded':
      return {
        tone: 'empty',
        title: trans.__('The meter is not loaded'),
        text: status.busy
          ? trans.__(
              'This kernel does not count yet. It is busy: loading waits for the running cell.'
            )
          : trans.__(
              'This kernel does not count yet. Running %load_ext jupyter_carbon does the same.'
            ),
        action: 'load'
      };
    case 'loading':
      return {
        tone: 'waits',
        title: trans.__('Loading the meter…'),
        text: model.busyKernel ? trans.__('It begins when the running cell ends.') : ''
      };
    case 'load-failed':
      return {
        tone: 'trouble',
        title: trans.__('The meter could not be loaded'),
        text: status.reason,
        action: 'load'
      };
    case 'restarting':
      return {
        tone: 'waits',
        title: trans.__('The kernel restarts…'),
        text: model.meter
          ? trans.__('Below is what was last heard of the session before.')
          : ''
      };
    case 'dead':
      return {
        tone: 'trouble',
        title: trans.__('The kernel is dead'),
        text: model.meter
          ? trans.__('Below is what was last heard of it. Restart the kernel to go on.')
          : trans.__('Restart the kernel to go on.')
      };
    case 'mismatch':
      return {
        tone: 'trouble',
        title: trans.__('The kernel’s meter is of another version'),
        text: trans.__(
          'It speaks version %1 of the messages, this page another. Install the same jupyter_carbon for the kernel and for JupyterLab, then reload the page and restart the kernel.',
          status.theirs
        )
      };
    case 'no-comms':
      return {
        tone: 'trouble',
        title: trans.__('The meter is shown elsewhere'),
        text: trans.__(
          'This view shares its kernel with another, and only that one may talk to the meter. The figures are there; if it has been closed, reload the page.'
        )
      };
    case 'live':
      return liveStanding(model.meter?.state, trans);
  }
}

function liveStanding(
  state: { paused: boolean; resting: boolean } | undefined,
  trans: Trans
): Standing | null {
  if (state === undefined) {
    return { tone: 'waits', title: trans.__('Connecting to the meter…'), text: '' };
  }
  if (state.paused) {
    return {
      tone: 'paused',
      title: trans.__('Paused'),
      text: trans.__('Nothing is counted until you resume.'),
      action: 'resume'
    };
  }
  if (state.resting) {
    return {
      tone: 'quiet',
      title: trans.__('Resting while the kernel is idle'),
      text: trans.__('The account goes on; figures move again when a cell runs.'),
      action: 'refresh'
    };
  }
  return null;
}
