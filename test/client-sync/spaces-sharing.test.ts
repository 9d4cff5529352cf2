import { describe, expect, it } from 'vitest';
import { useSettee } from '../support/use-settee.ts';
import { graph, names, openSpaces, patient, useMeeting } from './space-members.ts';

describe('a flow that is shared from the browser', () => {
  const server = useSettee();
  const meeting = useMeeting(server);

  it('is one flow for both, with an editor open all the while, and comes back', async () => {
    const [ada, ben] = await Promise.all([
      meeting.join({ autosaveMilliseconds: 20 }),
      meeting.join({ autosaveMilliseconds: 20 }),
    ]);
    const { flows, versions, conflicts } = ada.browser.settee;
    // Not pushed yet: sharing sees to it.
    const { id } = await flows.save({ name: 'Together', flow: graph });
    await versions.save(id, { changes: 'before it was shared' });
    const autosave = flows.autosave(id);
    autosave.change({ description: 'typed before' });
    await autosave.flush();
    expect(await flows.share(id, { userId: ben.userId, role: 'editor' })).toBeNull();
    autosave.change({ description: 'typed while it moved' });
    await autosave.flush();
    await expect.poll(() => names(ben.browser), patient).toEqual(['Together']);
    const place = async () => (await flows.get(id))?.spaceId;
    await expect.poll(place, patient).not.toBe(ada.userId);
    autosave.change({ description: 'typed after' });
    await autosave.flush();
    const read = async () => (await ben.browser.settee.flows.get(id))?.description;
    await expect.poll(read, patient).toBe('typed after');
    expect(await ben.browser.settee.versions.list(id)).toHaveLength(1);
    await ben.browser.settee.flows.save({ id, name: 'Together, by Ben' });
    await expect.poll(() => names(ada.browser), patient).toEqual(['Together, by Ben']);
    await expect.poll(() => conflicts.list(), patient).toEqual([]);

    await flows.unshare(id, ben.userId);
    await expect.poll(() => openSpaces(ben.browser), patient).toEqual([ben.userId]);
    expect(await names(ben.browser)).toEqual([]);
    await expect.poll(place, patient).toBe(ada.userId);
    await expect.poll(() => openSpaces(ada.browser), patient).toEqual([ada.userId]);
    expect(await names(ada.browser)).toEqual(['Together, by Ben']);
    expect(await versions.list(id)).toHaveLength(1);
    expect(await ada.browser.settee.notices.list()).toEqual([]);
    await autosave.close();
  });

  it('invites an address that has no account yet', async () => {
    const ada = await meeting.join();
    const { flows, spaces } = ada.browser.settee;
    const { id } = await flows.save({ name: 'For somebody new', flow: graph });
    const invitation = await flows.share(id, { email: 'new@example.org', role: 'viewer' });
    const token = invitation?.token ?? '';
    expect(await spaces.preview(token)).toMatchObject({ role: 'viewer', email: 'new@example.org' });
    const carl = await meeting.join();
    await carl.browser.settee.spaces.accept(token);
    await expect.poll(() => names(carl.browser), patient).toEqual(['For somebody new']);
    await expect(carl.browser.settee.flows.save({ id, name: 'Mine' })).rejects.toMatchObject({
      code: 'read_only',
    });
  });

  it('is a template for everybody once it is public', async () => {
    const [ada, ben] = await Promise.all([meeting.join(), meeting.join()]);
    const { id } = await ada.browser.settee.flows.save({ name: 'A start for all', flow: graph });
    await ada.browser.settee.flows.setVisibility(id, 'public');
    const { templates } = await ben.browser.settee.flows.templates.list({ search: 'start' });
    expect(templates.map(({ name }) => name)).toEqual(['A start for all']);
    const used = await ben.browser.settee.flows.templates.use(templates[0]?.id ?? '');
    const own = async () => await ben.browser.settee.flows.get(used.id);
    await expect.poll(own, patient).toMatchObject({ spaceId: ben.userId, parentFlowId: templates[0]?.id });
  });

  it('is kept as a template on the devices of those who choose so', async () => {
    const [ada, ben] = await Promise.all([meeting.join(), meeting.join()]);
    const { id } = await ada.browser.settee.flows.save({ name: 'A template to keep', flow: graph });
    await ada.browser.settee.flows.setVisibility(id, 'public');
    const { flows, settings } = ben.browser.settee;
    expect(await openSpaces(ben.browser)).toEqual([ben.userId]);
    await settings.update({ spaces: { include: ['templates'] } });
    await expect.poll(() => names(ben.browser, 'templates'), patient).toContain('A template to keep');
    const [template] = (await flows.list({ spaceId: 'templates' })).flows;
    await expect(flows.save({ id: template?.id ?? '', name: 'Mine' })).rejects.toMatchObject({
      code: 'read_only',
    });
    await settings.update({ spaces: { include: [] } });
    await expect.poll(() => openSpaces(ben.browser), patient).toEqual([ben.userId]);
    expect(await names(ben.browser)).toEqual([]);
    expect(await ben.browser.settee.notices.list()).toEqual([]);
  });

  it('is not kept where its space is left out, and is there again once it is chosen', async () => {
    const [ada, ben] = await Promise.all([meeting.join(), meeting.join()]);
    const team = await meeting.team(ada, [ben, 'editor']);
    await ada.browser.settee.flows.save({ name: 'In the team', flow: graph, spaceId: team });
    await expect.poll(() => names(ben.browser), patient).toEqual(['In the team']);
    const { settings, notices } = ben.browser.settee;
    await settings.update({ spaces: { exclude: [team] } });
    await expect.poll(() => openSpaces(ben.browser), patient).toEqual([ben.userId]);
    expect(await names(ben.browser)).toEqual([]);
    await settings.update({ spaces: { exclude: [] } });
    await expect.poll(() => names(ben.browser), patient).toEqual(['In the team']);
    expect(await notices.list()).toEqual([]);
  });
});
