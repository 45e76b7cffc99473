// Upsert of files: each document is one. It is loaded into a staging table, SQL takes it from there into the target,
// and the staging is removed; or it is loaded into the destination itself.
import { randomBytes } from 'node:crypto'
import type { Job } from '../../bigquery/jobs.ts'
import type { UpsertOptions } from '../../contract/options/upsert.ts'
import type { Outcome } from '../../contract/outcome.ts'
import { loadDescriptor } from '../../descriptor/load.ts'
import { compileOverrides } from '../../descriptor/resolve-document.ts'
import { eachDocument, type Work } from '../each-document.ts'
import { paceOf } from '../in-order.ts'
import { warningsOf } from '../jobs/job-state.ts'
import { statisticsOf } from '../jobs/job-statistics.ts'
import type { OpenOperation, OperationContext } from '../open-operation.ts'
import { type DocumentFile, fileOf } from './document-file.ts'
import { openUpsertDocuments } from './documents/upsert-documents.ts'
import { lettingOut } from './letting-out.ts'
import { createLoadFile, type LoadFile } from './load-file.ts'
import { loadOf, schemaOf } from './load-job.ts'
import { missing, type Places, placesOf, usualDestination } from './places.ts'
import { planOf } from './plan.ts'
import { createRunSql, type RunSql } from './run-sql.ts'
import { createStaging, nameOfStaging, removeStaging } from './staging.ts'
import { Steps } from './steps.ts'

interface Tools {
  readonly context: OperationContext
  readonly loadFile: LoadFile
  readonly runSql: RunSql
}

/** One document: its file, and the options in force for it. */
interface Upsert {
  readonly options: UpsertOptions
  readonly places: Places
  readonly file: DocumentFile
  /** What no other document of any execution is called. */
  readonly run: string
  readonly number: number
}

interface Done {
  readonly payload: Steps['payload']
  /** What a success has to say: rows that were left out, a staging that is still there. */
  readonly facts: Partial<Pick<Outcome, 'message' | 'statistics' | 'warnings'>>
}

const hourMs = 3_600_000

export const openUpsert: OpenOperation<'upsert'> = (context, configured) => {
  const { maxConcurrentJobs } = configured
  const form = loadDescriptor().operations.find(({ id }) => id === 'upsert')?.options ?? {}
  if (configured.input === 'documents') {
    return openUpsertDocuments(context, configured, form, usualDestination(configured, context.projectId))
  }
  const optionsFor = compileOverrides<UpsertOptions>(form)
  const tools = { context, loadFile: createLoadFile(context), runSql: createRunSql(context) }

  return (documents, execute = {}) => {
    const run = randomBytes(6).toString('hex')
    let number = 0
    const upsert: Work<DocumentFile> = async function* (file, signal, { document }) {
      number += 1
      try {
        const options = optionsFor(configured, document)
        const places = placesOf(options, context.projectId)
        const way = options.runSqlAfterLoad ? throughStaging : straight
        const one = { options, places, file, run, number }
        const { payload, facts } = await lettingOut(context, signal, way(tools, one, signal))
        yield { payloads: [payload], facts }
      } finally {
        file.leave()
      }
    }
    return eachDocument(documents, execute, context, 'one', upsert, paceOf(maxConcurrentJobs), fileOf)
  }
}

async function straight(
  { context, loadFile }: Tools,
  { options, places, file }: Upsert,
  signal: AbortSignal,
): Promise<Done> {
  const { projectId, destination } = places
  if (destination === undefined) throw missing('destinationTableForLoad', 'nothing else names a table')
  const load = loadOf(options, destination, schemaOf(options))
  const { control } = context
  const { datasetId } = places
  const location =
    options.locationId || (await control.getLocation(projectId, datasetId, signal)) || context.location
  const steps = new Steps()
  const job = await steps.take('load', () =>
    loadFile({ projectId, location, load, file, timeoutMs: options.requestTimeout }, signal),
  )
  steps.throwIfFailed('')
  return { payload: steps.payload, facts: factsOf(job, undefined, '') }
}

async function throughStaging(tools: Tools, upsert: Upsert, signal: AbortSignal): Promise<Done> {
  const { context, loadFile, runSql } = tools
  const { options, places, file, run, number } = upsert
  const { projectId, datasetId, target } = places
  const timeoutMs = options.requestTimeout
  // The MERGE that is generated is GoogleSQL, whatever a command would be written in.
  const useLegacySql = options.useLegacySql && options.sqlCommand.trim() !== ''
  const beginning = options.temporaryTableForLoad || target?.tableId || 'load'
  const staging = { projectId, datasetId, tableId: nameOfStaging(beginning, run, number) }
  const { location, fields, sql } = await planOf(context, options, places, staging, signal)

  const steps = new Steps()
  const job = await steps.take('load', async () => {
    const purpose = `Rows on their way into ${target?.tableId ?? 'a table'}: an upsert removes it at its end.`
    await createStaging(context, staging, options.temporaryTableHours * hourMs, purpose, signal)
    // It is there; and what is removed already must not come into being again.
    const replacing = { writeDisposition: 'WRITE_TRUNCATE', createDisposition: 'CREATE_NEVER' } as const
    const load = loadOf({ ...options, ...replacing }, staging, fields)
    return loadFile({ projectId, location, load, file, timeoutMs }, signal)
  })
  let changing: Job | undefined
  if (!steps.hasFailed) {
    changing = await steps.take('query', async () =>
      runSql({ projectId, location, sql: await sql(), useLegacySql, target, timeoutMs }, signal),
    )
  }

  let remark = ''
  const { deleteTempTableAfterQuery: when } = options
  if (when === 'DELETE_ALWAYS_VALUE' || (when === 'DELETE_IF_SUCCESS_VALUE' && !steps.hasFailed)) {
    try {
      steps.payload.delete = await removeStaging(context, staging)
    } catch (thrown) {
      // The rows are where they belong: to call this a failure would have them sent again.
      const { message } = steps.note('delete', thrown)
      remark = `The temporary table ${staging.tableId} could not be removed, and goes when its lifetime is over: ${message}`
    }
  }
  steps.throwIfFailed(remark)
  return { payload: steps.payload, facts: factsOf(job, changing, remark) }
}

/**
 * A load that was done may still have left rows out.
 * @param changing the job that ran the SQL, where one did: the figures are its then.
 */
function factsOf(job: Job | undefined, changing: Job | undefined, remark: string): Done['facts'] {
  const measured = changing ?? job
  const bad = Number(job?.statistics?.load?.badRecords ?? 0)
  const warnings = job === undefined ? [] : warningsOf(job)
  const [first] = warnings
  const left =
    bad === 0
      ? ''
      : `${bad} bad ${bad === 1 ? 'record was' : 'records were'} left out.${first ? ` The first: ${first.message}` : ''}`
  return {
    message: [left, remark].filter(Boolean).join(' '),
    ...(measured === undefined ? {} : { statistics: statisticsOf(measured, 0) }),
    ...(warnings.length === 0 ? {} : { warnings }),
  }
}
