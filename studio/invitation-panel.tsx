import type { InvitationPreview, Settee } from '../client-sync/index.ts';
import { useEffect, useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { useAction, useWatch } from './use-live.ts';

const linkPattern = /^#\/invitations\/([^/?#]+)$/;

/** What an invitation's link opens: who invites to what, and the choice. Joining takes an account. */
export function InvitationPanel({ settee }: { settee: Settee }) {
  const token = useToken();
  const account = useWatch(settee.account.current(), (listener) => settee.account.subscribe(listener), [
    settee,
  ]);
  const [invitation, setInvitation] = useState<InvitationPreview | null>(null);
  const { error, busy, run } = useAction();
  useEffect(() => {
    setInvitation(null);
    if (token !== null) run(async () => setInvitation(await settee.spaces.preview(token)));
  }, [settee, token, run]);
  if (token === null) return null;
  const close = () => {
    window.location.hash = '';
  };
  const answer = (accepts: boolean) =>
    run(async () => {
      await (accepts ? settee.spaces.accept(token) : settee.spaces.decline(token));
      close();
    });
  return (
    <section aria-label="Invitation">
      <h2>Invitation</h2>
      {invitation && (
        <p>
          {invitation.invitedBy} invites you to <strong>{invitation.spaceName}</strong> as {invitation.role}.
        </p>
      )}
      {invitation && account?.state !== 'signed-in' && <p>Sign up or sign in above to join.</p>}
      <div className="row">
        {invitation && account?.state === 'signed-in' && (
          <button type="button" className="primary" disabled={busy} onClick={() => answer(true)}>
            Accept
          </button>
        )}
        {invitation && (
          <button type="button" disabled={busy} onClick={() => answer(false)}>
            Decline
          </button>
        )}
        <button type="button" onClick={close}>
          Not now
        </button>
      </div>
      <ErrorLine error={error} />
    </section>
  );
}

function tokenOfPage(): string | null {
  return linkPattern.exec(window.location.hash)?.[1] ?? null;
}

function useToken(): string | null {
  const [token, setToken] = useState(tokenOfPage);
  useEffect(() => {
    const look = () => setToken(tokenOfPage());
    window.addEventListener('hashchange', look);
    return () => window.removeEventListener('hashchange', look);
  }, []);
  return token;
}
