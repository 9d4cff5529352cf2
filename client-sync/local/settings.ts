import { unmarked } from '../../flow/flow.ts';
import { SetteeClientError } from '../errors.ts';
import type { Unsubscribe } from '../signal.ts';
import type { SettingsApi, SyncSettings } from '../sync-types.ts';
import type { CurrentWorkspace, Workspace } from '../workspace.ts';
import { getOrNull, retryOnConflict } from './local-documents.ts';
import { watchQuery } from './watch-query.ts';

const id = 'settings';

const choices: Record<string, readonly unknown[]> = {
  frequency: ['live', 'interval', 'manual'],
  network: ['any', 'unmetered'],
};

/** What the user chose, as far as this browser knows. */
export async function readSettings({ personal }: Workspace): Promise<SyncSettings> {
  const stored = await getOrNull(personal.space.main, id);
  return typeof stored?.sync === 'object' && stored.sync !== null ? (stored.sync as SyncSettings) : {};
}

function assertSettings(settings: SyncSettings): void {
  for (const [name, allowed] of Object.entries(choices)) {
    const value = settings[name];
    if (value !== undefined && !allowed.includes(value)) {
      throw new SetteeClientError('invalid_input', `${name} is one of ${allowed.join(', ')}.`);
    }
  }
  const { intervalSeconds: seconds } = settings;
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400)) {
    throw new SetteeClientError('invalid_input', 'intervalSeconds is a whole number from 1 to 86400.');
  }
}

function isChoice(chosen: unknown, allowed: (entry: unknown) => boolean): boolean {
  return chosen === undefined || (Array.isArray(chosen) && chosen.every(allowed));
}

/** What is kept here: which spaces, and how many months of runs. */
function assertSelection({ spaces, months }: SyncSettings): void {
  if (months !== undefined && !(Number.isInteger(months) && months >= 1 && months <= 24)) {
    throw new SetteeClientError('invalid_input', 'months is a whole number from 1 to 24.');
  }
  const isId = (entry: unknown) => typeof entry === 'string' && entry !== '' && entry.length <= 255;
  if (!isChoice(spaces?.exclude, isId) || !isChoice(spaces?.include, (entry) => entry === 'templates')) {
    throw new SetteeClientError('invalid_input', 'spaces excludes ids of spaces, and includes templates.');
  }
}

/** The user's settings, which follow him to his other browsers. */
export function createSettings(current: CurrentWorkspace, iso: () => string): SettingsApi {
  const get = () => readSettings(current.get());
  return {
    get,
    async update(change) {
      const { main } = current.get().personal.space;
      await retryOnConflict(async () => {
        const stored = await getOrNull(main, id);
        const before = (stored?.sync ?? {}) as SyncSettings;
        const sync = Object.fromEntries(
          Object.entries({ ...before, ...change }).filter(
            ([, value]) => value !== null && value !== undefined,
          ),
        ) as SyncSettings;
        assertSettings(sync);
        assertSelection(sync);
        if (JSON.stringify(sync) === JSON.stringify(before)) return;
        await main.put({
          ...(stored && unmarked(stored)),
          _id: id,
          type: 'settings',
          schemaVersion: 1,
          updatedAt: iso(),
          sync,
        });
      });
      return get();
    },
    subscribe: (listener) =>
      watchQuery({
        current,
        run: get,
        listener,
        onChange: onSettings,
        fingerprint: (settings) => JSON.stringify(settings),
      }),
  };
}

function onSettings({ personal }: Workspace, listener: () => void): Unsubscribe {
  const feed = personal.space.main
    .changes({ since: 'now', live: true, return_docs: false })
    .on('change', (change) => {
      if (change.id === id) listener();
    });
  feed.catch(() => {});
  return () => feed.cancel();
}
