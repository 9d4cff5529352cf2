import { spaceIdParamsSchema } from '../../schema/index.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { defineRoute, type Route } from './route.ts';

/** Everything in a space, to be kept elsewhere. */
export function createExportRoute({ spaces }: { spaces: Spaces }): Route {
  const contentType = 'application/x-ndjson';
  return defineRoute({
    method: 'get',
    path: '/api/spaces/:id/export',
    tag: 'Spaces',
    summary: 'Everything in a space, one JSON object a line; whole only with its footer',
    access: 'read',
    params: spaceIdParamsSchema,
    replies: {
      200: {
        description:
          'A header, then for each database a `database` line and a `leaf` line for every leaf revision, with its ' +
          'ancestry and attachments, then a footer with the number of leaves',
        contentType,
      },
      403: { description: 'Not an owner, or the templates' },
      404: { description: 'No such space, or not a member of it' },
    },
    async handle({ principal, params, signal }) {
      const stream = await spaces.exportSpace(params.id, { by: principal.userId, signal });
      const disposition = 'attachment; filename="space.ndjson"';
      const headers = { 'content-type': contentType, 'content-disposition': disposition };
      return { status: 200, stream, headers };
    },
  });
}
