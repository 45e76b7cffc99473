// The API's discovery document -> JSON Schema definitions of its resources; and what of them a root needs.
import type { JsonSchema } from '../contract/profile.ts'
import { ConnectorError } from '../errors.ts'

type Node = { readonly [name: string]: unknown }

/** Name of a resource -> its schema, with `$ref`s to `#/$defs/NAME`. */
export type Definitions = Readonly<Record<string, JsonSchema>>

/** @throws ConnectorError `BQC_INPUT_UNREADABLE` for what is no discovery document of BigQuery. */
export function definitionsOf(discovery: unknown, source: string): Definitions {
  const { schemas } = nodeOf(discovery)
  if (!isNode(schemas) || !('Job' in schemas) || !('Table' in schemas)) {
    const message = `${source} is no discovery document of the BigQuery API: it has no schemas of Job and Table.`
    throw new ConnectorError('BQC_INPUT_UNREADABLE', message)
  }
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, converted(nodeOf(schema))]),
  )
}

// Words that discovery documents and JSON Schema share.
const shared = ['type', 'format', 'description', 'pattern', 'enum', 'readOnly', 'deprecated'] as const

function converted(schema: Node): JsonSchema {
  const { $ref, properties, items, additionalProperties, description, type } = schema
  if (typeof $ref === 'string') {
    return { $ref: `#/$defs/${$ref}`, ...(isOutput(description) ? { readOnly: true } : {}) }
  }
  const kept = shared.flatMap((word) => (schema[word] === undefined ? [] : [[word, schema[word]] as const]))
  // `any` is JSON Schema without a type.
  const words = Object.fromEntries(kept.filter(([word]) => word !== 'type' || type !== 'any'))
  return {
    ...words,
    ...(isOutput(description) ? { readOnly: true } : {}),
    ...(isNode(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [name, converted(nodeOf(property))]),
          ),
        }
      : {}),
    ...(isNode(items) ? { items: converted(items) } : {}),
    ...(isNode(additionalProperties) ? { additionalProperties: converted(additionalProperties) } : {}),
  }
}

function isOutput(description: unknown): boolean {
  return typeof description === 'string' && /^\[?output[- ]only\b/i.test(description)
}

/** Those definitions that the schemas lead to, directly or by way of others. */
export function reachableFrom(schemas: readonly unknown[], definitions: Definitions): Definitions {
  const reached = new Map<string, JsonSchema>()
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit)
    if (!isNode(part)) return
    const name = referredName(part)
    const definition = name === undefined ? undefined : definitions[name]
    if (name !== undefined && definition !== undefined && !reached.has(name)) {
      reached.set(name, definition)
      visit(definition)
    }
    Object.values(part).forEach(visit)
  }
  schemas.forEach(visit)
  return Object.fromEntries([...reached].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * The schema without `$ref`: definitions are written out in their places, down to `depth` levels of objects and
 * lists; what is deeper may be anything of its type. So recursion of any kind comes to an end.
 */
export function writtenOut(schema: JsonSchema, depth: number): JsonSchema {
  const definitions = nodeOf(schema['$defs']) as Definitions
  const write = (part: unknown, left: number): unknown => {
    if (Array.isArray(part)) return part.map((item) => write(item, left))
    if (!isNode(part)) return part
    const { $ref: _, ...rest } = part
    const name = referredName(part)
    const whole = name === undefined ? rest : { ...definitions[name], ...rest }
    const { properties, items, additionalProperties, $defs, required, ...words } = whole as Node
    if (left === 0) return words
    return {
      ...words,
      ...(isNode(properties)
        ? {
            properties: Object.fromEntries(
              Object.entries(properties).map(([key, property]) => [key, write(property, left - 1)]),
            ),
          }
        : {}),
      ...(required === undefined ? {} : { required }),
      ...(isNode(items) ? { items: write(items, left - 1) } : {}),
      ...(additionalProperties === undefined
        ? {}
        : { additionalProperties: write(additionalProperties, left - 1) }),
    }
  }
  return write(schema, depth) as JsonSchema
}

/** A schema of its own: the root, and the definitions that it leads to. */
export function closedSchema(root: JsonSchema, definitions: Definitions): JsonSchema {
  const $defs = reachableFrom([root], definitions)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...root,
    ...(Object.keys($defs).length > 0 ? { $defs } : {}),
  }
}

function referredName({ $ref }: Node): string | undefined {
  return typeof $ref === 'string' ? /^#\/\$defs\/(.+)$/.exec($ref)?.[1] : undefined
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nodeOf(value: unknown): Node {
  return isNode(value) ? value : {}
}
