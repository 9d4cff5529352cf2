import type { Execution } from '../execution-types.ts';
import { requestJson } from './request-json.ts';

/** What only the server knows; where it cannot be reached there is no answer, and nothing fails. */
export interface Questions {
  fetchRun: (id: string) => Promise<Execution | null>;
  /** ISO times by device id. */
  lastSyncs: () => Promise<Map<string, string>>;
}

export function createQuestions(fetcher: typeof fetch, url: string): Questions {
  return {
    fetchRun: (id) =>
      requestJson<Execution>(fetcher, `${url}/api/executions/${encodeURIComponent(id)}`).catch(() => null),
    async lastSyncs() {
      const { devices } = await requestJson<{ devices: { id: string; lastSyncAt?: string }[] }>(
        fetcher,
        `${url}/api/devices`,
      ).catch(() => ({ devices: [] }));
      return new Map(devices.flatMap(({ id, lastSyncAt }) => (lastSyncAt ? [[id, lastSyncAt]] : [])));
    },
  };
}
