import { watchQuery } from '../local/watch-query.ts';
import type { NoticesApi } from '../space-types.ts';
import type { CurrentWorkspace } from '../workspace.ts';

/** What the user has to be told, of whichever workspace is open. */
export function createNotices(current: CurrentWorkspace): NoticesApi {
  const list = async () => current.get().notices.list();
  const follow = (listener: () => void) => {
    let unsubscribe = current.get().notices.onChange(listener);
    const unsubscribeSwitch = current.onSwitch(() => {
      unsubscribe();
      unsubscribe = current.get().notices.onChange(listener);
      listener();
    });
    return () => {
      unsubscribe();
      unsubscribeSwitch();
    };
  };
  return {
    list,
    dismiss: async (id) => current.get().notices.dismiss(id),
    subscribe: (listener) =>
      watchQuery({
        current,
        run: list,
        listener,
        onChange: follow,
        fingerprint: (notices) => JSON.stringify(notices),
      }),
  };
}
