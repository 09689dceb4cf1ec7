/** What a link asks of a kernel besides the comm: its language, and to load the meter. */
import type { Kernel } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';

import type { Trans } from './view/host';
import { within } from './within';

const LOAD = '%load_ext jupyter_carbon';
/** Languages whose kernels are IPython's, or take its magics. */
const LANGUAGES = new Set(['python', 'ipython', 'sage', 'sagemath']);

/** Whether the meter can be in a kernel of this language; where nobody says, it may be. */
export function isMetered(language: string): boolean {
  return language === '' || LANGUAGES.has(language.toLowerCase());
}

/** Waits until the page's connection to a kernel stands or has failed, but not for ever. */
export async function untilConnected(
  kernel: Kernel.IKernelConnection,
  patience_ms: number
): Promise<void> {
  const settled = new PromiseDelegate<void>();
  const look = (): void => {
    if (kernel.connectionStatus !== 'connecting') {
      settled.resolve();
    }
  };
  kernel.connectionStatusChanged.connect(look);
  look();
  await within(settled.promise, patience_ms);
  kernel.connectionStatusChanged.disconnect(look);
}

/** The language of a kernel; empty if nobody says. */
export async function languageOf(kernel: Kernel.IKernelConnection): Promise<string> {
  try {
    const spec = await kernel.spec;
    return spec?.language ?? (await kernel.info).language_info.name;
  } catch {
    return '';
  }
}

/** Loads the meter without a trace in the notebook; the reason if that failed, as a sentence. */
export async function loadMeter(
  kernel: Kernel.IKernelConnection,
  trans: Trans
): Promise<string | null> {
  try {
    const { content } = await kernel.requestExecute({
      code: LOAD,
      silent: true,
      store_history: false,
      allow_stdin: false,
      stop_on_error: false
    }).done;
    if (content.status === 'ok') {
      return null;
    }
    if (content.status !== 'error') {
      return trans.__('The kernel was interrupted before the meter was loaded.');
    }
    const { ename, evalue } = content;
    return ename === 'ModuleNotFoundError' && evalue.includes("'jupyter_carbon'")
      ? trans.__(
          "The kernel's Python has no jupyter_carbon. Install it there: %pip install jupyter-carbon"
        )
      : `${ename}: ${evalue}`;
  } catch {
    return trans.__('The kernel went away before the meter was loaded.');
  }
}
