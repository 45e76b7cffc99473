// Starts query jobs: compile, run on a connection of its own, keep the rows, record how it ended.
import { randomUUID } from 'node:crypto'
import { compile, type Statement } from '../sql/compile.ts'
import { referencedLocation } from '../sql/locate.ts'
import type { Parser } from '../sql/parse.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { Connection } from '../storage/engine.ts'
import type { Mutex } from '../storage/mutex.ts'
import type { Pool } from '../storage/pool.ts'
import { ApiError, invalid, invalidQuery } from '../wire/api-error.ts'
import { fieldOf } from '../wire/duckdb-fields.ts'
import type { FieldSchema } from '../wire/table-schema.ts'
import type { Job, QueryConfiguration, QueryOutcome } from './job.ts'
import { canonicalLocation, type JobStore } from './job-store.ts'
import { newResultTable } from './query-results.ts'

export interface QueryEngine {
  readonly catalog: Catalog
  /** Connections for queries only, so that a long one never holds up an insert. */
  readonly pool: Pool
  readonly mutex: Mutex
  readonly jobs: JobStore
  readonly parser: Parser
  readonly now: () => number
}

export interface QueryRequest {
  readonly projectId: string
  readonly jobId?: string
  readonly location?: string
  readonly configuration: Readonly<Record<string, unknown>> & { readonly query: QueryConfiguration }
  readonly dryRun?: boolean
}

export interface QueryJob extends Job {
  resultTable: string | undefined
}

export function startQuery(engine: QueryEngine, request: QueryRequest): QueryJob {
  const { projectId, configuration } = request
  const jobId = request.jobId ?? `job_${randomUUID().replaceAll('-', '')}`
  if (!/^[A-Za-z0-9_-]{1,1024}$/.test(jobId)) throw invalid(`Invalid job ID "${jobId}"`)
  checkQuery(configuration.query)
  const job: QueryJob = {
    projectId,
    jobId,
    location: jobLocation(engine, request),
    configuration,
    createdAt: engine.now(),
    etag: Buffer.from(randomUUID()).toString('base64url').slice(0, 22),
    startedAt: undefined,
    endedAt: undefined,
    failure: undefined,
    outcome: undefined,
    resultTable: undefined,
    finished: Promise.resolve(),
    cancel: () => undefined,
  }
  if (request.dryRun !== true) engine.jobs.add(job)
  job.finished = run(engine, job, configuration.query, request.dryRun === true)
  return job
}

