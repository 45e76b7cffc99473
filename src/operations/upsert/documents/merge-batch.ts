// A batch of documents into their target: loaded into a staging table of its own, taken from there by one MERGE,
// and the staging removed in every case.
import { isFaultOfRows, verdictOf, verdictOfJob } from '../../../bigquery/classify.ts'
import type { Job } from '../../../bigquery/jobs.ts'
import type { Destination, InsertRows, InsertVerdict } from '../../../contract/insert-rows.ts'
import type { UpsertOptions } from '../../../contract/options/upsert.ts'
import { asConnectorError, type ConnectorError } from '../../../errors.ts'
import { keyOf, nameOf } from '../../../pipeline/partition.ts'
import type { OperationContext } from '../../open-operation.ts'
import { lettingOut } from '../letting-out.ts'
import { createLoadFile } from '../load-file.ts'
import { createRunSql } from '../run-sql.ts'
import { createStaging, nameOfStaging, removeStaging } from '../staging.ts'
import { readTable } from '../table.ts'
import { columnsOf } from './document-encoder.ts'
import { mergeDocumentsSql } from './merge-documents-sql.ts'
import { stagedFields } from './staged-rows.ts'
import { targetOf } from './target.ts'

/** What became of a batch; the payload of each of its documents. */
interface Receipt {
  readonly destination: string
  /** Documents of the batch, this one included. */
  readonly documents: number
  readonly load: { readonly jobReference: Job['jobReference'] }
  readonly merge: {
    readonly jobReference: Job['jobReference']
    /** Rows of the target, for the whole batch. */
    readonly inserted: number
    readonly updated: number
    readonly deleted: number
  }
  readonly staging: {
    readonly name: string
    readonly status: 'deleted' | 'left'
    /** Why it is left; it goes when its lifetime is over. */
    readonly errorMessage?: string
  }
}

const hourMs = 3_600_000
/** Batches that fail one after another, after which halves are not tried any more: it is not single rows. */
const hopelessFailures = 40

/**
 * @param run what no other execution is called.
 * @param stop ends the execution. A request on the wire has a moment more, and a connection that is closed waits.
 */
export function createMergeBatch(
  context: OperationContext,
  options: UpsertOptions,
  run: string,
  stop: AbortSignal | undefined,
): InsertRows {
  const { control } = context
  const loadFile = createLoadFile(context)
  const runSql = createRunSql(context)
  const failures = new Map<string, number>()
  let batches = 0

  const merge = async (
    destination: Destination,
    body: Uint8Array,
    rowCount: number,
    signal: AbortSignal,
  ): Promise<Receipt> => {
    batches += 1
    const table = await readTable(control, destination, signal)
    const target = targetOf(table, options)
    const { projectId, datasetId, tableId } = table
    const beginning = options.temporaryTableForLoad || tableId
    const staging = { projectId, datasetId, tableId: nameOfStaging(beginning, run, batches) }
    const location = options.locationId || table.location || context.location
    const timeoutMs = options.requestTimeout
    const load = {
      destinationTable: staging,
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      // It is there; and what is removed already must not come into being again.
      writeDisposition: 'WRITE_TRUNCATE',
      createDisposition: 'CREATE_NEVER',
      schema: { fields: [...stagedFields(columnsOf(target))] as object[] },
    }
    const file = {
      isRepeatable: true,
      async *open() {
        yield body
      },
    }
    const purpose = `Documents on their way into ${tableId}: an upsert removes it at its end.`
    let jobs: { readonly loaded: Job; readonly merged: Job }
    let removed: Receipt['staging']
    try {
      await createStaging(context, staging, options.temporaryTableHours * hourMs, purpose, signal)
      const loaded = await loadFile({ projectId, location, load, file, timeoutMs }, signal)
      const sql = mergeDocumentsSql(target, staging)
      const merged = await runSql(
        { projectId, location, sql, useLegacySql: false, target, timeoutMs },
        signal,
      )
      jobs = { loaded, merged }
    } finally {
      removed = await removeStaging(context, staging).catch((thrown) => ({
        name: staging.tableId,
        status: 'left' as const,
        errorMessage: asConnectorError(thrown).message,
      }))
    }
    const { loaded, merged } = jobs
    const stats = merged.statistics?.query?.dmlStats
    return {
      destination: nameOf(destination),
      documents: rowCount,
      load: { jobReference: loaded.jobReference },
      merge: {
        jobReference: merged.jobReference,
        inserted: Number(stats?.insertedRowCount ?? 0),
        updated: Number(stats?.updatedRowCount ?? 0),
        deleted: Number(stats?.deletedRowCount ?? 0),
      },
      staging: removed,
    }
  }

  return async ({ destination, body, rowCount }, signal) => {
    const key = keyOf(destination)
    try {
      const receipt = await lettingOut(context, stop, merge(destination, body, rowCount, signal))
      failures.delete(key)
      return { verdict: 'stored', rows: [], receipt }
    } catch (thrown) {
      const error = asConnectorError(thrown)
      const inARow = (failures.get(key) ?? 0) + 1
      failures.set(key, inARow)
      return { verdict: verdictOfBatch(error, inARow), error }
    }
  }
}

function verdictOfBatch(
  error: ConnectorError,
  failures: number,
): Exclude<InsertVerdict['verdict'], 'stored' | 'not-yet'> {
  if (error.code !== 'BQC_JOB_FAILED') return error.code === 'BQC_UPLOAD_LOST' ? 'retry' : verdictOf(error)
  const failure = (error.payload as Job).status?.errorResult ?? {}
  if (verdictOfJob(failure) === 'retry') return 'retry'
  return isFaultOfRows(failure) && failures < hopelessFailures ? 'split' : 'give-up'
}
