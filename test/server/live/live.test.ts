import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFlowDocuments } from '../../support/flows.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';
import { registerPersonal } from '../proxy/personal-account.ts';
import { isEvent, openLive } from './open-live.ts';

let settee: TestSettee;

beforeAll(async () => {
  settee = await startSettee();
});

afterAll(() => settee.stop());

describe('GET /live', () => {
  it('begins with the spaces of the user, and hints at a write through the proxy', async () => {
    const account = await registerPersonal(settee);
    const stream = await openLive(settee.url, { token: account.accessToken });
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(stream.headers.get('cache-control')).toBe('no-store');
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    const hello = await stream.next(isEvent('hello'));
    expect(hello.data).toMatchObject({
      heartbeatSeconds: 15,
      spaces: expect.arrayContaining([{ id: account.user.id, role: 'owner', database: account.database }]),
    });
    expect(hello.id).toBe(`${hello.data.bootId}-${hello.id?.split('-')[1]}`);
    const [flow] = makeFlowDocuments({ seed: 1, count: 1, size: 2000 }) as [{ _id: string }];
    const written = await account.own(`/${flow._id}`, {
      method: 'PUT',
      json: flow,
    });
    console.log(await written.text());
    const hint = await stream.next(isEvent('hint'));
    expect(hint.data).toEqual({ space: account.user.id, database: account.database });
    await new Promise((r) => setTimeout(r, 500));
    console.log(stream.events);
    stream.close();
  });
});
