import type { Settee, SyncStatus } from '../client-sync/index.ts';
import { useAction, useWatch } from './use-live.ts';

const words: Record<SyncStatus['state'], string> = {
  'local-only': 'Only in this browser',
  offline: 'Offline',
  connecting: 'Connecting',
  syncing: 'Syncing',
  'up-to-date': 'Up to date',
  attention: 'Needs your attention',
};

function details(status: SyncStatus): string {
  const parts = [
    status.pending.push > 0 ? `${status.pending.push} to send` : '',
    status.pending.pull > 0 ? `${status.pending.pull} to receive` : '',
    status.conflicts > 0 ? `${status.conflicts} in conflict` : '',
    status.refused > 0 ? `${status.refused} refused` : '',
    status.signedOut ? 'sign in to go on' : '',
  ].filter((part) => part !== '');
  if (parts.length > 0) return parts.join(', ');
  return status.lastSyncAt ? `last sync ${new Date(status.lastSyncAt).toLocaleTimeString()}` : '';
}

/** What sync is doing now, in one line. */
export function SyncIndicator({ settee }: { settee: Settee }) {
  const status = useWatch(settee.status.get(), (listener) => settee.status.subscribe(listener), [settee]);
  const { run, busy } = useAction();
  return (
    <div className="row" role="status" aria-label="Sync" data-state={status.state}>
      <span className={`status ${status.state}`} title={status.lastError ?? ''}>
        {words[status.state]}
      </span>
      <span className="quiet">{details(status)}</span>
      {status.state !== 'local-only' && (
        <button type="button" disabled={busy} onClick={() => run(() => settee.sync.now())}>
          Sync now
        </button>
      )}
    </div>
  );
}
