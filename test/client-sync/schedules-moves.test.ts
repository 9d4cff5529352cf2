import { describe, expect, it } from 'vitest';
import { patient, rewrite, sees, write } from './schedule-cast.ts';
import { device, type Member } from './schedule-members.ts';
import { useCast } from './use-cast.ts';

const { start } = useCast();

describe('a flow that moves', () => {
  it('shared for the first time while the second device edits it offline has that edit in its new space', async () => {
    const cast = await start(null);
    const { owner, member } = cast;
    const flow = await write(device(owner), 'start');
    await owner.open();
    await sees(device(owner, 1), owner.id, ['start']);
    device(owner, 1).network.cut();
    await rewrite(device(owner, 1), flow, 'from the second device');
    const shared = await owner.call(`PUT /api/flows/${flow.id}/contributors/${member.id}`, {
      role: 'editor',
    });
    expect(shared.status).toBeLessThan(300);
    device(owner, 1).network.mend();
    for (const browser of [...owner.devices, ...member.devices]) {
      const state = async (): Promise<unknown> => {
        const { flows } = await browser.settee.flows.list();
        return flows.map(({ id, description, spaceId }) => [id, description, spaceId === owner.id]);
      };
      await expect.poll(state, patient).toEqual([[flow.id, 'from the second device', false]]);
    }
  });

  it('taken back while its contributor edits it offline gives him a copy, and its owner the flow', async () => {
    const cast = await start(null);
    const { owner, member } = cast;
    const flow = await write(device(owner), 'start');
    await device(owner).settee.sync.now();
    const path = `/api/flows/${flow.id}/contributors/${member.id}`;
    expect((await owner.call(`PUT ${path}`, { role: 'editor' })).status).toBeLessThan(300);
    const said = async (who: Member): Promise<unknown> =>
      (await device(who).settee.flows.list()).flows.map(({ description }) => description);
    await expect.poll(() => said(member), patient).toEqual(['start']);
    device(member).network.cut();
    await rewrite(device(member), flow, 'by the contributor');
    expect((await owner.call(`DELETE ${path}`)).status).toBeLessThan(300);
    device(member).network.mend();
    await expect.poll(() => said(member), patient).toEqual(['by the contributor']);
    const copy = async (): Promise<unknown> => {
      const [only] = (await device(member).settee.flows.list()).flows;
      return [only?.spaceId, only?.id === flow.id];
    };
    await expect.poll(copy, patient).toEqual([member.id, false]);
    await expect.poll(() => said(owner), patient).toEqual(['start']);
    expect((await device(owner).settee.flows.get(flow.id))?.id).toBe(flow.id);
  });
});
