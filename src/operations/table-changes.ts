// What an update would change in a table: for people who look before they leap.
import type { TableField } from '../contract/table-schema.ts'
import { fieldTypeOf } from '../encoding/types.ts'

/** A part of a table resource, as it is and as it would be. */
export interface TableChange {
  /** JSON pointer into the resource: `/labels/team`. */
  readonly path: string
  /** Absent: it is not there yet. */
  readonly from?: unknown
  /** Absent: it goes. */
  readonly to?: unknown
}

type Resource = Readonly<Record<string, unknown>>

/** What an update may set; all else of a resource is the service's to say. */
// https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table
const writable = [
  'biglakeConfiguration',
  'clustering',
  'defaultCollation',
  'defaultRoundingMode',
  'description',
  'encryptionConfiguration',
  'expirationTime',
  'externalDataConfiguration',
  'friendlyName',
  'labels',
  'materializedView',
  'maxStaleness',
  'partitionDefinition',
  'rangePartitioning',
  'requirePartitionFilter',
  'resourceTags',
  'schema',
  'tableConstraints',
  'timePartitioning',
  'view',
]

// These are merged key by key; everything else is replaced as a whole.
const merged = ['labels', 'resourceTags']

/** The resource after a patch: what is sent replaces, null removes. */
export function patched(before: Resource, sent: Resource): Resource {
  const after: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(sent)) {
    if (value === null) delete after[name]
    else after[name] = merged.includes(name) ? patched(asResource(before[name]), asResource(value)) : value
  }
  return after
}

/** The changes of what an update may set, in the order of their names. */
export function changesBetween(before: Resource, after: Resource): readonly TableChange[] {
  const [was, is] = [withOneSpelling(before), withOneSpelling(after)]
  return writable.flatMap((name) => differences(`/${name}`, was[name], is[name]))
}

/** Types have two names, and columns that do not say their mode are NULLABLE: neither is a change. */
function withOneSpelling(resource: Resource): Resource {
  const fields = asResource(resource['schema'])['fields']
  return Array.isArray(fields)
    ? { ...resource, schema: { ...asResource(resource['schema']), fields: fields.map(spelled) } }
    : resource
}

function spelled({ type, mode, fields, ...more }: TableField): TableField {
  return {
    ...more,
    type: fieldTypeOf(type),
    mode: mode || 'NULLABLE',
    ...(Array.isArray(fields) ? { fields: fields.map(spelled) } : {}),
  }
}

function differences(path: string, from: unknown, to: unknown): readonly TableChange[] {
  if (isResource(from) && isResource(to)) {
    return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) =>
      differences(`${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, from[key], to[key]),
    )
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    const longest = Math.max(from.length, to.length)
    return Array.from({ length: longest }).flatMap((_, at) => differences(`${path}/${at}`, from[at], to[at]))
  }
  // The service gives numbers back as text.
  if (from === to || (isScalar(from) && isScalar(to) && String(from) === String(to))) return []
  return [{ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }]
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asResource(value: unknown): Resource {
  return isResource(value) ? value : {}
}
