import { flowFromDocument, type Flow } from '../../../flow/index.ts';
import type { FlowDocument } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import type { RunFigures } from '../runs/run-figures.ts';
import { computedFieldsOf, type ComputedFields } from '../runs/usage.ts';
import type { Stored } from '../store/document-store.ts';
import type { UserSpace } from '../store/user-space.ts';

/** A flow as REST answers it. */
export type FlowAnswer = Flow & ComputedFields & { conflicts: number };

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

/** Shows a stored flow: bare id, revision, computed fields, history, contributors, and how many losing leaves it has. */
export function showFlow(
  doc: FlowDocument & Stored,
  { principal, role, figures }: { principal: Principal; role: UserSpace['role']; figures?: RunFigures },
): FlowAnswer {
  const flow = flowFromDocument(doc);
  return {
    ...flow,
    versionHistory: flow.versionHistory ?? [],
    contributors: contributorsOf(flow, principal, role),
    ...computedFieldsOf(figures),
    conflicts: doc._conflicts?.length ?? 0,
  };
}
