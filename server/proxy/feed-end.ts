/** Watches a `_changes` feed as it is passed on, and knows how to end it so that the client sees a whole answer. */
export interface FeedEnd {
  see(chunk: Buffer): void;
  /** What must be written to end the feed now; null in the middle of a row. */
  ending(): Buffer | null;
}

const opening = '{"results":[';

function isJsonString(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'string';
  } catch {
    return false;
  }
}

/** A sequence as it stands in an answer: numbers stay numbers, JSON strings stay as they are, all else becomes one. */
function sequenceJson(since: string): string {
  return /^(?:0|[1-9]\d{0,15})$/.test(since) || isJsonString(since) ? since : JSON.stringify(since);
}

/** The answer of a long poll in which nothing happened; it asks the client to go on from where it was. */
export function emptyLongpoll(since: string): string {
  return `${opening}\n${emptyLongpollEnd(since)}`;
}

function emptyLongpollEnd(since: string): string {
  return `],\n"last_seq":${sequenceJson(since)},"pending":0}\n`;
}

function longpollEnd(since: string): FeedEnd {
  let text = '';
  return {
    see(chunk) {
      // Past the opening there are only line feeds until a row comes, and with it the feed's own end.
      if (text.length <= opening.length) text += chunk.toString('latin1').replace(/\s+/g, '').slice(0, 64);
    },
    ending() {
      if (text === '') return Buffer.from(emptyLongpoll(since));
      return text === opening ? Buffer.from(emptyLongpollEnd(since)) : null;
    },
  };
}

function continuousEnd(): FeedEnd {
  let betweenRows = true;
  return {
    see(chunk) {
      if (chunk.length > 0) betweenRows = chunk.at(-1) === 0x0a;
    },
    ending: () => (betweenRows ? Buffer.alloc(0) : null),
  };
}

/**
 * How a feed of this kind ends early. A long poll is completed as one in which nothing happened, so PouchDB
 * asks again at once; broken off, it would wait and report an error. Null where `since` is not a sequence
 * (`now`): such a client would miss what happens until it asks again, so its feed is broken off.
 */
export function createFeedEnd(feed: 'longpoll' | 'continuous', since: string | undefined): FeedEnd | null {
  if (feed === 'continuous') return continuousEnd();
  return since === 'now' ? null : longpollEnd(since ?? '0');
}
