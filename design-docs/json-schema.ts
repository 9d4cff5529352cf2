import { z, type ZodType } from 'zod';

type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

/** The part of JSON Schema that zod writes for declarative schemas, and that `shape-checks.ts` can turn into code. */
export interface JsonSchema {
  type?: JsonType | JsonType[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  enum?: string[];
  const?: string;
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  $schema?: string;
  id?: string;
  description?: string;
}

/**
 * The JSON Schema of a document, its own fields at the root and shared parts in `$defs`; throws for what JSON Schema
 * cannot say (transforms, dates).
 */
export function jsonSchemaOf(schema: ZodType): JsonSchema {
  const { $ref, $defs = {}, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  const name = $ref?.replace('#/$defs/', '') ?? '';
  const { [name]: root = rest, ...parts } = $defs;
  return { ...root, $defs: parts };
}
