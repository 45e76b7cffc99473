// A document of Run Job -> the job to start: a configuration of the kind that was chosen, and no other.
import type { Job } from '../../bigquery/jobs.ts'
import type { JsonObject } from '../../contract/document.ts'
import type { RunJobOptions } from '../../contract/options/run-job.ts'
import { ConnectorError, type Fault } from '../../errors.ts'
import { jsonOf } from '../../pipeline/json-of.ts'

/** Object types, and the name that each has in a configuration. */
const kinds = { QUERY: 'query', LOAD: 'load', EXTRACT: 'extract', COPY: 'copy' } as const

/**
 * The document as a Job resource of plain JSON, in GoogleSQL unless it says otherwise.
 * @throws ConnectorError `BQC_DOCUMENT_INVALID` that carries every fault.
 */
export function jobOfDocument(data: JsonObject, objectType: RunJobOptions['objectType']): Job {
  const job = plain(data)
  const configuration: Readonly<Record<string, unknown>> = isObject(job.configuration)
    ? job.configuration
    : {}
  const kind = kinds[objectType]
  const faults = [...faultsOfKinds(configuration, objectType), ...faultsOfReference(job.jobReference)]
  if (kind === 'query') faults.push(...faultsOfQuery(configuration))
  else if (configuration['dryRun'] === true) {
    const message = 'must not be true: only queries have a dry run'
    faults.push({ path: '/configuration/dryRun', value: true, message })
  }
  if (faults.length > 0) throw invalid(objectType, faults)
  if (kind !== 'query') return job
  const query = { useLegacySql: false, ...job.configuration?.query }
  return { ...job, configuration: { ...job.configuration, query } }
}

function faultsOfKinds(
  configuration: Readonly<Record<string, unknown>>,
  objectType: RunJobOptions['objectType'],
): Fault[] {
  return Object.entries(kinds).flatMap(([type, kind]) => {
    const path = `/configuration/${kind}`
    const value = configuration[kind]
    if (type !== objectType) {
      return value == null ? [] : [{ path, message: `must not be there: the object type is ${objectType}` }]
    }
    return isObject(value) ? [] : [{ path, message: `must be an object: the object type is ${objectType}` }]
  })
}

function faultsOfQuery({ query }: Readonly<Record<string, unknown>>): Fault[] {
  if (!isObject(query)) return []
  const { query: text } = query
  if (typeof text === 'string' && text.trim() !== '') return []
  return [{ path: '/configuration/query/query', message: 'must be the text of a statement' }]
}

function faultsOfReference(reference: unknown): Fault[] {
  if (reference == null) return []
  if (!isObject(reference)) return [{ path: '/jobReference', message: 'must be an object' }]
  const { jobId } = reference
  const places = ['projectId', 'location'].filter((name) => typeof (reference[name] ?? '') !== 'string')
  const faults = places.map((name) => ({ path: `/jobReference/${name}`, message: 'must be text' }))
  if (jobId == null || (typeof jobId === 'string' && /^[A-Za-z0-9_-]{0,1024}$/.test(jobId))) return faults
  const message = 'must be at most 1024 letters, digits, _ or -'
  return [
    ...faults,
    {
      path: '/jobReference/jobId',
      ...(typeof jobId === 'string' ? { value: jobId.slice(0, 200) } : {}),
      message,
    },
  ]
}

function plain(data: JsonObject): Job {
  try {
    return jsonOf(data) as Job
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause
    const why = (cause as Error).message.split('\n', 1)[0]
    throw new ConnectorError('BQC_DOCUMENT_INVALID', `The document cannot be written as JSON: ${why}.`, {
      cause,
    })
  }
}

function invalid(objectType: string, faults: readonly Fault[]): ConnectorError {
  const said = faults.map(({ path, message }) => `${path} ${message}`).join('; ')
  const text = `The document is no job of the type ${objectType}: ${said}.`
  return new ConnectorError('BQC_DOCUMENT_INVALID', text, { faults })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
