// The shapes of jobs and tables, from the API's own description of itself.
import type { TableType } from '../contract/object-type.ts'
import type { JsonSchema, Profile } from '../contract/profile.ts'
import { ConnectorError } from '../errors.ts'
import { closedSchema, type Definitions } from './definitions.ts'

type Properties = Readonly<Record<string, JsonSchema>>

/** Run Job: a Job of one type. What BigQuery alone writes is part of the response only. */
export function jobProfile(jobType: string, definitions: Definitions): Profile {
  const type = jobType.toLowerCase()
  const { request, response } = jobSchemas(type, definitions)
  return {
    request: closedSchema({ title: `A ${type} job to run`, ...request.job }, request.definitions),
    response: closedSchema({ title: `A ${type} job that is done`, ...response.job }, response.definitions),
  }
}

/** Upsert: what each step that was taken gave: two jobs, and what became of the temporary table. */
export function upsertResponse(definitions: Definitions): JsonSchema {
  const load = stepOf('load', definitions)
  const query = stepOf('query', definitions)
  const response = {
    title: 'What each step of an upsert gave',
    type: 'object',
    properties: { load: load.job, query: query.job, delete: removal },
    additionalProperties: false,
  }
  return closedSchema(response, { ...definitions, ...load.own, ...query.own })
}

/** Where only the removal fails, the document has succeeded all the same. */
const removal: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    status: { const: 'deleted' },
    error: { type: 'object' },
    errorMessage: { type: 'string' },
  },
}

/** A job of one type, with definitions under names of its own: another type stands beside it. */
function stepOf(type: 'load' | 'query', definitions: Definitions) {
  const { job, definitions: narrowed } = jobSchemas(type, definitions).response
  const own = { configuration: `${type}JobConfiguration`, statistics: `${type}JobStatistics` }
  const referred = Object.entries(own).map(([name, definition]) => [
    name,
    { ...propertiesOf(job)[name], $ref: `#/$defs/${definition}` },
  ])
  return {
    job: { ...job, properties: { ...propertiesOf(job), ...Object.fromEntries(referred) } },
    own: {
      [own.configuration]: narrowed.JobConfiguration,
      [own.statistics]: narrowed.JobStatistics,
    } as Definitions,
  }
}

function jobSchemas(type: string, definitions: Definitions) {
  const configuration = propertiesOf(definitions['JobConfiguration'])
  const types = Object.keys(configuration).filter((name) =>
    String(configuration[name]?.['$ref']).startsWith('#/$defs/JobConfiguration'),
  )
  if (!types.includes(type)) {
    const message = `must be one of ${types.map((name) => name.toUpperCase()).join(', ')}`
    throw new ConnectorError(
      'BQC_CONFIG_INVALID',
      `A job ${message}, not ${JSON.stringify(type.toUpperCase())}.`,
      {
        faults: [{ path: '/objectType', value: type.toUpperCase(), message }],
      },
    )
  }
  const others = types.filter((name) => name !== type)
  const narrowed = {
    ...definitions,
    JobConfiguration: { ...without(definitions['JobConfiguration'], others), required: [type] },
    JobStatistics: without(definitions['JobStatistics'], others),
  }
  const job = { ...definitions['Job'], required: ['configuration'] }
  return {
    request: { job: withoutReadOnly(job), definitions: mapped(narrowed, withoutReadOnly) },
    response: { job, definitions: narrowed },
  }
}

/** Update: a table or view; it names itself only where the operation does not. */
export function tableProfile(objectTypeId: string, type: TableType, definitions: Definitions): Profile {
  const isDynamic = objectTypeId === 'DYNAMIC'
  const foreign =
    type === 'TABLE' ? ['view', 'materializedView'] : type === 'VIEW' ? ['materializedView'] : []
  const table = withoutReadOnly(definitions['Table'] ?? {})
  const etag = { etag: { type: 'string', description: 'Refuses the change when the table has another one.' } }
  const request = {
    title: `A change of ${isDynamic ? `a ${type.toLowerCase().replaceAll('_', ' ')}` : objectTypeId}`,
    ...without({ ...table, properties: { ...propertiesOf(table), ...etag } }, [
      ...foreign,
      ...(isDynamic ? [] : ['tableReference']),
    ]),
    ...(isDynamic ? { required: ['tableReference'] } : {}),
  }
  const named = {
    ...mapped(definitions, withoutReadOnly),
    TableReference: { ...definitions['TableReference'], required: ['datasetId', 'tableId'] },
  }
  return {
    request: closedSchema(request, named),
    response: closedSchema({ title: 'The table as it is now', ...definitions['Table'] }, definitions),
  }
}

function withoutReadOnly(schema: JsonSchema): JsonSchema {
  const properties = propertiesOf(schema)
  const written = Object.keys(properties).filter((name) => properties[name]?.['readOnly'] === true)
  return written.length === 0 ? schema : without(schema, written)
}

function without(schema: JsonSchema | undefined, names: readonly string[]): JsonSchema {
  const kept = Object.entries(propertiesOf(schema)).filter(([name]) => !names.includes(name))
  return { ...schema, properties: Object.fromEntries(kept) }
}

function propertiesOf(schema: JsonSchema | undefined): Properties {
  return (schema?.['properties'] ?? {}) as Properties
}

function mapped(definitions: Definitions, change: (schema: JsonSchema) => JsonSchema): Definitions {
  return Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, change(schema)]))
}
