import { expect, it } from 'vitest';
import { orAborted } from '../../client-sync/or-aborted.ts';
import { useSettee } from '../support/use-settee.ts';
import { graph, names, patient, useMeeting } from './space-members.ts';

const server = useSettee();
const meeting = useMeeting(server);

it('goes on in the new copy of a space, and shows it, while the old one ends', async () => {
  const [ada, ben] = await Promise.all([meeting.join(), meeting.join()]);
  const team = await meeting.team(ada, [ben, 'editor']);
  await ada.browser.settee.flows.save({ name: 'In the team', flow: graph, spaceId: team });
  await expect.poll(() => names(ben.browser), patient).toEqual(['In the team']);
  const { network, settee } = ben.browser;
  const state = () => settee.status.get().spaces[team]?.state;
  let fill = () => {};
  const mayFill = new Promise<void>((resolve) => (fill = resolve));
  network.intercept((url, init, send) =>
    url.includes(`space-${team}/_bootstrap`)
      ? orAborted(mayFill, init.signal).then(() => send(url, init))
      : undefined,
  );
  await ada.browser.settee.spaces.setRole(team, ben.userId, 'viewer');
  // The old copy goes before the new one is filled.
  await expect.poll(() => settee.notices.list(), patient).toMatchObject([{ kind: 'role-lowered' }]);
  expect(state()).toBe('connecting');
  fill();
  await expect.poll(() => names(ben.browser), patient).toEqual(['In the team']);
  await expect.poll(state, patient).toBe('up-to-date');
});
