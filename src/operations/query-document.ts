// A document of Get Query Results: it names a query job, or is a statement to run.
import type { Job } from '../bigquery/jobs.ts'
import type { Document, JsonObject } from '../contract/document.ts'
import { queryParametersOf } from '../encoding/query-parameters.ts'
import { ConnectorError, type Fault } from '../errors.ts'
import { parseDocument } from '../pipeline/encode.ts'

/** What a document says of where its job is, or is to be. */
interface Whereabouts {
  readonly projectId?: string
  readonly location?: string
}

/** `job`, without a reference, where the document is a statement; `jobId` where it names one, also for a statement. */
export interface QueryDocument extends Whereabouts {
  readonly jobId?: string
  readonly job?: Job
}

const sql = /^\s*(?:[A-Za-z(@]|--|#|\/\*)/

/** The document's object; text that is a statement and no JSON is one for `{ query }`. */
export function parseQueryDocument(document: Document): JsonObject {
  const { data } = document
  return typeof data === 'string' && sql.test(data) ? { query: data } : parseDocument(document)
}

/** Members that go into the job's query configuration as they are. */
const ofQuery = [
  'connectionProperties',
  'createSession',
  'maximumBytesBilled',
  'parameterMode',
  'priority',
  'queryParameters',
  'useLegacySql',
  'useQueryCache',
] as const

const known = [
  'query',
  'parameters',
  'defaultDataset',
  'jobId',
  'labels',
  'location',
  'projectId',
  ...ofQuery,
]

/**
 * A reference to a job may also be the jobReference of a Job resource, as Run Job gives it.
 * @param statement runs where the document names neither a job nor a statement; empty: none does.
 * @throws ConnectorError `BQC_DOCUMENT_INVALID` that carries every fault.
 */
export function queryOfDocument(data: JsonObject, statement: string): QueryDocument {
  const { jobId, location, projectId } = isObject(data['jobReference']) ? data['jobReference'] : data
  const where = {
    ...(isText(projectId) ? { projectId } : {}),
    ...(isText(location) ? { location } : {}),
    ...(isText(jobId) ? { jobId } : {}),
  }
  const query = data['query'] ?? (isText(jobId) ? undefined : statement)
  if (query === undefined) return where
  const faults = [...faultsOfStatement(query), ...faultsOfMembers(data)]
  if (faults.length > 0) {
    const said = faults.map(({ path, message }) => `${path} ${message}`).join('; ')
    const text = `The document names no query job by jobId, and is no statement to run: ${said}.`
    throw new ConnectorError('BQC_DOCUMENT_INVALID', text, { faults })
  }
  return { ...where, job: jobOf(data, query as string) }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function faultsOfStatement(query: unknown): Fault[] {
  if (typeof query === 'string' && query.trim() !== '') return []
  return [{ path: '/query', message: 'must be the text of a statement' }]
}

function faultsOfMembers(data: JsonObject): Fault[] {
  const unknown = Object.keys(data).filter((name) => !known.includes(name))
  const faults = unknown.map((name) => ({
    path: `/${name}`,
    message: `is unknown beside a statement; known are ${known.join(', ')}`,
  }))
  const both = data['parameters'] !== undefined && data['queryParameters'] !== undefined
  return both
    ? [...faults, { path: '/parameters', message: 'must not be there beside queryParameters' }]
    : faults
}

function jobOf(data: JsonObject, query: string): Job {
  const { parameters, defaultDataset, labels } = data
  const given = Object.fromEntries(
    ofQuery.flatMap((name) => (data[name] === undefined ? [] : [[name, data[name]]])),
  )
  const typed =
    parameters === undefined
      ? {}
      : {
          parameterMode: Array.isArray(parameters) ? 'POSITIONAL' : 'NAMED',
          queryParameters: queryParametersOf(parameters),
        }
  return {
    configuration: {
      query: {
        query,
        useLegacySql: false,
        ...given,
        ...typed,
        ...(defaultDataset === undefined ? {} : { defaultDataset: datasetOf(defaultDataset) }),
      },
      ...(labels === undefined ? {} : { labels }),
    },
  } as Job
}

/** `shop` or `project.shop`, or as the API has it. */
function datasetOf(dataset: unknown): unknown {
  if (typeof dataset !== 'string') return dataset
  const [, projectId, datasetId] = /^(?:(.+)\.)?([^.]+)$/.exec(dataset) ?? []
  return { datasetId, ...(projectId === undefined ? {} : { projectId }) }
}
