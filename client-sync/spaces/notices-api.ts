import { watchQuery } from '../local/watch-query.ts';
import type { NoticesApi } from '../space-types.ts';
import type { CurrentWorkspace } from '../workspace.ts';

/** What the user has to be told, of whichever workspace is open. */
export function createNotices(current: CurrentWorkspace): NoticesApi {
  const list = async () => current.get().notices.list();
  return {
    list,
    dismiss: async (id) => current.get().notices.dismiss(id),
    subscribe: (listener) =>
      watchQuery({
        current,
        run: list,
        listener,
        onChange: ({ notices }, changed) => notices.onChange(changed),
        fingerprint: (notices) => JSON.stringify(notices),
      }),
  };
}
