import type { Auth } from '../auth/auth.ts';
import type { Config } from '../config.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { createAnalyticsRoutes } from './analytics/analytics-routes.ts';
import { liveDescription } from './docs/live-description.ts';
import { createDescriptionRoutes } from './docs/description-routes.ts';
import { createPageFileRoutes, createPageRoute } from './docs/page-routes.ts';
import { createExecutionRoutes } from './executions/execution-routes.ts';
import { createFlowCatalog } from './flows/flow-catalog.ts';
import { createFlowReadRoutes } from './flows/flow-read-routes.ts';
import { createFlowWriteRoutes } from './flows/flow-write-routes.ts';
import { createMembersOf } from './flows/members-of.ts';
import { createVersionRoutes } from './flows/version-routes.ts';
import { createInvite } from './invite.ts';
import type { Route } from './route.ts';
import { createUsage } from './runs/usage.ts';
import { createSharingRoutes } from './sharing/sharing-routes.ts';
import { createSequenceCache } from './store/sequence-cache.ts';
import { createUserSpaces } from './store/user-space.ts';
import { createChangeClock } from './sync/change-clock.ts';
import { createSyncRoutes } from './sync/sync-routes.ts';
import { createTemplateRoutes } from './templates/template-routes.ts';

export interface RestServices {
  spaces: Spaces;
  auth: Pick<Auth, 'people' | 'findPerson'>;
  mailer: Mailer;
  config: Pick<Config, 'invitationDays' | 'publicUrl'>;
  /** The calls that other parts offer, so that one description names all. */
  otherRoutes?: readonly Route[];
  clock?: () => Date;
}

/** `/api/workflows` is the same as `/api/flows`. */
const flowPaths = ['/api/flows', '/api/workflows'];

/** The REST calls on a user's documents, and the description of all calls there are. */
export function createRestRoutes(options: RestServices): Route[] {
  const { spaces, auth, mailer, config, otherRoutes = [], clock } = options;
  const now = clock ?? (() => new Date());
  const open = createUserSpaces({ spaces });
  const usage = createUsage({ cache: createSequenceCache() });
  const invite = createInvite({
    spaces,
    mailer,
    days: config.invitationDays,
    publicUrl: config.publicUrl,
  });
  const services = {
    open,
    usage,
    now,
    spaces,
    auth,
    invite,
    membersOf: createMembersOf({ spaces, auth }),
    catalog: createFlowCatalog(),
    clock: createChangeClock({ now }),
  };
  const calls: Route[] = [
    ...flowPaths.flatMap((base) => [
      ...createFlowReadRoutes({ ...services, base }),
      ...createFlowWriteRoutes({ ...services, base }),
      ...createVersionRoutes({ ...services, base }),
      ...createSharingRoutes({ ...services, base }),
    ]),
    ...createTemplateRoutes(services),
    ...createExecutionRoutes(services),
    ...createSyncRoutes(services),
    ...createAnalyticsRoutes(services),
    ...createDescriptionRoutes(() => [...otherRoutes, ...calls, liveDescription]),
    createPageRoute(),
  ];
  return [...calls, ...createPageFileRoutes()];
}
