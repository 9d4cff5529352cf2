import type { Environment } from './environment.ts';
import { createSignal } from './signal.ts';
import type { SharedFacts } from './status/sync-facts.ts';

type Message =
  | { type: 'hello' }
  /** The sender has become the tab that syncs. */
  | { type: 'leading' }
  | { type: 'facts'; facts: SharedFacts }
  | { type: 'session' }
  /** Asks the others to write what waits there to be saved. */
  | { type: 'flush' }
  | { type: 'pause'; paused: boolean }
  | { type: 'sync'; request: string }
  | { type: 'synced'; request: string; error?: { code: string; message: string } };

/** What the tabs of one browser tell each other. Without a channel each tab is alone. */
export interface Tabs {
  post: (message: Message) => void;
  subscribe: (listener: (message: Message) => void) => () => void;
  /** Asks the tab that syncs to sync now; null where no tab answers in time or until `signal`. */
  requestSync(
    request: string,
    milliseconds: number,
    signal: AbortSignal,
  ): Promise<{ error?: { code: string; message: string } } | null>;
  close: () => void;
}

export function createTabs(environment: Environment, name: string): Tabs {
  const channel = environment.openChannel(name);
  const heard = createSignal<Message>();
  channel?.onMessage((message) => heard.emit(message as Message));
  let closed = false;
  const post = (message: Message) => {
    if (!closed) channel?.post(message);
  };
  return {
    post,
    subscribe: heard.subscribe,
    requestSync: (request, milliseconds, signal) =>
      new Promise((resolve) => {
        const finish = (answer: { error?: { code: string; message: string } } | null) => {
          clearTimeout(timer);
          unsubscribe();
          resolve(answer);
        };
        const timer = setTimeout(() => finish(null), milliseconds);
        const unsubscribe = heard.subscribe((message) => {
          if (message.type === 'synced' && message.request === request) finish(message);
          // The tab that was asked may have closed; this one has not heard of it.
          if (message.type === 'leading') post({ type: 'sync', request });
        });
        signal.addEventListener('abort', () => finish(null));
        post({ type: 'sync', request });
      }),
    close() {
      closed = true;
      channel?.close();
    },
  };
}
