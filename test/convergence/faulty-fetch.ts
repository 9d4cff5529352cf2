import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import type { Delivery, WireRecord } from './wire-record.ts';

/** One device's network: it can be cut, and loses, repeats, delays and breaks off what it carries. */
export interface FaultyNetwork {
  fetch: typeof fetch;
  isOnline(): boolean;
  cut(): void;
  mend(): void;
  /** The share of requests that suffer something, 0 to 1. */
  trouble(share: number): void;
}

type Fault = 'none' | 'dropped' | 'answer-lost' | 'repeated' | 'delayed' | 'broken-off';

interface NetworkOptions {
  random: Random;
  record: WireRecord;
  device: string;
  userId: () => string;
}

const lost = (): TypeError => new TypeError('fetch failed');
const isFeed = (url: string): boolean => /feed=|\/live\b/.test(url);
/** Requests that a network may carry twice without anybody having asked for two things. */
const mayRepeat = (url: string): boolean => url.includes('/db/') && !isFeed(url);

export function createFaultyNetwork(options: NetworkOptions): FaultyNetwork {
  const { random } = options;
  const open = new Set<AbortController>();
  let isCut = false;
  let share = 0;

  const choose = (url: string): Fault => {
    if (!random.chance(share)) return 'none';
    const fault = random.pick([
      'dropped',
      'answer-lost',
      'repeated',
      'delayed',
      'delayed',
      'broken-off',
    ] as const);
    if (fault === 'repeated' && !mayRepeat(url)) return 'delayed';
    return isFeed(url) && fault === 'answer-lost' ? 'broken-off' : fault;
  };

  const send = async (url: string, init: RequestInit, fault: Fault): Promise<Response> => {
    const ending = new AbortController();
    open.add(ending);
    const abort = (): void => ending.abort(init.signal?.reason);
    if (init.signal?.aborted === true) abort();
    init.signal?.addEventListener('abort', abort, { once: true });
    const close = (): void => {
      open.delete(ending);
      init.signal?.removeEventListener('abort', abort);
    };
    try {
      const answer = await carry(options, url, { ...init, signal: ending.signal });
      return withBody(answer, { fault, close, signal: ending.signal });
    } catch (error) {
      close();
      throw error;
    }
  };

  const request = async (url: string, init: RequestInit): Promise<Response> => {
    if (isCut) throw lost();
    const fault = choose(url);
    if (fault === 'dropped') throw lost();
    if (fault === 'delayed') await sleep(random.integer(1, 60));
    if (isCut) throw lost();
    if (fault === 'repeated') {
      const twin = send(url, init, 'none').then((answer) => answer.arrayBuffer());
      // Sometimes both are under way at once, sometimes the second comes late.
      if (random.chance(0.5)) await twin.catch(() => {});
      else twin.catch(() => {});
    }
    const answer = await send(url, init, fault);
    if (fault !== 'answer-lost') return answer;
    await answer.arrayBuffer();
    throw lost();
  };

  return {
    fetch: (input, init = {}) => request(input instanceof Request ? input.url : String(input), init),
    isOnline: () => !isCut,
    cut() {
      isCut = true;
      for (const ending of open) ending.abort(lost());
      open.clear();
    },
    mend() {
      isCut = false;
    },
    trouble(wanted) {
      share = wanted;
    },
  };
}

interface Carried {
  answer: Response;
  delivery: Delivery;
}

async function carry(options: NetworkOptions, url: string, init: RequestInit): Promise<Carried> {
  const { record, device } = options;
  const sentAt = Date.now();
  const answer = await fetch(url, init);
  const request = `${init.method ?? 'GET'} ${url}`;
  const delivery = record.begin({ userId: options.userId(), device, request, sentAt, status: answer.status });
  return { answer, delivery };
}

interface Passing {
  fault: Fault;
  close: () => void;
  /** Aborted when the network is cut, or nobody wants the answer any more. */
  signal: AbortSignal;
}

/** The answer with its body passed on part by part, each noted; broken off after the first where that is the fault. */
function withBody({ answer, delivery }: Carried, { fault, close, signal }: Passing): Response {
  const { body, status, statusText, headers } = answer;
  if (!body) {
    close();
    return answer;
  }
  const decoder = new TextDecoder();
  const reader = body.getReader();
  // Node now and then leaves the reader of a compressed body waiting for ever when its request is aborted.
  const gone = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(lost()), { once: true });
  });
  gone.catch(() => {});
  const passed = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await Promise.race([reader.read(), gone]);
        if (done) {
          close();
          return controller.close();
        }
        delivery.parts.push({ text: decoder.decode(value, { stream: true }), at: Date.now() });
        if (fault !== 'broken-off') return controller.enqueue(value);
        controller.enqueue(value.subarray(0, Math.ceil(value.length / 2)));
        throw lost();
      } catch (error) {
        close();
        void reader.cancel().catch(() => {});
        controller.error(error);
      }
    },
    async cancel(reason) {
      close();
      await reader.cancel(reason);
    },
  });
  const copied = new Headers(headers);
  // The platform has unpacked it already.
  copied.delete('content-encoding');
  copied.delete('content-length');
  return new Response(passed, { status, statusText, headers: copied });
}
