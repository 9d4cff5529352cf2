import { z } from 'zod';
import { limits } from '../field-rules.ts';

const graphIdSchema = z.string().min(1).max(limits.graphId);
const handleSchema = z.string().max(limits.graphId).nullable().optional();

/** A node of React Flow. Only what a graph needs is checked; every other field stays as it came. */
export const flowNodeSchema = z
  .looseObject({
    id: graphIdSchema,
    type: z.string().max(limits.name).optional(),
    position: z.looseObject({ x: z.number(), y: z.number() }).optional(),
    data: z.unknown().optional(),
  })
  .meta({ id: 'FlowNode' });
export type FlowNode = z.infer<typeof flowNodeSchema>;

/** An edge of React Flow; handles are null or absent where a node has only one. */
export const flowEdgeSchema = z
  .looseObject({
    id: graphIdSchema,
    source: graphIdSchema,
    target: graphIdSchema,
    sourceHandle: handleSchema,
    targetHandle: handleSchema,
    type: z.string().max(limits.name).optional(),
    data: z.unknown().optional(),
  })
  .meta({ id: 'FlowEdge' });
export type FlowEdge = z.infer<typeof flowEdgeSchema>;

/** The React Flow object: what `toObject()` returns, and whatever an application keeps beside it. */
export const reactFlowSchema = z
  .looseObject({
    nodes: z.array(flowNodeSchema).max(limits.nodes),
    edges: z.array(flowEdgeSchema).max(limits.edges),
    viewport: z.looseObject({ x: z.number(), y: z.number(), zoom: z.number() }).optional(),
  })
  .meta({ id: 'ReactFlow' });
export type ReactFlow = z.infer<typeof reactFlowSchema>;
