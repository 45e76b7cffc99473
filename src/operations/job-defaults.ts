// What every job of a connection inherits: its labels, and the most that one query may cost.
import type { Job } from '../bigquery/jobs.ts'
import type { ConnectionConfig } from '../contract/connection.ts'
import { ConnectorError } from '../errors.ts'

export interface JobDefaults {
  readonly labels?: ConnectionConfig['jobLabels']
  readonly maximumBytesBilled?: ConnectionConfig['maximumBytesBilled']
}

/**
 * The job with what it does not say itself. Labels are joined key by key. The document may lower the
 * connection's ceiling, not raise it.
 * @throws ConnectorError `BQC_DOCUMENT_INVALID` for a ceiling that is higher.
 */
export function withJobDefaults(job: Job, { labels, maximumBytesBilled }: JobDefaults): Job {
  const { configuration = {} } = job
  const { query } = configuration
  const joined = { ...labels, ...configuration.labels }
  return {
    ...job,
    configuration: {
      ...configuration,
      ...(Object.keys(joined).length === 0 ? {} : { labels: joined }),
      ...(query && maximumBytesBilled !== undefined
        ? { query: { ...query, maximumBytesBilled: lower(query.maximumBytesBilled, maximumBytesBilled) } }
        : {}),
    },
  }
}

const path = '/configuration/query/maximumBytesBilled'

function lower(asked: unknown, ceiling: string | number): string {
  if (asked === undefined || asked === null) return String(ceiling)
  const isWhole = /^[0-9]+$/.test(String(asked))
  if (isWhole && BigInt(String(asked)) > 0n && BigInt(String(asked)) <= BigInt(ceiling)) return String(asked)
  throw new ConnectorError(
    'BQC_DOCUMENT_INVALID',
    `The job asks for maximumBytesBilled ${asked}, and the connection allows from 1 to ${ceiling}. Ask for less, or raise the connection's ceiling.`,
    { faults: [{ path, value: asked, message: `must be from 1 to ${ceiling}, the connection's ceiling` }] },
  )
}
