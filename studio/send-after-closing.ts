import type { Settee } from '../client-sync/index.ts';

/** Of the Background Sync API, which some browsers have. */
interface SyncRegistration extends ServiceWorkerRegistration {
  sync?: { register(tag: string): Promise<void> };
}

/** Whenever edits wait that could not be sent at once, asks the browser to have the service worker send them. */
export function sendAfterClosing(settee: Settee): void {
  if (!('serviceWorker' in navigator)) return;
  let isWaiting = false;
  settee.status.subscribe(({ pending, state }) => {
    const waits = pending.push > 0 && state === 'offline';
    if (waits && !isWaiting) void register();
    isWaiting = waits;
  });
}

async function register(): Promise<void> {
  const { sync } = (await navigator.serviceWorker.ready) as SyncRegistration;
  // Refused where the person does not allow it; the edits go out at the next visit.
  await sync?.register('settee').catch(() => {});
}
