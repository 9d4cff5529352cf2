import type { Flow } from '../../flow/flow.ts';
import { flowNotFound } from '../errors.ts';
import { createSignal } from '../signal.ts';
import type { Autosave, AutosaveState, FlowChange } from '../flow-types.ts';

interface AutosaveOptions {
  flowId: string;
  milliseconds: number;
  get: (id: string) => Promise<Flow | null>;
  save: (change: FlowChange) => Promise<Flow>;
  onClose: () => void;
}

type Patch = Parameters<Autosave['change']>[0];

/** Gathers changes of one flow and writes them when the user pauses; a flow that was never saved stays unsaved. */
export function createAutosave({ flowId, milliseconds, get, save, onClose }: AutosaveOptions): Autosave {
  const changed = createSignal<{ state: AutosaveState; error?: Error }>();
  let state: AutosaveState = 'idle';
  let waiting: Patch | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;
  const look = async () => (await get(flowId))?.revision;
  // What the user's changes are based on, so that edits from elsewhere are not overwritten unseen.
  let seen: Promise<string | undefined> = look();
  seen.catch(() => {});

  const become = (next: AutosaveState, error?: Error) => {
    state = next;
    changed.emit({ state, ...(error ? { error } : {}) });
  };
  const write = async () => {
    const patch = waiting;
    if (patch === null) return;
    // The next key may come before this is written, and see more than what is written now is based on.
    const base = seen;
    waiting = null;
    try {
      const current = await get(flowId);
      // What could not be read then is read now.
      const known = await base.catch(look);
      if (!current && known === undefined) {
        become('idle');
        return;
      }
      // Deleted for good elsewhere: what was typed is not thrown away unseen.
      if (!current) throw flowNotFound(flowId);
      become('saving');
      const revision = known ?? current.revision;
      const flow = await save({ ...patch, id: flowId, ...(revision === undefined ? {} : { revision }) });
      seen = Promise.resolve(flow.revision);
      if (waiting === null) become('saved');
    } catch (error) {
      waiting = { ...patch, ...(waiting as Patch | null) };
      seen = base;
      become('error', error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    const next = writing.catch(() => {}).then(write);
    writing = next;
    next.catch(() => {});
    return next;
  };
  return {
    change(patch) {
      if (closed) return;
      if (waiting === null && state !== 'saving' && state !== 'error') {
        // A pause in typing: the user has seen what is shown now.
        seen = look();
        seen.catch(() => {});
      }
      waiting = { ...waiting, ...patch };
      clearTimeout(timer);
      timer = setTimeout(() => void flush().catch(() => {}), milliseconds);
    },
    flush,
    state: () => state,
    subscribe: (listener) => changed.subscribe((event) => listener(event.state, event.error)),
    async close() {
      if (closed) return;
      closed = true;
      onClose();
      await flush();
    },
  };
}
