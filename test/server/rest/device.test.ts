import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { eventually, rest, type RestAnswer } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();

async function addDevice(userId: string, id: string, name: string): Promise<void> {
  const { spaces } = settee.services;
  const now = new Date().toISOString();
  const device = {
    _id: `device:${id}`,
    type: 'device',
    schemaVersion: 1,
    name,
    createdAt: now,
    updatedAt: now,
  };
  await spaces.open<object>(await spaces.personal(userId)).insert(device);
}

const devices = (token: string, device?: string): Promise<RestAnswer> =>
  rest(settee.url, 'GET /api/devices', {
    token,
    ...(device ? { headers: { 'x-settee-device': device } } : {}),
  });

describe('devices', () => {
  it('are named by their own documents and show the last sync that the server saw', async () => {
    const { accessToken: token, user } = await settee.register();
    const [laptop, phone] = [randomUUID(), randomUUID()];
    await addDevice(user.id, laptop, 'Laptop');
    await addDevice(user.id, phone, 'Phone');
    expect((await devices(token)).body.devices).toHaveLength(2);
    await devices(token, laptop);
    await eventually(async () => {
      const { body } = await devices(token, laptop);
      const found = body.devices.find(({ id }: { id: string }) => id === laptop);
      return found.lastSyncAt !== undefined && found.current === true && found.name === 'Laptop';
    });
    const { body } = await devices(token, laptop);
    const other = body.devices.find(({ id }: { id: string }) => id === phone);
    expect(other).toEqual({ id: phone, name: 'Phone', createdAt: expect.any(String), current: false });
  });

  it('cause at most one write a minute, and few for those that a client makes up', async () => {
    const { accessToken, user } = await settee.register();
    const { auth, couch } = settee.services;
    const principal = await auth.authenticate(`Bearer ${accessToken}`);
    const records = couch.admin<object>(`${couch.prefix}settee-accounts`);
    const device = randomUUID();
    const start = Date.parse('2026-05-01T12:00:30Z');
    const revision = async (): Promise<string> => (await records.get(`device:${user.id}:${device}`))._rev;
    await auth.recordDevice(principal, device, new Date(start));
    await auth.recordDevice(principal, device, new Date(start + 59_000));
    expect(await revision()).toMatch(/^1-/);
    await auth.recordDevice(principal, device, new Date(start + 60_000));
    expect(await revision()).toMatch(/^2-/);
    const later = new Date(start + 600_000);
    await Promise.all(Array.from({ length: 50 }, () => auth.recordDevice(principal, randomUUID(), later)));
    await auth.recordDevice(principal, 'not a device', later);
    expect((await auth.deviceRecords(user.id)).length).toBeLessThanOrEqual(11);
  });

  it('of somebody else are not shown', async () => {
    const mine = await settee.register();
    const theirs = await settee.register();
    await addDevice(theirs.user.id, randomUUID(), 'Theirs');
    expect((await devices(mine.accessToken)).body.devices).toEqual([]);
  });
});
