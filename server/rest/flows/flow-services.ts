import { bareId, type EditOutcome, type FlowDocument } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Spaces } from '../../spaces/spaces.ts';
import { etagOf } from '../http-conditions.ts';
import type { Reply } from '../route.ts';
import { monthsOf } from '../runs/months-of.ts';
import type { Usage } from '../runs/usage.ts';
import type { OpenUserSpace, UserSpace } from '../store/user-space.ts';
import type { FlowCatalog } from './flow-catalog.ts';
import type { StoredFlow } from './flow-actions.ts';
import type { MembersOf } from './members-of.ts';
import { showFlow, type FlowAnswer } from './flow-view.ts';

/** What the calls on flows need. */
export interface FlowServices {
  open: OpenUserSpace;
  catalog: FlowCatalog;
  usage: Usage;
  now: () => Date;
  membersOf: MembersOf;
  spaces: Pick<Spaces, 'moves' | 'templates'>;
}

/** The services, and the base path under which the calls are. */
export interface FlowContext extends FlowServices {
  base: string;
}

/** Answers with a whole flow and its ETag. */
export async function replyWithFlow(
  { open, usage, membersOf }: Pick<FlowServices, 'open' | 'usage' | 'membersOf'>,
  {
    status,
    flow,
    space,
    principal,
    outcome,
  }: {
    status: number;
    flow: StoredFlow;
    space: UserSpace;
    principal: Principal;
    /** What became of an edit of an older revision. */
    outcome?: EditOutcome | undefined;
  },
): Promise<Reply> {
  const id = bareId(flow._id);
  const [members, spaces] = await Promise.all([membersOf(space), open.all(principal)]);
  const figures = (await usage.byFlow(monthsOf(spaces))).get(id);
  return {
    status,
    body: {
      ...showFlow(flow, { principal, space, members, ...(figures === undefined ? {} : { figures }) }),
      ...(outcome === undefined ? {} : { outcome }),
    },
    headers: { ETag: etagOf(flow) },
  };
}

/** Shows a flow inside an error answer, without what its runs say. */
export function showCurrent(
  space: UserSpace,
  principal: Principal,
): (flow: FlowDocument & StoredFlow) => FlowAnswer {
  return (flow) => showFlow(flow, { principal, space });
}
