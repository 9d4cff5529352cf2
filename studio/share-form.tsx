import type { Flow, Settee, ShareWith, SpaceSummary } from '../client-sync/index.ts';
import type { FormEvent } from 'react';
import { ErrorLine } from './error-line.tsx';
import { fieldText } from './field-text.ts';
import { useAction, useWatch } from './use-live.ts';

/** Shares one flow with a person, moves it into a team, or publishes it as a template. */
export function ShareForm({ settee, flow }: { settee: Settee; flow: Flow }) {
  const spaces = useWatch<SpaceSummary[]>([], (listener) => settee.spaces.watch(listener), [settee]);
  const { error, busy, run } = useAction();
  const place = spaces.find(({ id }) => id === flow.spaceId);
  if (!place || place.role !== 'owner') return null;
  const share = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    run(async () => {
      await settee.flows.share(flow.id, {
        email: fieldText(fields, 'email'),
        role: fieldText(fields, 'role') as ShareWith['role'],
      });
      form.reset();
    });
  };
  const targets = spaces.filter(
    ({ id, kind, role }) =>
      id !== flow.spaceId && (kind === 'team' || kind === 'personal') && role !== 'viewer',
  );
  const move = (spaceId: string) => run(() => settee.flows.move(flow.id, spaceId));
  const isPublic = flow.visibility === 'public';
  return (
    <div className="stack">
      <form className="row" aria-label="Share" onSubmit={share}>
        <strong>Share</strong>
        <input name="email" type="email" aria-label="Share with" placeholder="E-mail" required />
        <select name="role" aria-label="Role in this flow" defaultValue="editor">
          <option>editor</option>
          <option>viewer</option>
        </select>
        <button type="submit" disabled={busy}>
          Share
        </button>
      </form>
      <div className="row">
        <label>
          Where it is
          <select
            aria-label="Space of this flow"
            value={flow.spaceId}
            disabled={busy}
            onChange={(event) => move(event.target.value)}
          >
            {[place, ...targets].map((space) => (
              <option key={space.id} value={space.id}>
                {space.kind === 'personal' ? 'only me' : space.name}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={busy}
          onClick={() => run(() => settee.flows.setVisibility(flow.id, isPublic ? 'private' : 'public'))}
        >
          {isPublic ? 'Withdraw the template' : 'Publish as a template'}
        </button>
      </div>
      <ErrorLine error={error} />
    </div>
  );
}
