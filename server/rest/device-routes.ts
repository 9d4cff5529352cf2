import {
  bareId,
  deviceListSchema,
  idPrefixes,
  type Device,
  type DeviceDocument,
} from '../../schema/index.ts';
import { lastPart } from '../auth/account-documents.ts';
import type { Auth } from '../auth/auth.ts';
import { deviceOf } from '../http/identify.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { defineRoute, type Route } from './route.ts';

async function deviceDocuments(spaces: Spaces, userId: string): Promise<DeviceDocument[]> {
  const database = spaces.open<DeviceDocument>(await spaces.personal(userId));
  const { rows } = await database.list({
    include_docs: true,
    start_key: idPrefixes.device,
    end_key: `${idPrefixes.device}\ufff0`,
  });
  return rows.flatMap(({ doc }) => (doc ? [doc] : []));
}

function deviceReply(document: DeviceDocument, lastSyncAt: string | undefined, current: boolean): Device {
  const { name, info, createdAt } = document;
  return {
    id: bareId(document._id),
    name,
    ...(info === undefined ? {} : { info }),
    createdAt,
    ...(lastSyncAt === undefined ? {} : { lastSyncAt }),
    current,
  };
}

/** Browsers: named by their own documents, with the last sync that the server saw. */
export function createDeviceRoutes({ auth, spaces }: { auth: Auth; spaces: Spaces }): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/devices',
      tag: 'Sessions',
      summary: 'The browsers of this user and when each last synced',
      access: 'read',
      replies: { 200: { description: 'Devices', schema: deviceListSchema } },
      async handle({ principal, request }) {
        const [documents, records] = await Promise.all([
          deviceDocuments(spaces, principal.userId),
          auth.deviceRecords(principal.userId),
        ]);
        const lastSyncs = new Map(records.map((record) => [lastPart(record._id), record.lastSyncAt]));
        const current = deviceOf(request);
        const devices = documents.map((document) => {
          const id = bareId(document._id);
          return deviceReply(document, lastSyncs.get(id), id === current);
        });
        return { status: 200, body: { devices } };
      },
    }),
  ];
}
