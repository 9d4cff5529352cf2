import { syncOnce } from '../client-sync/index.ts';

/**
 * Keeps the page itself for the time without a network: pages are taken from the network first, built assets
 * (whose names carry a hash) from the cache first. And sends what a page that was closed has left unsent, when the
 * browser says that there is a network again (Background Sync; browsers that have none send at the next visit).
 */
interface WorkerScope {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  location: Location;
  addEventListener(
    type: 'install' | 'activate' | 'fetch' | 'sync',
    listener: (event: WorkerEvent) => void,
  ): void;
}
interface WorkerEvent {
  request: Request;
  /** Of `sync`: what was registered. */
  tag: string;
  waitUntil(work: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}

const worker = self as unknown as WorkerScope;
const cacheName = 'settee-page-1';

worker.addEventListener('install', (event) => {
  event.waitUntil(worker.skipWaiting());
});
worker.addEventListener('activate', (event) => {
  event.waitUntil(worker.clients.claim());
});
worker.addEventListener('sync', (event) => {
  // Where it fails, the browser tries again later.
  if (event.tag === 'settee') event.waitUntil(syncOnce({ url: worker.location.origin }));
});
worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (event.request.mode === 'navigate' && url.pathname === '/')
    event.respondWith(networkFirst(event.request));
  else if (url.pathname.startsWith('/assets/') || url.pathname === '/icon.svg') {
    event.respondWith(cacheFirst(event.request));
  }
});

async function networkFirst(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put('/', answer.clone());
    return answer;
  } catch (cause) {
    const kept = await cache.match('/', { ignoreVary: true });
    if (kept) return kept;
    throw cause;
  }
}

async function cacheFirst(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  // An asset is the same for every origin, whatever the server's Vary says.
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
