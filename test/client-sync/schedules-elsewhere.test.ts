import { describe, expect, it } from 'vitest';
import { begin, ends, graph, has, patient, rewrite, sees, write } from './schedule-cast.ts';
import { device, grant, invite, setRole } from './schedule-members.ts';
import { end, useCast } from './use-cast.ts';

const { start, join } = useCast();

describe('a membership that somebody else sees to', () => {
  it('accepted elsewhere while this device is offline opens at the next contact', async () => {
    const cast = await start(null);
    const { owner, member, spaceId } = cast;
    await has(device(owner), spaceId);
    await write(device(owner), 'start', spaceId);
    device(member).network.cut();
    await grant(cast, 'editor');
    await ends(owner, spaceId, end({ team: ['start'] }));
    device(member).network.mend();
    await ends(member, spaceId, end({ team: ['start'] }));
  });

  it('declined opens nothing, and the invitation is used up', async () => {
    const cast = await start(null);
    const token = await invite(cast, 'editor');
    expect((await cast.member.call(`POST /api/invitations/${token}/decline`)).status).toBeLessThan(300);
    const late = await cast.member.call(`POST /api/invitations/${token}/accept`);
    expect([late.status >= 400, late.body.code]).toEqual([true, 'invitation_invalid']);
    await ends(cast.member, cast.spaceId, end({}));
  });

  it('left by oneself on another device keeps what was not sent here', async () => {
    const cast = await start();
    const { owner, member, spaceId } = cast;
    const flow = await begin(cast);
    await member.open();
    await sees(device(member, 1), spaceId, ['start']);
    device(member, 1).network.cut();
    await rewrite(device(member, 1), flow, 'here only');
    await device(member, 0).settee.spaces.leave(spaceId);
    await ends(member, spaceId, end({ notices: ['rescued'] }), 0);
    device(member, 1).network.mend();
    await ends(member, spaceId, end({ own: ['here only'], notices: ['rescued'] }), 1);
    await ends(owner, spaceId, end({ team: ['start'] }));
  });

  it('handed over while the old owner is offline keeps his edits, and takes his right to delete', async () => {
    const cast = await start();
    const { owner, member, spaceId } = cast;
    const flow = await begin(cast);
    device(owner).network.cut();
    await rewrite(device(owner), flow, 'of the old owner');
    await setRole(cast, 'owner');
    const lowered = await member.call(`PATCH /api/spaces/${spaceId}/members/${owner.id}`, { role: 'editor' });
    expect(lowered.status).toBeLessThan(300);
    device(owner).network.mend();
    await ends(owner, spaceId, end({ team: ['of the old owner'] }));
    await ends(member, spaceId, end({ team: ['of the old owner'] }));
    await device(member).settee.flows.remove(flow.id);
    await sees(device(owner), spaceId, []);
  });

  it('ended with the member’s account leaves the others alone', async () => {
    const cast = await start();
    const { owner, member, spaceId } = cast;
    const third = await join(cast);
    await begin(cast);
    const { password: currentPassword } = member.account;
    const gone = await member.call('DELETE /api/auth/me', { currentPassword });
    expect(gone.status).toBeLessThan(300);
    await write(device(third), 'life goes on', spaceId);
    for (const person of [owner, third])
      await ends(person, spaceId, end({ team: ['life goes on', 'start'] }));
    const { members } = (await owner.call(`GET /api/spaces/${spaceId}/members`)).body;
    expect((members as { userId: string }[]).map(({ userId }) => userId)).not.toContain(member.id);
  });

  it('lowered while online refuses at once what it may no longer do, and loses nothing', async () => {
    const cast = await start();
    const { member, spaceId } = cast;
    const flow = await begin(cast);
    await setRole(cast, 'viewer');
    const { settee } = device(member);
    const refusal = (): Promise<unknown> =>
      settee.flows.save({ id: flow.id }).then(
        () => null,
        (error: unknown) => (error as { code?: string }).code,
      );
    await expect.poll(refusal, patient).toBe('read_only');
    await expect(settee.flows.save({ name: 'x', flow: graph, spaceId })).rejects.toMatchObject({
      code: 'read_only',
    });
    await ends(member, spaceId, end({ team: ['start'], notices: ['role-lowered'] }));
  });
});
