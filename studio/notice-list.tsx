import type { Notice, Settee } from '../client-sync/index.ts';
import { useAction, useWatch } from './use-live.ts';

const none: Notice[] = [];

const words: Record<Notice['kind'], string> = {
  rescued: 'You are no longer a member of',
  'role-lowered': 'You may only read now in',
  'space-deleted': 'Deleted by its owner:',
};

/** What happened to spaces of this person, and which copies were kept of changes that the server did not have. */
export function NoticeList({ settee }: { settee: Settee }) {
  const notices = useWatch(none, (listener) => settee.notices.subscribe(listener), [settee]);
  const { run } = useAction();
  if (notices.length === 0) return null;
  return (
    <section aria-label="Notices">
      <h2>Good to know</h2>
      <ul>
        {notices.map((notice) => (
          <li key={notice.id} className="row" data-notice={notice.kind}>
            <span>
              {words[notice.kind]} <strong>{notice.spaceName}</strong>.
              {notice.flowIds.length > 0 &&
                ` What you had changed and not yet sent is kept in your own space (${notice.flowIds.length}).`}
            </span>
            <button type="button" onClick={() => run(() => settee.notices.dismiss(notice.id))}>
              Dismiss
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
