import type { RefusedDocument, Settee } from '../client-sync/index.ts';
import { useAction, useWatch } from './use-live.ts';

const none: RefusedDocument[] = [];

/** Documents that the server did not take, each with its reason; they stay on this device. */
export function RefusedList({ settee }: { settee: Settee }) {
  const refused = useWatch(none, (listener) => settee.refused.subscribe(listener), [settee]);
  const { error, run } = useAction();
  if (refused.length === 0) return null;
  return (
    <section aria-label="Refused changes">
      <h2>Not taken by the server</h2>
      <ul>
        {refused.map((document) => (
          <li key={document.docId} className="row" data-refused={document.docId}>
            <code>{document.docId}</code>
            <span>{document.reason}</span>
            <button type="button" onClick={() => run(() => settee.refused.retry(document.docId))}>
              Try again
            </button>
          </li>
        ))}
      </ul>
      {error && <p className="error">{error}</p>}
    </section>
  );
}
