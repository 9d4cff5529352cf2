import { createSettee } from '../create-settee.ts';
import { localNames } from '../local/names.ts';
import type { SyncStatus } from '../status/sync-status.ts';
import type { SetteeOptions } from '../settee-types.ts';
import { openWorkerStorage } from './shared-storage.ts';

export type SyncOnceOptions = Pick<SetteeOptions, 'url' | 'name' | 'adapter' | 'fetch' | 'environment'>;

/**
 * Pushes and pulls everything once, in a service worker: for `sync` and `periodicsync` events, so that edits of a page
 * that was closed reach the server. The page must have been opened with `backgroundSync`. Where a tab is open, that
 * tab does it. Resolves to null where nobody is signed in; rejects with OfflineError, for the browser to try again.
 */
export async function syncOnce(options: SyncOnceOptions): Promise<SyncStatus | null> {
  const url = options.url.replace(/\/+$/, '');
  const { scope } = localNames(options.name ?? 'settee', url);
  const storage = await openWorkerStorage(scope);
  try {
    const settee = await createSettee({ ...options, storage, sync: 'manual' });
    try {
      if (settee.account.current()?.state !== 'signed-in') return null;
      await settee.sync.now();
      return settee.status.get();
    } finally {
      await settee.close();
    }
  } finally {
    await storage.flush();
  }
}
