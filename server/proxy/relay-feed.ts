import type { ServerResponse } from 'node:http';
import type { FeedEnd } from './feed-end.ts';
import type { EngineAnswer } from './upstream.ts';

/** How long a row that has begun may take to end, and a client to read it, once the feed is to end. */
const endingMilliseconds = 2000;

/** A feed on its way to the client. */
export interface FeedRelay {
  /** Resolves when the client's side is closed, however the feed ended. */
  done: Promise<void>;
  /** Ends it cleanly within two seconds, or breaks it off. */
  end: () => void;
}

/** Passes a feed on, chunk by chunk, with backpressure; `stopEngine` ends the engine's side. */
export function relayFeed(options: {
  answer: EngineAnswer;
  response: ServerResponse;
  feedEnd: FeedEnd | null;
  stopEngine: () => void;
}): FeedRelay {
  const { answer, response, feedEnd, stopEngine } = options;
  const { body } = answer;
  let ending = false;

  function tryEnd(): void {
    const last = feedEnd?.ending() ?? null;
    if (last === null) return;
    response.end(last);
    stopEngine();
  }

  body.on('data', (chunk: Buffer) => {
    if (response.writableEnded || response.destroyed) return;
    feedEnd?.see(chunk);
    if (!response.write(chunk)) {
      body.pause();
      response.once('drain', () => body.resume());
    }
    if (ending) tryEnd();
  });
  body.once('end', () => response.end());
  body.on('error', () => {}); // The close that follows says enough.
  body.once('close', () => {
    // The engine broke: a half answer must not look like a whole one.
    if (!response.writableEnded) response.destroy();
  });

  return {
    done: new Promise((resolve) => {
      if (response.destroyed) resolve();
      else response.once('close', resolve);
    }),
    end() {
      if (ending) return;
      ending = true;
      if (feedEnd === null) {
        response.destroy();
        return;
      }
      tryEnd();
      // A client that does not read would keep what is buffered, and its connection, for ever.
      const timer = setTimeout(() => response.destroy(), endingMilliseconds).unref();
      response.once('close', () => clearTimeout(timer));
    },
  };
}
