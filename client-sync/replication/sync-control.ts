import type { SessionStore } from '../account/session-store.ts';
import { OfflineError, SetteeClientError, SignedOutError, type SetteeErrorCode } from '../errors.ts';
import type { Environment } from '../environment.ts';
import { randomId } from '../local/uuid.ts';
import { createSignal } from '../signal.ts';
import type { StatusStore } from '../status/status-store.ts';
import { sharedFacts } from '../status/sync-facts.ts';
import type { Tabs } from '../tabs.ts';
import type { SyncApi, SyncSettings } from '../sync-types.ts';
import { createLeadership } from './leadership.ts';
import { paceOf, type Pace } from './pace.ts';
import type { SyncEngine } from './sync-engine-types.ts';

/** Decides when this tab syncs: signed in, its turn, and not paused; and passes wishes and news between tabs. */
export interface SyncControl {
  api: SyncApi;
  /** Ends sync of the open workspace; `reconsider` begins it again. */
  halt: () => Promise<void>;
  reconsider: () => void;
  /** Whether this tab is the one that syncs, or would. */
  leads: () => boolean;
  /** What the user wants, from now on. */
  follow: (settings: SyncSettings) => void;
  close: () => Promise<void>;
}

interface ControlOptions {
  environment: Environment;
  lockName: string;
  sessions: SessionStore;
  status: StatusStore;
  tabs: Tabs;
  /** Whether the open databases are those of whoever is signed in: not so while one changes over to another. */
  isOpen: () => boolean;
  startEngine: (pace: Pace) => SyncEngine;
  settings: SyncSettings;
  /** Sync runs only when it is asked for, whatever the settings say. */
  isManual: boolean;
}

const answerMilliseconds = 60_000;

export function createSyncControl(options: ControlOptions): SyncControl {
  const { environment, lockName, sessions, status, tabs, isOpen, startEngine } = options;
  let isLeader = false;
  let closed = false;
  const ownLead = createSignal<void>();
  let engine: SyncEngine | null = null;
  /** Whether the engine does more than count. */
  let isSyncing = false;
  let stopping: Promise<void> = Promise.resolve();

  let { settings } = options;

  const isHeld = () => settings.network === 'unmetered' && environment.isMetered();
  const pace = (): Pace => ({
    ...paceOf(settings),
    ...(options.isManual ? { frequency: 'manual' } : {}),
  });
  const isPaused = () => status.facts().paused;
  const halt = (): Promise<void> => {
    const ended = engine;
    engine = null;
    if (ended) {
      stopping = ended.stop();
      status.dispatch({ type: 'stopped' });
    }
    return stopping;
  };
  const accountState = () => {
    const session = sessions.read();
    if (!session) return 'none';
    return session.tokens ? 'signed-in' : 'signed-out';
  };
  const followAccount = () => {
    const before = status.facts();
    status.dispatch({
      type: 'account',
      account: accountState(),
      userId: sessions.read()?.user.id ?? null,
    });
    // The tab that syncs may have told of this account before it was known here.
    if (!isLeader && status.facts() !== before) tabs.post({ type: 'hello' });
  };
  const run = (maySync: boolean) => {
    const next: Pace = maySync ? pace() : { ...pace(), frequency: 'never' };
    if (engine && isSyncing === maySync) return engine.setPace(next);
    // What was sent is written down before it is counted.
    if (engine && isSyncing) return void halt().then(reconsider);
    void halt();
    isSyncing = maySync;
    engine = startEngine(next);
  };
  const reconsider = () => {
    followAccount();
    const { account } = status.facts();
    const isOurs = isLeader && !closed && account !== 'none' && isOpen();
    const isWanted = account === 'signed-in' && !isPaused();
    if (isOurs) run(isWanted && !isHeld());
    else void halt();
    if (isOurs && isWanted && isHeld()) status.dispatch({ type: 'held', held: 'metered' });
  };
  const setPaused = (paused: boolean) => {
    status.dispatch({ type: 'paused', paused });
    reconsider();
  };
  const runHere = async (): Promise<void> => {
    if (accountState() !== 'signed-in') throw new SignedOutError('Sign in to sync.');
    if (!engine || !isSyncing) {
      const reason = isHeld() ? 'Sync waits for a network that costs nothing.' : 'Sync is paused.';
      throw new SetteeClientError('offline', reason);
    }
    try {
      await engine.now();
    } catch (error) {
      if (accountState() !== 'signed-in') throw new SignedOutError();
      throw error instanceof SetteeClientError ? error : new OfflineError(error);
    }
  };
  const now = async (): Promise<void> => {
    if (isLeader) return runHere();
    if (accountState() !== 'signed-in') throw new SignedOutError('Sign in to sync.');
    const led = new AbortController();
    const unsubscribe = ownLead.subscribe(() => led.abort());
    const answer = await tabs.requestSync(randomId(), answerMilliseconds, led.signal).finally(unsubscribe);
    // The lease has come to this tab while it waited.
    if (led.signal.aborted) return runHere();
    if (!answer) throw new OfflineError();
    if (answer.error) throw new SetteeClientError(answer.error.code as SetteeErrorCode, answer.error.message);
  };
  const answerSync = async (request: string): Promise<void> => {
    const error = await runHere().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    // Whoever takes over is asked again.
    if (closed || !isLeader) return;
    const known = error instanceof SetteeClientError ? error : null;
    tabs.post({
      type: 'synced',
      request,
      ...(known ? { error: { code: known.code, message: known.message } } : {}),
    });
  };
  const leadership = createLeadership(environment, lockName, (leads) => {
    isLeader = leads;
    reconsider();
    if (!leads || closed) return;
    tabs.post({ type: 'leading' });
    ownLead.emit();
  });
  const endings = [
    () => leadership.close(),
    environment.onChange((change) => {
      if (change === 'online' || change === 'offline') {
        status.dispatch({ type: 'network', online: change === 'online' });
      }
      if (change === 'connection') reconsider();
    }),
    status.onFacts((facts) => {
      if (isLeader) tabs.post({ type: 'facts', facts: sharedFacts(facts) });
    }),
    tabs.subscribe((message) => {
      if (message.type === 'hello' && isLeader)
        tabs.post({ type: 'facts', facts: sharedFacts(status.facts()) });
      if (message.type === 'facts' && !isLeader) status.dispatch({ type: 'mirrored', facts: message.facts });
      if (message.type === 'sync' && isLeader) void answerSync(message.request);
      if (message.type === 'pause') setPaused(message.paused);
    }),
  ];
  status.dispatch({ type: 'network', online: environment.isOnline() });
  tabs.post({ type: 'hello' });
  return {
    halt,
    reconsider,
    leads: () => isLeader,
    follow(next) {
      settings = next;
      reconsider();
    },
    api: {
      now,
      pause() {
        setPaused(true);
        tabs.post({ type: 'pause', paused: true });
      },
      resume() {
        setPaused(false);
        tabs.post({ type: 'pause', paused: false });
      },
    },
    async close() {
      closed = true;
      for (const end of endings) end();
      await halt();
    },
  };
}
