import { reportUnexpected, type Unsubscribe } from './signal.ts';
import type { Tabs } from './tabs.ts';
import type { WorkspaceSwitch } from './workspace-switch.ts';

/** Changes over when another tab signs in or out; `onFollowed` is called also where the databases cannot be opened. */
export function followOtherTabs(
  tabs: Pick<Tabs, 'subscribe'>,
  current: Pick<WorkspaceSwitch, 'follow'>,
  onFollowed: () => void,
): Unsubscribe {
  const follow = () =>
    void current.follow().then(onFollowed, (error: unknown) => {
      onFollowed();
      reportUnexpected(error);
    });
  const unsubscribe = tabs.subscribe((message) => {
    if (message.type === 'session') follow();
  });
  // What another tab did before, while the databases were opened, was not heard.
  follow();
  return unsubscribe;
}
