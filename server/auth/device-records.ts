import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import { uuidPattern } from '../../schema/index.ts';
import { deviceRecordId, type DeviceRecord } from './account-documents.ts';
import type { AccountStore } from './account-store.ts';
import type { Principal } from './principal.ts';

/** When each browser last spoke to the server; kept outside replication, or every sync would cause the next. */
export interface DeviceRecords {
  /** Writes at most once a minute for a device. */
  record(principal: Principal, deviceId: string, now: Date): Promise<void>;
  list(userId: string): Promise<DeviceRecord[]>;
  removeAll(userId: string): Promise<void>;
}

const minuteMilliseconds = 60_000;
/** A client may name any device: this bounds what one user can make the server write in a minute. */
const writesPerUserAndMinute = 10;

export function createDeviceRecords({ store }: { store: AccountStore }): DeviceRecords {
  const recent = new LRUCache<string, number>(atMost(20_000));
  const writes = new LRUCache<string, { minute: number; count: number }>(atMost(20_000));

  function mayWrite(userId: string, deviceId: string, now: number): boolean {
    const last = recent.get(deviceId);
    if (last !== undefined && now - last < minuteMilliseconds) return false;
    const minute = Math.floor(now / minuteMilliseconds);
    const budget = writes.get(userId);
    const count = budget?.minute === minute ? budget.count : 0;
    if (count >= writesPerUserAndMinute) return false;
    writes.set(userId, { minute, count: count + 1 });
    recent.set(deviceId, now);
    return true;
  }

  const list = (userId: string): Promise<DeviceRecord[]> => store.range<DeviceRecord>(`device:${userId}:`);
  return {
    async record({ userId, sessionId }, deviceId, now) {
      if (!uuidPattern.test(deviceId)) return;
      const _id = deviceRecordId(userId, deviceId);
      if (!mayWrite(userId, _id, now.getTime())) return;
      const lastSyncAt = now.toISOString();
      const record: DeviceRecord = {
        _id,
        type: 'device',
        userId,
        lastSyncAt,
        ...(sessionId === undefined ? {} : { sessionId }),
      };
      if (await store.create(record)) return;
      await store.update<DeviceRecord>(_id, (found) =>
        found.lastSyncAt < lastSyncAt ? { ...found, ...record } : null,
      );
    },
    list,
    async removeAll(userId) {
      const records = await list(userId);
      await Promise.all(records.map(({ _id }) => store.remove(_id)));
    },
  };
}
