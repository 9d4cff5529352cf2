import { expect } from 'vitest';
import { makeFlows } from '../../support/flows.ts';
import { useAccount, type AccountAtServer } from './use-account.ts';

/** What a flow may say of where it was made. */
export const device = {
  deviceType: 'desktop',
  os: 'Linux',
  browser: 'Firefox 140',
  timestamp: '2026-01-01T00:00:00.000Z',
};

export interface FlowsAtServer extends AccountAtServer {
  /** Makes a flow of the account's. */
  create: (fields?: object) => Promise<{ id: string; etag: string }>;
}

/** A server, a new account at it for each test, and flows of its own. */
export function useFlows(): FlowsAtServer {
  const at = useAccount();
  return {
    ...at,
    async create(fields = {}) {
      const [flow] = makeFlows({ seed: 1, count: 1 });
      const { status, body, headers } = await at.call('POST /api/flows', { body: { ...flow, ...fields } });
      expect(status).toBe(201);
      return { id: body.id, etag: headers.get('etag') ?? '' };
    },
  };
}
