import type { Settee, SpaceRole } from '../client-sync/index.ts';
import { type FormEvent, useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { fieldText } from './field-text.ts';
import { useAction } from './use-live.ts';

/** Invites by e-mail, and shows the link to pass on. */
export function InviteForm({ settee, spaceId }: { settee: Settee; spaceId: string }) {
  const [link, setLink] = useState<string | null>(null);
  const { error, busy, run } = useAction();
  const invite = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    run(async () => {
      const invitation = await settee.spaces.invite(spaceId, {
        email: fieldText(fields, 'email'),
        role: fieldText(fields, 'role') as SpaceRole,
      });
      setLink(invitation.link);
      form.reset();
    });
  };
  return (
    <>
      <form className="row" aria-label="Invite" onSubmit={invite}>
        <input name="email" type="email" aria-label="Whom to invite" placeholder="E-mail" required />
        <select name="role" aria-label="Role" defaultValue="editor">
          <option>editor</option>
          <option>viewer</option>
          <option>owner</option>
        </select>
        <button type="submit" disabled={busy}>
          Invite
        </button>
      </form>
      {link && (
        <p>
          Pass this link on; it works once: <a href={link}>{link}</a>
        </p>
      )}
      <ErrorLine error={error} />
    </>
  );
}
