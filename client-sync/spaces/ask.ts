import { requestJson } from '../account/request-json.ts';

/** One request to the server's REST interface; rejects with SetteeClientErrors. */
export type Ask = <T>(method: string, path: string, body?: unknown) => Promise<T>;

export function createAsk(fetcher: typeof fetch, url: string): Ask {
  return (method, path, body) =>
    requestJson(fetcher, `${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
}
