import { describe, expect, it } from 'vitest';
import { makeFlows } from '../support/flows.ts';
import { begin, ends, has, hasLost, patient, rewrite, saysIn, sees, write } from './schedule-cast.ts';
import { device, grant, revoke } from './schedule-members.ts';
import { end, useCast } from './use-cast.ts';

const { start } = useCast();

describe('a membership that ends in the middle of something', () => {
  it('while the space is being filled leaves nothing behind, and the rest goes on', async () => {
    const cast = await start(null);
    const { owner, member, spaceId } = cast;
    await has(device(owner), spaceId);
    for (const flow of makeFlows({ seed: 4, count: 150, size: 20_000 }))
      await device(owner).settee.flows.save({ ...flow, spaceId });
    await device(owner).settee.sync.now();
    let isFirst = true;
    const revoked = new Promise<void>((resolve) => {
      device(member).network.intercept((url, init, send) => {
        const reads = /_bootstrap|_bulk_get/.test(url) && url.includes(spaceId);
        if (!reads || !isFirst) return undefined;
        isFirst = false;
        return send(url, init).then(async (answer) => {
          await revoke(cast);
          resolve();
          return answer;
        });
      });
    });
    await grant(cast, 'editor');
    await revoked;
    await write(device(member), 'of my own');
    await ends(member, spaceId, end({ own: ['of my own'], notices: ['rescued'] }));
  });

  it('while an edit is on its way loses it nowhere', async () => {
    const cast = await start();
    const { owner, member, spaceId } = cast;
    const flow = await begin(cast);
    let isHeld = false;
    device(member).network.intercept((url, init, send) => {
      if (isHeld || !url.includes('_bulk_docs') || !url.includes(spaceId)) return undefined;
      isHeld = true;
      return revoke(cast).then(() => send(url, init));
    });
    await rewrite(device(member), flow, 'too late');
    await ends(member, spaceId, end({ own: ['too late'], notices: ['rescued'] }));
    await ends(owner, spaceId, end({ team: ['start'] }));
  });

  it('whose edit was taken but not acknowledged keeps it in the space, or for its author, or both', async () => {
    const cast = await start();
    const { owner, member, spaceId } = cast;
    const flow = await begin(cast);
    device(member).network.intercept((url, init, send) => {
      if (!url.includes('_bulk_docs') || !url.includes(spaceId)) return undefined;
      return send(url, init).then(async () => {
        device(member).network.intercept(null);
        await revoke(cast);
        throw new TypeError('fetch failed');
      });
    });
    await rewrite(device(member), flow, 'just in time');
    await sees(device(owner), spaceId, ['just in time']);
    await hasLost(device(member), spaceId);
    const { flows } = await device(member).settee.flows.list();
    expect(flows.every(({ description }) => description === 'just in time')).toBe(true);
  });

  it('with a conflict that nobody settled keeps what was not sent of it', async () => {
    const cast = await start();
    const { owner, member, spaceId } = cast;
    const flow = await begin(cast);
    device(member).network.cut();
    await rewrite(device(member), flow, 'as the member wants');
    await rewrite(device(owner), flow, 'as the owner wants');
    await device(owner).settee.sync.now();
    await revoke(cast);
    device(member).network.mend();
    await ends(member, spaceId, end({ own: ['as the member wants'], notices: ['rescued'] }));
    await ends(owner, spaceId, end({ team: ['as the owner wants'] }));
  });

  it('on two devices with edits of their own keeps those of both, everywhere', async () => {
    const cast = await start();
    const { member, spaceId } = cast;
    const flow = await begin(cast);
    await member.open();
    await sees(device(member, 1), spaceId, ['start']);
    for (const n of [0, 1]) {
      device(member, n).network.cut();
      await rewrite(device(member, n), flow, `of device ${n}`);
    }
    await revoke(cast);
    for (const n of [0, 1]) device(member, n).network.mend();
    for (const n of [0, 1]) {
      const said = (): Promise<string[]> => saysIn(device(member, n), member.id);
      await expect.poll(said, patient).toEqual(['of device 0', 'of device 1']);
      await hasLost(device(member, n), spaceId);
    }
  });

  it('with a refused document pending keeps that as well', async () => {
    const cast = await start();
    const { member, spaceId, owner } = cast;
    const flow = await begin(cast);
    const { settee } = device(member);
    // Deleting is an owner's, so that the server does not take it.
    await settee.flows.save({ id: flow.id, description: 'refused', deleted: true });
    await expect.poll(async () => (await settee.refused.list()).length, patient).toBe(1);
    await revoke(cast);
    await hasLost(device(member), spaceId);
    const kept = async (): Promise<(string | undefined)[]> => {
      const live = await settee.flows.list();
      const deleted = await settee.flows.list({ deleted: true });
      return [...live.flows, ...deleted.flows].map(({ description }) => description);
    };
    // The membership goes before the databases do.
    await expect.poll(() => settee.refused.list(), patient).toEqual([]);
    await expect.poll(kept, patient).toEqual(['refused']);
    await ends(owner, spaceId, end({ team: ['start'] }));
  });
});
