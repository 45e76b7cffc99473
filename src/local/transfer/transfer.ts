// What load, copy and extract jobs share: how one is started, runs beside the requests, and is recorded.
import { type Job, newJob } from '../jobs/job.ts'
import { canonicalLocation, type JobStore } from '../jobs/job-store.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { Catalog, DatasetEntry } from '../storage/catalog.ts'
import type { Mutex } from '../storage/mutex.ts'
import type { Pool } from '../storage/pool.ts'
import { ApiError, invalid, notFound } from '../wire/api-error.ts'

export interface TransferEngine {
  readonly catalog: Catalog
  readonly pool: Pool
  readonly mutex: Mutex
  readonly jobs: JobStore
  readonly objects: ObjectStore
  /** A path for a scratch file. */
  readonly newPath: () => string
  readonly now: () => number
}

export interface TransferRequest {
  readonly projectId: string
  readonly jobId: string | undefined
  readonly location: string | undefined
  readonly configuration: Readonly<Record<string, unknown>>
}

/** The part of a job's life that its work can see. */
export interface Running {
  readonly job: Job
  readonly signal: AbortSignal
  /** SQL that records the finished job; for the transaction that makes its change. */
  readonly record: () => string
}

export interface TableName {
  readonly projectId: string
  readonly datasetId: string
  readonly tableId: string
}

/** Starts a job whose work resolves with its statistics. */
export function startTransfer(
  engine: TransferEngine,
  request: TransferRequest & { readonly location: string },
  work: (running: Running) => Promise<Record<string, unknown>>,
): Job {
  const job = newJob(request, engine.now())
  engine.jobs.add(job)
  const stop = new AbortController()
  job.cancel = () => stop.abort()
  job.finished = run(engine, job, stop.signal, work)
  return job
}

async function run(
  engine: TransferEngine,
  job: Job,
  signal: AbortSignal,
  work: (running: Running) => Promise<Record<string, unknown>>,
): Promise<void> {
  job.startedAt = engine.now()
  const record = (): string => {
    job.endedAt = engine.now()
    const sql = engine.jobs.recordSql(job)
    job.endedAt = undefined
    return sql
  }
  try {
    const found = await work({ job, signal, record })
    job.statistics ??= found
  } catch (error) {
    const failure = signal.aborted
      ? new ApiError(400, 'stopped', 'Job execution was cancelled: User requested cancellation')
      : error instanceof ApiError
        ? error
        : new ApiError(500, 'internalError', error instanceof Error ? error.message : String(error))
    job.failure = { status: failure.status, proto: failure.proto }
  }
  job.endedAt = engine.now()
  job.cancel = () => undefined
}

export function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new Error('cancelled')
}

/** A table reference from a configuration, with the job's project where it names none. */
export function tableReference(value: unknown, projectId: string, field: string): TableName {
  const { projectId: own, datasetId, tableId } = (value ?? {}) as Partial<TableName>
  if (!datasetId || !tableId) throw invalid(`Required parameter is missing: ${field}`, field)
  // A partition decorator names the same table here.
  return { projectId: own || projectId, datasetId, tableId: tableId.replace(/\$\w+$/, '') }
}

/** The dataset a job works on; where a location is asked for, it must be the dataset's own. */
export function datasetAt(catalog: Catalog, name: TableName, location: string | undefined): DatasetEntry {
  const dataset = catalog.dataset(name.projectId, name.datasetId)
  if (location && canonicalLocation(location) !== dataset.location)
    throw notFound(
      `Dataset ${name.projectId}:${name.datasetId} was not found in location ${canonicalLocation(location)}`,
    )
  return dataset
}

export function tableText(name: TableName): string {
  return `${name.projectId}:${name.datasetId}.${name.tableId}`
}
