import type nano from 'nano';

type Write = (...given: unknown[]) => Promise<unknown>;

const isLocal = (id: unknown): boolean => typeof id === 'string' && id.startsWith('_local/');

/** True where a call of `insert` or `destroy` is about a document that replication does not see. */
function isAboutLocal([first, second]: unknown[]): boolean {
  if (isLocal(first) || isLocal(second)) return true;
  const named = [
    [first, '_id'],
    [second, 'docName'],
  ] as const;
  return named.some(
    ([holder, field]) => typeof holder === 'object' && holder !== null && isLocal(Reflect.get(holder, field)),
  );
}

/** Calls `onWrite` after each write of documents through the scope that the engine has answered; not for `_local`. */
export function noteWrites<D>(scope: nano.DocumentScope<D>, onWrite: () => void): nano.DocumentScope<D> {
  function note(holder: object, name: string): void {
    const write = Reflect.get(holder, name) as Write;
    const noted: Write = async (...given) => {
      const answer = await write(...given);
      if (!isAboutLocal(given)) onWrite();
      return answer;
    };
    Reflect.set(holder, name, noted);
  }
  for (const name of ['insert', 'bulk', 'destroy']) note(scope, name);
  for (const name of ['insert', 'destroy']) note(scope.attachment, name);
  return scope;
}
