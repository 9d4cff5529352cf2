import { expect, test } from 'vitest';
import { watchQuery } from '../../client-sync/local/watch-query.ts';
import { createSignal } from '../../client-sync/signal.ts';
import type { CurrentWorkspace, Workspace } from '../../client-sync/workspace.ts';

test('a watched query follows the workspace that is open, and none any more once it has ended', async () => {
  const switched = createSignal<void>();
  const followed = new Map<string, () => void>();
  let open = 'hers';
  const workspaces = new Map(['hers', 'his'].map((userId) => [userId, { userId } as Workspace]));
  const current: CurrentWorkspace = {
    get: () => workspaces.get(open) as Workspace,
    onSwitch: switched.subscribe,
  };
  const heard: string[] = [];
  let flows = 1;
  const end = watchQuery({
    current,
    run: () => Promise.resolve(`${open} ${flows}`),
    listener: (result) => heard.push(result),
    onChange({ userId }, changed) {
      followed.set(String(userId), changed);
      return () => followed.delete(String(userId));
    },
    fingerprint: (result) => result,
  });
  await expect.poll(() => heard).toEqual(['hers 1']);
  open = 'his';
  switched.emit();
  await expect.poll(() => heard).toEqual(['hers 1', 'his 1']);
  expect([...followed.keys()]).toEqual(['his']);
  flows = 2;
  followed.get('his')?.();
  await expect.poll(() => heard).toEqual(['hers 1', 'his 1', 'his 2']);
  end();
  open = 'hers';
  switched.emit();
  expect([...followed.keys()]).toEqual([]);
});
