/** Runs tasks of the same key one after another, in the order they came; a task that fails does not stop the next. */
export type Turns = <T>(key: string, task: () => Promise<T>) => Promise<T>;

/** Makes turns; a key is forgotten when nobody waits for it. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return (key, task) => {
    const before = last.get(key) ?? Promise.resolve();
    const turn = before.then(task, task);
    last.set(key, turn);
    const finish = (): void => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(finish, finish);
    return turn;
  };
}
