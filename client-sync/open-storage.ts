import { shareStorage } from './background/shared-storage.ts';
import { forgivingStorage, platformStorage, type KeyValueStore } from './environment.ts';
import type { SetteeOptions } from './settee-types.ts';

/** Where session and device are kept between visits. */
export interface OpenStorage {
  storage: KeyValueStore;
  /** Takes over tokens that a service worker has renewed meanwhile. */
  recall: () => Promise<void>;
  close: () => void;
}

/** Opens the storage that is asked for, shared with a service worker where that is wanted. */
export async function openStorage(
  options: Pick<SetteeOptions, 'storage' | 'backgroundSync'>,
  scope: string,
): Promise<OpenStorage> {
  const own = forgivingStorage(options.storage ?? platformStorage());
  const shared = options.backgroundSync === true ? await shareStorage(own, scope) : null;
  return { storage: shared ?? own, recall: async () => shared?.recall(), close: () => shared?.close() };
}
