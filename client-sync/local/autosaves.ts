import type { Autosave, FlowsApi } from '../flow-types.ts';
import { createAutosave } from './autosave.ts';

/** The autosaves that are open, by which all that waits can be written at once. */
export interface Autosaves {
  open: (flowId: string, flows: Pick<FlowsApi, 'get' | 'save'>) => Autosave;
  /** Writes what is waiting, as far as it can be written. */
  flush: () => Promise<void>;
  /** Writes what is waiting and stops; rejects where something could not be written. */
  close: () => Promise<void>;
}

const defaultMilliseconds = 2_000;

export function createAutosaves(milliseconds = defaultMilliseconds): Autosaves {
  const open = new Set<Autosave>();
  return {
    open(flowId, { get, save }) {
      const created = createAutosave({
        flowId,
        milliseconds,
        get,
        save,
        onClose: () => open.delete(created),
      });
      open.add(created);
      return created;
    },
    async flush() {
      await Promise.allSettled([...open].map((autosave) => autosave.flush()));
    },
    async close() {
      const written = await Promise.allSettled([...open].map((autosave) => autosave.close()));
      const failed = written.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}
