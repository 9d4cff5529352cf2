import { z, type ZodType } from 'zod';
import { without } from '../store/without.ts';

/** A JSON Schema (2020-12), as OpenAPI 3.1 uses it. */
export type JsonSchema = { [key: string]: unknown };

export interface JsonSchemas {
  /** The schema in place; parts of it that have names are references into `components`. */
  add(schema: ZodType): JsonSchema;
  /** The named schemas met so far. */
  components: Record<string, JsonSchema>;
}

const localReference = '#/$defs/';
const componentReference = '#/components/schemas/';

function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace(localReference, componentReference)]
        : [key, withReferences(inner)],
    ),
  );
}

function convert(schema: ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    override({ zodSchema, jsonSchema }) {
      const kind = zodSchema._zod.def.type;
      if (kind === 'unknown' || kind === 'any') jsonSchema.description ??= 'Any JSON value.';
    },
  });
}

/** Collects the JSON Schemas of zod schemas; two different schemas of one name are an error. */
export function createJsonSchemas(): JsonSchemas {
  const components: Record<string, JsonSchema> = {};
  return {
    components,
    add(schema) {
      const converted = convert(schema);
      const named = (converted.$defs ?? {}) as Record<string, JsonSchema>;
      for (const [name, definition] of Object.entries(named)) {
        const component = withReferences(definition) as JsonSchema;
        const known = components[name];
        if (known !== undefined && JSON.stringify(known) !== JSON.stringify(component)) {
          throw new Error(`Two schemas are called ${name}.`);
        }
        components[name] = component;
      }
      return withReferences(without(converted, ['$schema', '$defs'])) as JsonSchema;
    },
  };
}

/** An object schema's properties, through the reference where it has a name. */
export function propertiesOf(
  schema: JsonSchema,
  components: Record<string, JsonSchema>,
): [string, JsonSchema, boolean][] {
  const { $ref } = schema;
  const target = typeof $ref === 'string' ? components[$ref.slice(componentReference.length)] : schema;
  const required = new Set(target?.required as string[] | undefined);
  return Object.entries((target?.properties ?? {}) as Record<string, JsonSchema>).map(([name, property]) => [
    name,
    property,
    required.has(name),
  ]);
}
