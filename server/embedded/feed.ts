import { sendPart, type Call } from './call.ts';

/** What an open feed listens to. */
export interface FeedSource {
  onWrite(listener: () => void): () => void;
  onDelete?(listener: () => void): () => void;
}

/** An answer that stays open: headers at once, heartbeats, an end at the timeout or when the client leaves. */
export interface Feed {
  readonly open: boolean;
  /** Resolves true at the next write, false when the feed is over. Ask before reading, so that none is missed. */
  nextWrite(): Promise<boolean>;
  /** Resolves when the client can take more. */
  write(text: string): Promise<void>;
  end(text: string): void;
}

const defaultTimeout = 60_000;
const longestTimer = 2_147_483_647;

function times(call: Call): { heartbeat: number | null; timeout: number | null } {
  const heartbeat = call.query.get('heartbeat');
  const timeout = call.query.get('timeout');
  if (heartbeat !== undefined) {
    // Shorter ones would only keep both sides busy; CouchDB lets a heartbeat override the timeout.
    const wanted = heartbeat === 'true' || Number(heartbeat) === 0 ? defaultTimeout : Number(heartbeat);
    return { heartbeat: Math.min(Math.max(wanted, 100), longestTimer), timeout: null };
  }
  return {
    heartbeat: null,
    timeout: Math.min(timeout === undefined ? defaultTimeout : Number(timeout), longestTimer),
  };
}

export function openFeed(call: Call, source: FeedSource, options: { type: string; opening: string }): Feed {
  const { response } = call;
  const { heartbeat, timeout } = times(call);
  let open = true;
  let wake: ((heard: boolean) => void) | null = null;

  const stopListening = [
    source.onWrite(() => wake?.(true)),
    source.onDelete?.(() => close()) ?? (() => undefined),
  ];
  const beat = heartbeat === null ? null : setInterval(() => response.write('\n'), heartbeat);
  const over = timeout === null ? null : setTimeout(() => close(), timeout);

  function close(): void {
    if (!open) return;
    open = false;
    for (const stop of stopListening) stop();
    if (beat) clearInterval(beat);
    if (over) clearTimeout(over);
    wake?.(false);
  }

  response.on('close', close);
  // A client that left while the request was prepared closes nothing any more.
  if (response.destroyed) close();
  response.writeHead(200, {
    'content-type': options.type,
    'cache-control': 'must-revalidate',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  response.write(options.opening === '' ? '' : options.opening);

  return {
    get open() {
      return open;
    },
    nextWrite: () =>
      new Promise((resolve) => {
        if (!open) resolve(false);
        wake = resolve;
      }),
    write: (text) => sendPart(call, text),
    end(text) {
      close();
      if (!response.destroyed) response.end(text);
    },
  };
}
