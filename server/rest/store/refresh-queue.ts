/** Runs `refresh` for a key, one at a time; whoever comes while one runs shares the next, so each caller sees all that was written before it asked. */
export type RefreshQueue<T> = (key: string, refresh: () => Promise<T>) => Promise<T>;

interface Turn<T> {
  running: Promise<T>;
  next?: Promise<T>;
}

/** Makes a queue of refreshes; it holds nothing while no refresh runs. */
export function createRefreshQueue<T>(): RefreshQueue<T> {
  const turns = new Map<string, Turn<T>>();

  function start(key: string, refresh: () => Promise<T>): Promise<T> {
    const turn: Turn<T> = { running: refresh() };
    turns.set(key, turn);
    const finish = () => {
      if (turns.get(key) === turn && turn.next === undefined) turns.delete(key);
    };
    turn.running.then(finish, finish);
    return turn.running;
  }
  return (key, refresh) => {
    const turn = turns.get(key);
    if (turn === undefined) return start(key, refresh);
    turn.next ??= turn.running.then(
      () => start(key, refresh),
      () => start(key, refresh),
    );
    return turn.next;
  };
}
