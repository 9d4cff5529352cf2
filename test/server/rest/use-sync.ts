import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { changedFlowsReplySchema, syncFlowsReplySchema } from '../../../schema/index.ts';
import { makeFlows } from '../../support/flows.ts';
import type { RestAnswer } from '../../support/rest-client.ts';
import { useAccount, type AccountAtServer } from './use-account.ts';

type Flow = RestAnswer['body'];

export interface SyncAtServer extends AccountAtServer {
  read: (id: string, query?: string) => Promise<Flow>;
  pull: (since?: string) => Promise<{ flows: Flow[]; syncedAt: string }>;
  push: (flows: object[], lastSyncAt?: string) => Promise<Flow>;
  /** A flow that both sides have, and the time at which they agreed. */
  shared: (fields?: object) => Promise<{ id: string; flow: Flow; syncedAt: string }>;
}

/** A time after the flow's last change. */
export const later = (flow: Flow, milliseconds = 1000): string =>
  new Date(Date.parse(flow.updatedAt) + milliseconds).toISOString();

export const idsOf = (flows: Flow[]): string[] => flows.map(({ id }): string => id).toSorted();

/** A server, a new account at it for each test, and what an application calls to sync. */
export function useSync(): SyncAtServer {
  const at = useAccount();
  const { call } = at;
  const read: SyncAtServer['read'] = async (id, query = '') =>
    (await call(`GET /api/flows/${id}${query}`)).body;
  const pull: SyncAtServer['pull'] = async (since) => {
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`;
    const { status, body } = await call(`GET /api/sync/flows${query}`);
    expect(status).toBe(200);
    expect(changedFlowsReplySchema.parse(body)).toBeTruthy();
    return body;
  };
  const push: SyncAtServer['push'] = async (flows, lastSyncAt) => {
    const { status, body } = await call('POST /api/sync/flows', { body: { flows, lastSyncAt } });
    expect(status).toBe(200);
    expect(syncFlowsReplySchema.parse(body)).toBeTruthy();
    return body;
  };
  return {
    ...at,
    read,
    pull,
    push,
    async shared(fields = {}) {
      const [made] = makeFlows({ seed: 5, count: 1 });
      const id = randomUUID();
      const updatedAt = new Date(Date.now() - 60_000).toISOString();
      await push([{ ...made, id, createdAt: updatedAt, updatedAt, ...fields }]);
      const { syncedAt } = await pull();
      return { id, flow: await read(id), syncedAt };
    },
  };
}
