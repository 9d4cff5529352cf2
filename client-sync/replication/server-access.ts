import { isMonth, runsDatabase, type Month } from '../../schema/database-names.ts';
import { requestJson } from '../account/request-json.ts';
import type { Session, SessionStore } from '../account/session-store.ts';
import { OfflineError, SetteeClientError, SignedOutError } from '../errors.ts';
import type { PouchOpener } from '../pouch/open-pouch.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { openRemoteDatabase, type RemoteDatabase } from './remote-database.ts';

/** A space as the server lists it. */
export interface RemoteSpace {
  id: string;
  kind: string;
  database: string;
  /** The months of runs that the server has. */
  months: Month[];
}

export interface OpenRemoteOptions {
  /** A revision arrives and is about to be written here. */
  onArrival?: (docId: string, revision: string) => void;
  /** Ends all requests of the database. */
  signal?: AbortSignal;
}

/** The databases on the server of one user. */
export interface ServerAccess {
  /** The user's spaces; the name of the personal one's database is remembered for later visits. */
  spaces: () => Promise<RemoteSpace[]>;
  /** The database of `main` or of a month. */
  open: (space: SpaceWorkspace, place: string, options?: OpenRemoteOptions) => Promise<RemoteDatabase>;
  /** Makes a month on the server; fails with status 410 where it keeps that month no more. */
  provision: (space: SpaceWorkspace, month: Month) => Promise<void>;
}

interface SpaceAnswer {
  spaces: { id: string; kind: string; database: string; runs?: { month: string }[] }[];
}

interface AccessOptions {
  url: string;
  fetcher: typeof fetch;
  opener: PouchOpener;
  sessions: SessionStore;
  /** Whose local databases these are: another's on the server are never opened for them. */
  userId: string | null;
  iso: () => string;
}

export function createServerAccess(options: AccessOptions): ServerAccess {
  const { url, fetcher, opener, sessions, userId, iso } = options;
  const requireSession = (): Session => {
    const session = sessions.read();
    if (!session || session.user.id !== userId) throw new SignedOutError();
    return session;
  };
  let asking: Promise<RemoteSpace[]> | null = null;
  /** Asked for by all databases at once at the start. */
  const spaces = (): Promise<RemoteSpace[]> => {
    asking ??= askSpaces().finally(() => {
      asking = null;
    });
    return asking;
  };
  const askSpaces = async (): Promise<RemoteSpace[]> => {
    const answer = await requestJson<SpaceAnswer>(fetcher, `${url}/api/spaces`);
    const personal = answer.spaces.find(({ kind }) => kind === 'personal');
    if (!personal) throw new SetteeClientError('server_error', 'The server names no personal space.');
    // Asked by one and answered to another: the personal space's id is its user's.
    if (personal.id !== userId) throw new SignedOutError();
    const session = requireSession();
    if (session.database !== personal.database) {
      sessions.write({ ...session, database: personal.database });
    }
    return answer.spaces.map(({ id, kind, database, runs = [] }) => {
      return { id, kind, database, months: runs.map(({ month }) => month).filter(isMonth) };
    });
  };
  const databaseOf = async ({ info }: SpaceWorkspace): Promise<string> => {
    requireSession();
    if (info.database !== null) return info.database;
    const known = (await spaces()).find(({ id }) => id === info.id);
    if (!known) throw Object.assign(new Error('The server names no such space.'), { status: 404 });
    return known.database;
  };
  const urlOf = async (space: SpaceWorkspace, place: string): Promise<string> => {
    const database = await databaseOf(space);
    return `${url}/db/${isMonth(place) ? runsDatabase(database, place) : database}`;
  };
  return {
    spaces,
    async open(space, place, { onArrival = () => {}, signal } = {}) {
      const { refused } = space;
      return openRemoteDatabase({
        opener,
        url: await urlOf(space, place),
        fetcher: withGrant(space, signal ? (input, init) => fetcher(input, { signal, ...init }) : fetcher),
        onArrival,
        async onRefused(documents) {
          for (const document of documents) await refused.add({ ...document, place, at: iso() });
        },
        async onAccepted(docIds) {
          const refusals = await refused.list();
          const accepted = new Set(docIds);
          for (const { docId } of refusals) if (accepted.has(docId)) await refused.remove(docId);
        },
      });
    },
    async provision(space, month) {
      if (await makeMonth(await urlOf(space, month))) return;
      // Older than the space: what an import brings has to be asked for.
      await requestJson(fetcher, `${url}/api/spaces/${encodeURIComponent(space.info.id)}/months`, {
        method: 'POST',
        body: { from: month },
      }).catch((error: unknown) => {
        throw isRefusal(error) ? monthRefused() : error;
      });
      if (!(await makeMonth(await urlOf(space, month)))) throw monthRefused();
    },
  };

  /** Whether the month is there now; false where it is outside the months that the space may have. */
  async function makeMonth(database: string): Promise<boolean> {
    const response = await fetcher(database, { method: 'PUT' }).catch((cause: unknown) => {
      throw cause instanceof SetteeClientError ? cause : new OfflineError(cause);
    });
    if (response.ok || response.status === 412) return true;
    if (response.status === 404) return false;
    const { reason } = (await response.json().catch(() => ({}))) as { reason?: string };
    throw Object.assign(new Error(reason ?? `The month was answered with ${response.status}.`), {
      status: response.status,
    });
  }
}

/** Says which membership the local copy belongs to: under another one the server takes nothing of it. */
function withGrant({ info }: SpaceWorkspace, fetcher: typeof fetch): typeof fetch {
  const { grant } = info;
  if (grant === null) return fetcher;
  return (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('x-settee-grant', grant);
    return fetcher(input, { ...init, headers });
  };
}

/** The server knows no such months, or the month is none that anybody may have, such as one of the future. */
function isRefusal(error: unknown): boolean {
  return error instanceof SetteeClientError && (error.code === 'not_found' || error.code === 'invalid_input');
}

function monthRefused(): Error {
  return Object.assign(new Error('The server takes no runs of this month.'), { status: 410 });
}
