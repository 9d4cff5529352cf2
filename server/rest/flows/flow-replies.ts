import { errorBodySchema, flowSchema } from '../../../schema/index.ts';

/** Answers that several calls on flows share, as OpenAPI describes them. */
export const flowReplies = {
  notFound: { description: 'There is no such flow.', schema: errorBodySchema },
  stale: {
    description: 'If-Match names another revision; `details.current` is the one there now.',
    schema: errorBodySchema,
  },
  wholeFlow: { description: 'The flow, its revision as ETag.', schema: flowSchema },
  notModified: { description: 'If-None-Match names the flow’s revision.' },
  created: { description: 'The flow was created.', schema: flowSchema },
};
