/** Work on one database in one direction, in steps that take turns with those of other spaces. */
export interface Job {
  /** Names the sync of one copy of a space. */
  space: string;
  /** Names the work within its space: asked for again while it waits, it is done once. */
  key: string;
  /** Resolves to whether there is more to do. */
  step: () => Promise<boolean>;
}

export interface Scheduler {
  /** Has the work done; resolves once all was done that there was at the time of the call. */
  run: (job: Job) => Promise<void>;
  /** Forgets the space's work; resolves when none of it is under way any more. */
  drop: (space: string) => Promise<void>;
}

interface Waiter {
  resolve: () => void;
  reject: (cause: unknown) => void;
}

interface Entry {
  job: Job;
  /** Has begun and not come to its end, though others may be taking their turns. */
  isRunning: boolean;
  /** Who waits for the end of what runs, and who asked since. */
  current: Waiter[];
  next: Waiter[];
  step: Promise<void>;
  isDropped: boolean;
}

/** Does the work of many spaces, so many steps at once, the spaces in turn: none waits for another to finish. */
export function createScheduler(atOnce = 2): Scheduler {
  const entries = new Map<string, Entry>();
  /** What waits for its turn, by space; the space that had the last turn comes last. */
  const queue = new Map<string, Entry[]>();
  let active = 0;

  const enqueue = (entry: Entry) => {
    const { space } = entry.job;
    const waiting = queue.get(space);
    if (waiting) waiting.push(entry);
    else queue.set(space, [entry]);
    start();
  };
  const takeNext = (): Entry | undefined => {
    for (const [space, waiting] of queue) {
      const entry = waiting.shift();
      queue.delete(space);
      if (waiting.length > 0) queue.set(space, waiting);
      if (entry) return entry;
    }
    return undefined;
  };
  const finish = (entry: Entry, settle: (waiter: Waiter) => void) => {
    const done = entry.current;
    entry.isRunning = false;
    entry.current = [];
    if (entry.isDropped) return;
    if (entry.next.length > 0) enqueue(entry);
    else entries.delete(nameOf(entry.job));
    for (const waiter of done) settle(waiter);
  };
  const takeStep = async (entry: Entry): Promise<void> => {
    if (!entry.isRunning) {
      entry.isRunning = true;
      entry.current = entry.next;
      entry.next = [];
    }
    try {
      const more = await entry.job.step();
      if (!more || entry.isDropped) finish(entry, ({ resolve }) => resolve());
      else enqueue(entry);
    } catch (error) {
      finish(entry, ({ reject }) => reject(error));
    }
  };
  const start = () => {
    while (active < atOnce) {
      const entry = takeNext();
      if (!entry) return;
      active += 1;
      entry.step = takeStep(entry).finally(() => {
        active -= 1;
        start();
      });
    }
  };
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const known = entries.get(nameOf(job));
        const waiter = { resolve, reject };
        if (known) {
          const isWaiting = known.isRunning || known.next.length > 0;
          known.next.push(waiter);
          if (!isWaiting) enqueue(known);
          return;
        }
        const entry: Entry = {
          job,
          isRunning: false,
          current: [],
          next: [waiter],
          step: Promise.resolve(),
          isDropped: false,
        };
        entries.set(nameOf(job), entry);
        enqueue(entry);
      }),
    async drop(space) {
      const dropped = [...entries.values()].filter(({ job }) => job.space === space);
      queue.delete(space);
      for (const entry of dropped) {
        entry.isDropped = true;
        entries.delete(nameOf(entry.job));
        const waiters = [...entry.current, ...entry.next];
        entry.current = [];
        entry.next = [];
        for (const { reject } of waiters) reject(new Error('Sync of the space was stopped.'));
      }
      await Promise.all(dropped.map(({ step }) => step));
    },
  };
}

function nameOf({ space, key }: Job): string {
  return `${space} ${key}`;
}
