import type { Environment } from './environment.ts';
import { createHolds } from './spaces/holds.ts';
import type { Tabs } from './tabs.ts';

interface FlushTabsOptions {
  environment: Pick<Environment, 'locks'>;
  scope: string;
  tabs: Pick<Tabs, 'post' | 'subscribe'>;
  /** Writes what waits in this tab; never rejects. */
  flush: () => Promise<void>;
}

/** Has what waits to be saved by itself written in all tabs, this one among them. */
export interface FlushTabs {
  /** Resolves when all have written what they can; after a while in any case, since a tab may hang. */
  flush: () => Promise<void>;
  close: () => void;
}

const unsaved = 'unsaved';

/** Each tab holds what may be unsaved, and lets go of it for a moment when it is asked and has written. */
export function createFlushTabs({ environment, scope, tabs, flush }: FlushTabsOptions): FlushTabs {
  const holds = createHolds(environment, scope);
  let closed = false;
  const hold = () => {
    if (!closed) holds.hold(unsaved);
  };
  const unsubscribe = tabs.subscribe((message) => {
    if (message.type !== 'flush') return;
    void flush().then(() => {
      holds.letGo(unsaved);
      hold();
    });
  });
  hold();
  return {
    async flush() {
      holds.letGo(unsaved);
      // Waits in line before the others are asked: they hold again behind it.
      const released = holds.released(unsaved);
      tabs.post({ type: 'flush' });
      await Promise.all([flush(), released]);
      hold();
    },
    close() {
      closed = true;
      unsubscribe();
      holds.letGoOfAll();
    },
  };
}
