import { flowFromDocument, type Flow } from '../../../flow/index.ts';
import type { FlowDocument } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import type { RunFigures } from '../runs/run-figures.ts';
import { computedFieldsOf, type ComputedFields } from '../runs/usage.ts';
import type { Stored } from '../store/document-store.ts';
import type { UserSpace } from '../store/user-space.ts';
import type { Contributor } from './members-of.ts';

/** A flow as REST answers it. */
export type FlowAnswer = Flow & ComputedFields & { conflicts: number; spaceId: string };

/** Who looks, and where the flow is. */
export interface ShownAs {
  principal: Principal;
  space: Pick<UserSpace, 'role' | 'space'>;
  /** Whoever shares the space, where others do. */
  members?: Contributor[] | null;
  figures?: RunFigures;
}

/** Who has a part in the flow: the caller's role is told by the space and not by the document. */
function contributorsOf(flow: Flow, caller: Principal, role: UserSpace['role']): Flow['contributors'] {
  const { userId } = caller;
  const named = flow.contributors ?? [];
  if (named.some((contributor) => contributor.userId === userId)) {
    return named.map((contributor) =>
      contributor.userId === userId ? { ...contributor, role } : contributor,
    );
  }
  return [{ userId, name: caller.name ?? caller.email, role }, ...named];
}

/** Who sees a flow: the space decides, whatever was written into the document elsewhere. */
export function visibilityIn(
  { kind }: Pick<UserSpace['space'], 'kind'>,
  stored: Flow['visibility'],
): Flow['visibility'] {
  if (stored === 'public') return stored;
  if (kind === 'team') return 'team';
  return stored === undefined ? undefined : 'private';
}

/** Shows a stored flow: bare id, revision, computed fields, history, contributors, and how many losing leaves it has. */
export function showFlow(
  doc: FlowDocument & Stored,
  { principal, space: { role, space }, members = null, figures }: ShownAs,
): FlowAnswer {
  const flow = flowFromDocument(doc);
  const visibility = visibilityIn(space, flow.visibility);
  return {
    ...flow,
    ...(visibility === undefined ? {} : { visibility }),
    versionHistory: flow.versionHistory ?? [],
    contributors: members ?? contributorsOf(flow, principal, role),
    spaceId: space.id,
    ...computedFieldsOf(figures),
    conflicts: doc._conflicts?.length ?? 0,
  };
}
