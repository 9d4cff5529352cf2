import { randomUUID } from 'node:crypto';
import {
  createSettee,
  type KeyValueStore,
  type Settee,
  type SetteeOptions,
} from '../../client-sync/index.ts';

/** One browser: its storage, its databases, and a network of its own that can be cut. */
export interface Browser {
  settee: Settee;
  storage: KeyValueStore & { values: Map<string, string> };
  network: Network;
  /** Closes and opens again, as a reload does. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface Network {
  cut(): void;
  mend(): void;
  fetch: typeof fetch;
  /** Answers before the server does; undefined lets the request through. */
  intercept(
    handler: ((url: string, init: RequestInit, send: typeof fetch) => Promise<Response> | undefined) | null,
  ): void;
  requests: string[];
}

export function memoryStorage(): KeyValueStore & { values: Map<string, string> } {
  const values = new Map<string, string>();
  return {
    values,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

export function createNetwork(): Network {
  let isCut = false;
  const open = new Set<AbortController>();
  const requests: string[] = [];
  let handler: Parameters<Network['intercept']>[0] = null;
  const send: typeof fetch = async (input, init = {}) => {
    const url = input instanceof Request ? input.url : input.toString();
    requests.push(`${init.method ?? 'GET'} ${url}`);
    if (isCut) throw new TypeError('fetch failed');
    const ending = new AbortController();
    open.add(ending);
    init.signal?.addEventListener('abort', () => ending.abort(init.signal?.reason));
    const response = await fetch(input, { ...init, signal: ending.signal });
    if (isCut) throw new TypeError('fetch failed');
    return response;
  };
  return {
    requests,
    cut() {
      isCut = true;
      for (const ending of open) ending.abort(new TypeError('network lost'));
      open.clear();
    },
    mend() {
      isCut = false;
    },
    intercept(next) {
      handler = next;
    },
    fetch: (input, init = {}) =>
      handler?.(input instanceof Request ? input.url : input.toString(), init, send) ?? send(input, init),
  };
}

/** Opens a browser over memory databases. */
export async function openBrowser(url: string, options: Partial<SetteeOptions> = {}): Promise<Browser> {
  const name = `test-${randomUUID()}`;
  const storage = memoryStorage();
  const network = createNetwork();
  const open = () =>
    createSettee({ url, name, adapter: 'memory', storage, fetch: network.fetch, ...options });
  const browser: Browser = {
    settee: await open(),
    storage,
    network,
    async reload() {
      await browser.settee.close();
      browser.settee = await open();
    },
    close: () => browser.settee.close(),
  };
  return browser;
}

export const nowhere = 'http://127.0.0.1:9';