function checkQuery(query: QueryConfiguration): void {
  if (typeof query.query !== 'string' || query.query.trim() === '')
    throw invalid('Required parameter is missing: query', 'query')
  // The API's default is legacy SQL, a different language; answering as if it were not would hide a mistake.
  if (query.useLegacySql !== false && !/^\s*#standardSQL\b/i.test(query.query))
    throw invalid(
      'Legacy SQL is not supported by the local BigQuery: send "useLegacySql": false.',
      'useLegacySql',
    )
}

function jobLocation(engine: QueryEngine, request: QueryRequest): string {
  if (request.location !== undefined && request.location !== '') return canonicalLocation(request.location)
  const { projectId, configuration } = request
  const { defaultDataset, query } = configuration.query
  const home =
    defaultDataset &&
    engine.catalog.findDataset(defaultDataset.projectId ?? projectId, defaultDataset.datasetId)
  return home?.location ?? referencedLocation(engine.parser, engine.catalog, projectId, query) ?? 'US'
}

async function run(
  engine: QueryEngine,
  job: QueryJob,
  query: QueryConfiguration,
  dryRun: boolean,
): Promise<void> {
  let cancelled = false
  let interrupting: NodeJS.Timeout | undefined
  job.cancel = () => {
    cancelled = true
  }
  try {
    await engine.pool.use(async (connection) => {
      if (cancelled) throw stopped()
      job.startedAt = engine.now()
      job.cancel = () => {
        cancelled = true
        // An interrupt between two statements is lost, so it is repeated until the job ends.
        connection.interrupt()
        interrupting ??= setInterval(() => connection.interrupt(), 20)
      }
      const statement = await compile(engine.parser, {
        projectId: job.projectId,
        location: job.location,
        catalog: engine.catalog,
        query,
      })
      try {
        if (cancelled) throw stopped()
        await execute(engine, job, connection, statement, dryRun)
      } finally {
        job.cancel = () => undefined
        clearInterval(interrupting)
      }
    })
  } catch (error) {
    const failure = cancelled ? stopped() : asApiError(error)
    job.failure = { status: failure.status, proto: failure.proto }
  }
  job.startedAt ??= engine.now()
  job.endedAt ??= engine.now()
}

async function execute(
  engine: QueryEngine,
  job: QueryJob,
  connection: Connection,
  statement: Statement,
  dryRun: boolean,
): Promise<void> {
  const { statementType } = statement
  if (statement.kind === 'rows') {
    const fields = await describe(connection, statement.sql)
    if (!dryRun) {
      const table = newResultTable()
      const created = await connection.runAndReadAll(`CREATE TABLE ${table} AS ${statement.sql}`)
      job.resultTable = table
      job.outcome = { statementType, schema: { fields }, totalRows: Number(created.getRows()[0]?.[0] ?? 0) }
    } else job.outcome = { statementType, schema: { fields }, totalRows: 0 }
    return
  }
  if (dryRun) {
    if (statement.kind === 'dml') await connection.prepare(statement.sql).then((p) => p.destroySync())
    job.outcome = { statementType, schema: undefined, totalRows: 0 }
    return
  }
  if (statement.kind === 'ddl') {
    await statement.run({ catalog: engine.catalog, describe: (sql) => describe(connection, sql) })
    job.outcome = { statementType, schema: undefined, totalRows: 0 }
    return
  }
  await engine.mutex.run(`dml ${statement.target}`, async () => {
    await connection.run('BEGIN TRANSACTION')
    try {
      const dmlRows = (await connection.run(statement.sql)).rowsChanged
      job.outcome = dmlOutcome(statementType, dmlRows)
      job.endedAt = engine.now()
      await engine.jobs.persist(connection, job)
      await connection.run('COMMIT')
    } catch (error) {
      job.outcome = undefined
      job.endedAt = undefined
      await connection.run('ROLLBACK').catch(() => undefined)
      throw error
    }
  })
}

function dmlOutcome(statementType: string, dmlRows: number): QueryOutcome {
  const count = (type: string): string => (type === statementType ? String(dmlRows) : '0')
  const dmlStats = {
    insertedRowCount: count('INSERT'),
    updatedRowCount: count('UPDATE'),
    deletedRowCount: count('DELETE'),
  }
  return { statementType, schema: undefined, totalRows: 0, dmlRows, dmlStats }
}

async function describe(connection: Connection, sql: string): Promise<readonly FieldSchema[]> {
  const prepared = await connection.prepare(sql)
  try {
    const fields = Array.from({ length: prepared.columnCount }, (_, i) =>
      fieldOf(prepared.columnName(i), prepared.columnType(i)),
    )
    const seen = new Set<string>()
    for (const { name } of fields) {
      if (seen.has(name.toLowerCase()))
        throw invalidQuery(
          `Duplicate column names in the result are not supported. Found duplicate(s): ${name}`,
        )
      seen.add(name.toLowerCase())
    }
    return fields
  } finally {
    prepared.destroySync()
  }
}

function stopped(): ApiError {
  return new ApiError(400, 'stopped', 'Job execution was cancelled: User requested cancellation')
}

const UNKNOWN_COLUMN =
  /^(?:Referenced column|Table .* does not have a column named|Column) "([^"]+)"(?: not found| referenced that exists in the SELECT clause|$)?/

/** DuckDB's complaint about a statement, as the reason and wording a BigQuery client expects. */
function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const text = error instanceof Error ? error.message : String(error)
  const [, kind = '', rest = text] = /^([A-Z][A-Za-z- ]*?) Error: ([\s\S]*)$/.exec(text) ?? []
  const message = (rest.split('\n')[0] ?? rest).trim()
  if (/^(Internal|Fatal|IO)$/i.test(kind)) return new ApiError(500, 'internalError', message)
  const signature = /^Macro bq_(\w+?)(?:_safe|_to|_from)?\(\) does not support/.exec(message)
  if (signature !== null)
    return invalidQuery(`No matching signature for function ${signature[1]?.toUpperCase()}`)
  const column = UNKNOWN_COLUMN.exec(message)
  return invalidQuery(column === null ? message : `Unrecognized name: ${column[1]}`)
}
