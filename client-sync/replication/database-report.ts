import type { DatabaseRef, Direction, SyncEvent } from '../status/sync-facts.ts';
import { describeFault } from './fault.ts';
import type { DirectionEvent } from './live-direction.ts';
import type { Batch } from './pull.ts';

/** Tells the status what one database's replication does, and only what is news. */
export interface DatabaseReport {
  connecting: (direction: Direction) => void;
  active: (direction: Direction) => void;
  transferred: (direction: Direction, batch: Pick<Batch, 'written' | 'more' | 'pending'>) => void;
  caughtUp: (direction: Direction) => void;
  failed: (direction: Direction, error: unknown) => void;
  pending: (count: number) => void;
  /** Takes progress counted from the start. */
  filling: () => (progress: { documents: number; pending: number }) => void;
  /** Takes over what plain live replication says. */
  take: (direction: Direction, event: DirectionEvent) => void;
  /** The directions that have failed and not gone well since. */
  failing: () => Direction[];
}

export function createDatabaseReport(
  ref: DatabaseRef,
  iso: () => string,
  dispatch: (event: SyncEvent) => void,
): DatabaseReport {
  const states: Record<Direction, 'new' | 'well' | 'failed'> = { push: 'new', pull: 'new' };
  const live: Record<Direction, number> = { push: 0, pull: 0 };

  const report: DatabaseReport = {
    connecting(direction) {
      // A look that finds nothing is not worth a word.
      if (states[direction] !== 'well') dispatch({ type: 'connecting', direction, ...ref });
    },
    active: (direction) => dispatch({ type: 'active', direction, ...ref }),
    transferred(direction, { written, more, pending }) {
      if (written === 0 && !more) return;
      const remaining = pending === undefined ? {} : { pending };
      dispatch({ type: 'transferred', direction, documents: written, ...remaining, ...ref });
    },
    caughtUp(direction) {
      states[direction] = 'well';
      dispatch({ type: 'caught-up', direction, at: iso(), ...ref });
    },
    failed(direction, error) {
      states[direction] = 'failed';
      dispatch({ type: 'failed', direction, ...describeFault(error), ...ref });
    },
    pending: (count) => dispatch({ type: 'pending-push', count, ...ref }),
    filling() {
      let before = 0;
      return ({ documents, pending }) => {
        const written = documents - before;
        before = documents;
        const remaining = Math.max(0, pending - documents);
        report.transferred('pull', { written, more: true, pending: remaining });
      };
    },
    failing: () => (['push', 'pull'] as const).filter((direction) => states[direction] === 'failed'),
    take(direction, event) {
      switch (event.type) {
        case 'connecting':
          dispatch({ type: 'connecting', direction, ...ref });
          break;
        case 'active':
          report.active(direction);
          break;
        case 'transferred': {
          const written = event.documents - live[direction];
          live[direction] = event.documents;
          const { pending } = event;
          report.transferred(direction, {
            written,
            more: true,
            ...(pending === undefined ? {} : { pending }),
          });
          break;
        }
        case 'caught-up':
          live[direction] = 0;
          report.caughtUp(direction);
          break;
        case 'failed':
          live[direction] = 0;
          report.failed(direction, event.error);
          break;
        case 'passed':
      }
    },
  };
  return report;
}
