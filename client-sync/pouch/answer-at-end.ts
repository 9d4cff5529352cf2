import type { Pouch } from './pouch-types.ts';

type Callback = (...answer: unknown[]) => void;
interface Feed {
  continuous?: boolean;
  complete: Callback;
}
interface Internals extends Record<string, unknown> {
  _changes: (feed: Feed) => { cancel: () => void } | undefined;
}

/** What an adapter is asked, its callback last. */
const questions = [
  '_get',
  '_getLocal',
  '_getAttachment',
  '_getRevisionTree',
  '_allDocs',
  '_bulkDocs',
  '_putLocal',
  '_removeLocal',
  '_doCompaction',
];

/**
 * Fails what a database is asked when it is closed or destroyed, and afterwards: PouchDB's adapters over LevelDB never
 * answer what is under way then, nor a feed that begins later.
 */
export function answerAtEnd(db: Pouch): void {
  const internals = db as unknown as Internals;
  const changes = internals._changes;
  const unanswered = new Set<Callback>();
  let fault: Error | null = null;

  const end = (how: string) => () => {
    fault ??= new Error(`database is ${how}`);
    for (const answer of unanswered) answer(fault);
  };
  db.once('closed', end('closed'));
  db.once('destroyed', end('destroyed'));
  const expectAnswer = (callback: Callback): Callback => {
    const answer: Callback = (...given) => {
      if (unanswered.delete(answer)) callback(...given);
    };
    unanswered.add(answer);
    return answer;
  };
  for (const name of questions) {
    const ask = internals[name] as (...args: unknown[]) => unknown;
    internals[name] = (...args: unknown[]) => {
      const callback = args.pop() as Callback;
      if (fault) return callback(fault);
      const answer = expectAnswer(callback);
      const promised = ask.call(db, ...args, answer);
      // Asked again for each key, and answered by the promise.
      if (promised instanceof Promise) unanswered.delete(answer);
      return promised;
    };
  }
  internals._changes = (feed) => {
    if (feed.continuous) return changes.call(db, feed);
    if (fault) {
      feed.complete(fault);
      return undefined;
    }
    const complete = expectAnswer(feed.complete);
    const begun = changes.call(db, { ...feed, complete });
    return {
      cancel() {
        unanswered.delete(complete);
        begun?.cancel();
      },
    };
  };
}
