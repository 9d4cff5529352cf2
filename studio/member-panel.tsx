import type { Settee, Member, SpaceRole, SpaceSummary } from '../client-sync/index.ts';
import { useCallback, useEffect, useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { InviteForm } from './invite-form.tsx';
import { useAction } from './use-live.ts';

const roles: SpaceRole[] = ['owner', 'editor', 'viewer'];

/** Who belongs to a space; an owner changes roles, removes and invites, anybody leaves. */
export function MemberPanel(props: { settee: Settee; space: SpaceSummary; userId: string }) {
  const { settee, space, userId } = props;
  const [members, setMembers] = useState<Member[]>([]);
  const { error, busy, run } = useAction();
  const refresh = useCallback(
    async () => setMembers(await settee.spaces.members(space.id)),
    [settee, space.id],
  );
  useEffect(() => run(refresh), [run, refresh]);
  const isOwner = space.role === 'owner';
  const then = (action: Promise<unknown>) => run(() => action.then(refresh));
  const leave = () => run(() => settee.spaces.leave(space.id));
  const removeSpace = () => {
    if (!window.confirm(`Delete “${space.name}” with all its flows, for everybody?`)) return;
    run(() => settee.spaces.remove(space.id));
  };
  return (
    <div className="stack">
      <ul aria-label="Members">
        {members.map((member) => (
          <li key={member.userId} className="row" data-member={member.userId}>
            <span>{member.name ?? member.email}</span>
            {isOwner ? (
              <>
                <select
                  aria-label={`Role of ${member.email}`}
                  value={member.role}
                  disabled={busy}
                  onChange={(event) =>
                    then(settee.spaces.setRole(space.id, member.userId, event.target.value as SpaceRole))
                  }
                >
                  {roles.map((role) => (
                    <option key={role}>{role}</option>
                  ))}
                </select>
                {member.userId !== userId && (
                  <button
                    type="button"
                    disabled={busy}
                    aria-label={`Remove ${member.email}`}
                    onClick={() => then(settee.spaces.removeMember(space.id, member.userId))}
                  >
                    Remove
                  </button>
                )}
              </>
            ) : (
              <span className="quiet">{member.role}</span>
            )}
          </li>
        ))}
      </ul>
      {isOwner && <InviteForm settee={settee} spaceId={space.id} />}
      <div className="row">
        <button type="button" disabled={busy} onClick={leave}>
          Leave
        </button>
        {isOwner && (
          <button type="button" disabled={busy} onClick={removeSpace}>
            Delete this space
          </button>
        )}
      </div>
      <ErrorLine error={error} />
    </div>
  );
}
