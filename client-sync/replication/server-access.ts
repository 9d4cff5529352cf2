import { isMonth, runsDatabase, type Month } from '../../schema/database-names.ts';
import { requestJson } from '../account/request-json.ts';
import type { Session, SessionStore } from '../account/session-store.ts';
import { OfflineError, SetteeClientError, SignedOutError } from '../errors.ts';
import type { PouchOpener } from '../pouch/open-pouch.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { RefusedStore } from './refused-store.ts';
import { openRemoteDatabase } from './remote-database.ts';

/** The user's databases on the server. */
export interface ServerAccess {
  /** Asks for the user's personal space; its database's name is remembered for later visits. */
  personalSpace(): Promise<{ database: string; months: Month[] }>;
  /** The database of `main` or of a month. */
  open: (place: string, onArrival?: Arrival) => Promise<Pouch>;
  provision: (month: Month) => Promise<void>;
}

type Arrival = (docId: string, revision: string) => void;

interface SpaceAnswer {
  spaces: { id: string; kind: string; database: string; runs: { month: string }[] }[];
}

interface AccessOptions {
  url: string;
  fetcher: typeof fetch;
  opener: PouchOpener;
  sessions: SessionStore;
  /** Whose local databases these are: another's on the server are never opened for them. */
  userId: string | null;
  refused: RefusedStore;
  iso: () => string;
}

export function createServerAccess(options: AccessOptions): ServerAccess {
  const { url, fetcher, opener, sessions, userId, refused, iso } = options;
  const requireSession = (): Session => {
    const session = sessions.read();
    if (!session || session.user.id !== userId) throw new SignedOutError();
    return session;
  };
  const personalSpace = async () => {
    const { spaces } = await requestJson<SpaceAnswer>(fetcher, `${url}/api/spaces`);
    const personal = spaces.find(({ kind }) => kind === 'personal');
    if (!personal) throw new SetteeClientError('server_error', 'The server names no personal space.');
    // Asked by one and answered to another: the personal space's id is its user's.
    if (personal.id !== userId) throw new SignedOutError();
    const session = requireSession();
    if (session.database !== personal.database) {
      sessions.write({ ...session, database: personal.database });
    }
    return {
      id: personal.id,
      database: personal.database,
      months: personal.runs.map(({ month }) => month).filter(isMonth),
    };
  };
  const urlOf = async (place: string): Promise<string> => {
    const database = requireSession().database ?? (await personalSpace()).database;
    return `${url}/db/${isMonth(place) ? runsDatabase(database, place) : database}`;
  };
  return {
    personalSpace,
    async open(place, onArrival = () => {}) {
      return openRemoteDatabase({
        opener,
        url: await urlOf(place),
        fetcher,
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
    async provision(month) {
      if (await makeMonth(await urlOf(month))) return;
      // Older than the account: what an import brings has to be asked for.
      const { id } = await personalSpace();
      await requestJson(fetcher, `${url}/api/spaces/${id}/months`, {
        method: 'POST',
        body: { from: month },
      }).catch((error: unknown) => {
        throw isRefusal(error) ? monthRefused() : error;
      });
      if (!(await makeMonth(await urlOf(month)))) throw monthRefused();
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

/** The server knows no such months, or the month is none that anybody may have, such as one of the future. */
function isRefusal(error: unknown): boolean {
  return error instanceof SetteeClientError && (error.code === 'not_found' || error.code === 'invalid_input');
}

function monthRefused(): Error {
  return Object.assign(new Error('The server takes no runs of this month.'), { status: 410 });
}
