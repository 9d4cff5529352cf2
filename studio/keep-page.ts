/**
 * Installs the service worker and hands it what this first visit has already loaded, so that the very next
 * reload works without a network. Where service workers are missing (plain http on a LAN) the page just needs
 * its server.
 */
export async function keepPageForOffline(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const isFirstVisit = navigator.serviceWorker.controller === null;
  await navigator.serviceWorker.register('/service-worker.js');
  // From then on the worker sees, and keeps, everything that the page loads.
  if (!isFirstVisit) return;
  await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType('resource').map((entry) => new URL(entry.name));
  const assets = loaded.filter(
    ({ origin, pathname }) => origin === window.location.origin && pathname.startsWith('/assets/'),
  );
  const cache = await caches.open('settee-page-1');
  await cache.addAll(['/', '/icon.svg', ...new Set(assets.map(({ pathname }) => pathname))]);
}
