import {
  flowIdParamsSchema,
  flowVersionParamsSchema,
  versionListSchema,
  versionSchema,
  type FlowDocument,
} from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import { preconditionOf } from '../http-conditions.ts';
import { defineRoute, type Route } from '../route.ts';
import { assertWrites } from '../store/space-rights.ts';
import { readFlow } from './flow-actions.ts';
import { placeOf } from './flow-place.ts';
import { flowReplies } from './flow-replies.ts';
import { replyWithFlow, showCurrent, type FlowContext } from './flow-services.ts';
import { restoreVersion, saveVersion, saveVersionBodySchema } from './version-actions.ts';
import { listVersions, readVersion, summarizeVersion } from './version-store.ts';

function listRoute({ base, open }: FlowContext): Route {
  return defineRoute({
    method: 'get',
    path: `${base}/:id/versions`,
    tag: 'Versions',
    summary: 'List the versions of a flow, newest first',
    access: 'read',
    params: flowIdParamsSchema,
    replies: {
      200: { description: 'What was kept.', schema: versionListSchema },
      404: flowReplies.notFound,
    },
    async handle({ principal, params: { id } }) {
      const { documents } = await placeOf(open, principal, id);
      await readFlow(documents, id, { deleted: true });
      return { status: 200, body: { versions: await listVersions(documents, id) } };
    },
  });
}

function readRoute({ base, open }: FlowContext): Route {
  return defineRoute({
    method: 'get',
    path: `${base}/:id/versions/:versionId`,
    tag: 'Versions',
    summary: 'Read a version with the flow as it was',
    access: 'read',
    params: flowVersionParamsSchema,
    replies: { 200: { description: 'The version.', schema: versionSchema }, 404: flowReplies.notFound },
    async handle({ principal, params: { id, versionId } }) {
      const { documents } = await placeOf(open, principal, id);
      const version = await readVersion(documents, id, versionId);
      if (version === null) throw new SetteeError('not_found', 'There is no such version.');
      return { status: 200, body: { ...summarizeVersion(version), snapshot: version.snapshot } };
    },
  });
}

function saveRoute({ base, open, now }: FlowContext): Route {
  return defineRoute({
    method: 'post',
    path: `${base}/:id/versions`,
    tag: 'Versions',
    summary: 'Keep the flow as it is now',
    access: 'write',
    params: flowIdParamsSchema,
    body: saveVersionBodySchema,
    replies: {
      201: { description: 'The version; the same content is kept once.', schema: versionSchema },
      404: flowReplies.notFound,
      412: flowReplies.stale,
    },
    async handle({ principal, params: { id }, body, request }) {
      const space = await placeOf(open, principal, id);
      assertWrites(space);
      const check = preconditionOf<FlowDocument>(request, showCurrent(space, principal));
      const version = await saveVersion(space.documents, id, { body, now: now(), check });
      return { status: 201, body: { ...summarizeVersion(version), snapshot: version.snapshot } };
    },
  });
}

function restoreRoute(context: FlowContext): Route {
  const { base, open, now } = context;
  return defineRoute({
    method: 'post',
    path: `${base}/:id/versions/:versionId/restore`,
    tag: 'Versions',
    summary: 'Make a version the flow again; what it replaces is kept as a version',
    access: 'write',
    params: flowVersionParamsSchema,
    replies: { 200: flowReplies.wholeFlow, 404: flowReplies.notFound, 412: flowReplies.stale },
    async handle({ principal, params: { id, versionId }, request }) {
      const space = await placeOf(open, principal, id);
      assertWrites(space);
      const check = preconditionOf<FlowDocument>(request, showCurrent(space, principal));
      const flow = await restoreVersion(space.documents, id, { versionId, now: now(), check });
      return replyWithFlow(context, { status: 200, flow, space, principal });
    },
  });
}

/** The calls on the versions of flows under a base path. */
export function createVersionRoutes(context: FlowContext): Route[] {
  return [listRoute, readRoute, saveRoute, restoreRoute].map((route) => route(context));
}
