import { z } from 'zod';
import type { RestAnswer } from '../../support/rest-client.ts';

/** One event as it came over the wire. */
export interface ReceivedEvent {
  event: string;
  id: string | undefined;
  data: RestAnswer['body'];
}

/** An open stream, read as a browser would. */
export interface TestStream {
  status: number;
  headers: Headers;
  events: ReceivedEvent[];
  /** The last id seen, heartbeats included. */
  lastId(): string | undefined;
  heartbeats(): number;
  /** The first event, from now or before, of which the check holds; fails after the time. */
  next(check: (event: ReceivedEvent) => boolean, milliseconds?: number): Promise<ReceivedEvent>;
  /** Resolves when nothing came for a while, longer than an echo takes. */
  quiet(): Promise<void>;
  /** Resolves when the server has ended the stream. */
  ended: Promise<void>;
  close(): void;
}

export interface OpenLiveOptions {
  token?: string;
  lastEventId?: string;
  query?: string;
  headers?: Record<string, string>;
}

const lineSchema = z.string().transform((line) => {
  const colon = line.indexOf(':');
  return { field: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') };
});

function parseBlock(block: string): { id?: string; event?: string; data?: string; isComment: boolean } {
  const found: { id?: string; event?: string; data?: string; isComment: boolean } = { isComment: false };
  for (const line of block.split('\n')) {
    const { field, value } = lineSchema.parse(line);
    if (field === '') found.isComment = true;
    else if (field === 'id' || field === 'event' || field === 'data') found[field] = value;
    else throw new Error(`An event has the field ${field}.`);
  }
  return found;
}

/** Opens `/live`; rejects only where no answer comes. */
export async function openLive(url: string, options: OpenLiveOptions = {}): Promise<TestStream> {
  const abort = new AbortController();
  const answer = await fetch(`${url}/live${options.query ?? ''}`, {
    headers: {
      accept: 'text/event-stream',
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }),
      ...options.headers,
    },
    signal: abort.signal,
  });
  const events: ReceivedEvent[] = [];
  const listeners = new Set<() => void>();
  let lastId: string | undefined;
  let heartbeats = 0;

  function take(block: string): void {
    const { id, event, data, isComment } = parseBlock(block);
    if (id !== undefined) lastId = id;
    if (isComment) heartbeats += 1;
    if (event !== undefined) events.push({ event, id, data: JSON.parse(data ?? 'null') as unknown });
    for (const listener of listeners) listener();
  }

  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  }

  return {
    status: answer.status,
    headers: answer.headers,
    events,
    lastId: () => lastId,
    heartbeats: () => heartbeats,
    next: (check, milliseconds = 10_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find(check);
          if (!found) return;
          clearTimeout(timer);
          listeners.delete(look);
          resolve(found);
        };
        const timer = setTimeout(() => {
          listeners.delete(look);
          reject(new Error(`No such event among ${JSON.stringify(events)}`));
        }, milliseconds);
        listeners.add(look);
        look();
      }),
    async quiet() {
      for (let seen = -1; seen !== events.length;) {
        seen = events.length;
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
    },
    ended: read().catch(() => undefined),
    close: () => abort.abort(),
  };
}

/** Checks for `next`. */
export const isEvent =
  (event: string, data: Record<string, unknown> = {}) =>
  (received: ReceivedEvent): boolean =>
    received.event === event && Object.entries(data).every(([name, value]) => received.data[name] === value);
