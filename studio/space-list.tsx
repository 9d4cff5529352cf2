import type { Settee, SpaceSummary } from '../client-sync/index.ts';
import { type FormEvent, useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { MemberPanel } from './member-panel.tsx';
import { fieldText } from './field-text.ts';
import { useAction, useWatch } from './use-live.ts';

/** The spaces of this person; an open one shows its members. */
export function SpaceList({ settee }: { settee: Settee }) {
  const spaces = useWatch<SpaceSummary[]>([], (listener) => settee.spaces.watch(listener), [settee]);
  const account = useWatch(settee.account.current(), (listener) => settee.account.subscribe(listener), [
    settee,
  ]);
  const [open, setOpen] = useState<string | null>(null);
  const { error, busy, run } = useAction();
  if (!account) return null;
  const shared = spaces.filter(({ kind }) => kind === 'team' || kind === 'shared');
  const create = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = fieldText(new FormData(form), 'name');
    run(async () => {
      await settee.spaces.create({ name });
      form.reset();
    });
  };
  return (
    <section aria-label="Spaces">
      <h2>Teams and sharing</h2>
      <ul>
        {shared.map((space) => (
          <li key={space.id} className="stack" data-space={space.id}>
            <div className="row">
              <strong>{space.name}</strong>
              <span className="quiet">
                {space.kind === 'team' ? 'team' : 'shared flow'}, {space.role}
              </span>
              <button
                type="button"
                aria-label={`Members of ${space.name}`}
                onClick={() => setOpen(open === space.id ? null : space.id)}
              >
                {open === space.id ? 'Close' : 'Members'}
              </button>
            </div>
            {open === space.id && <MemberPanel settee={settee} space={space} userId={account.user.id} />}
          </li>
        ))}
      </ul>
      <form className="row" aria-label="New team" onSubmit={create}>
        <input name="name" aria-label="Name of the team" placeholder="Name of a new team" required />
        <button type="submit" disabled={busy}>
          Create team
        </button>
      </form>
      <ErrorLine error={error} />
    </section>
  );
}
