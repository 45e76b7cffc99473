// Streaming Insert: each document becomes a row, through the corridor.
import { randomBytes } from 'node:crypto'
import { verdictOfRows } from '../bigquery/classify.ts'
import type { ControlPlane } from '../bigquery/control-plane.ts'
import {
  createInsertRows,
  insertAllFrame,
  maxRequestBytes,
  requestHeadBytes,
  rowEnvelopeBytes,
} from '../bigquery/insert-all.ts'
import { parseTableId } from '../browse/profiles.ts'
import type { DocumentSource } from '../contract/document.ts'
import type { InsertRows } from '../contract/insert-rows.ts'
import type { ExecuteOptions } from '../contract/operation.ts'
import type { StreamingInsertOptions } from '../contract/options/streaming-insert.ts'
import { isLoopback } from '../descriptor/resolve.ts'
import { ConnectorError } from '../errors.ts'
import { type InsertIdOf, insertIdRule } from '../pipeline/insert-id.ts'
import { insertPipeline } from '../pipeline/insert-pipeline.ts'
import { Paces } from '../pipeline/paces.ts'
import { lengthFault, nameOf } from '../pipeline/partition.ts'
import { throughSpool } from '../pipeline/spool/through-spool.ts'
import type { OpenOperation } from './open-operation.ts'
import { describeTables, noEncoders } from './table-encoders.ts'

/** Random bytes in an insertId's prefix: 96 bits keep the rows of two executions apart. */
const prefixBytes = 12
/** Bytes of a minted insertId at most: prefix, hyphen and counter. */
const mintedIdBytes = 32
/** Bytes of a document's own insertId at most: 128 characters, each escaped in JSON. */
const longestIdBytes = 768

export const openStreamingInsert: OpenOperation<'streaming-insert'> = (context, options) => {
  const { datasetId, tableId } = placeOf(options)
  const tooLong = lengthFault({ tableId, templateSuffix: options.templateSuffix })
  if (tooLong) {
    const message = `The operation streaming-insert is not usable: ${tooLong.text}`
    throw new ConnectorError('BQC_CONFIG_INVALID', message, { faults: [tooLong.fault] })
  }
  const projectId = options.projectIdOverride || context.projectId
  // On this machine the way is so short that compressing takes longer than sending.
  const gzip = options.gzip === 'auto' ? !isLoopback(context.endpoint) : options.gzip === 'always'
  const insertRows = awaitNewTables(
    createInsertRows(context.transport, context.endpoint, { ...options, gzip }),
    context.control,
  )
  const pace = {
    maxRows: options.batchCount,
    maxBytes: options.batchBytes,
    maxInFlight: options.maxInFlight,
  }
  const paces = new Paces(pace, context.clock, context.random)
  const ruleOfInsertIds = insertIdRule(options)
  const insertIdBytes = options.insertIdFrom === '' ? mintedIdBytes : longestIdBytes

  const destination = { projectId, datasetId, tableId, templateSuffix: options.templateSuffix }
  const insertIds = options.generateInsertId ? options.insertIdFrom || 'minted' : 'none'

  const corridor = (documents: DocumentSource, insertIdOf: InsertIdOf, execute: ExecuteOptions) =>
    insertPipeline(
      documents,
      {
        insertRows,
        frame: insertAllFrame(options),
        encoders:
          options.validation === 'local'
            ? describeTables(context.control, context.clock, options.ignoreUnknownValues)
            : noEncoders,
        clock: context.clock,
        paces,
        beginTrace: context.beginTrace,
      },
      {
        batch: {
          maxAgeMs: options.batchAgeMs,
        },
        budgetBytes: options.budgetBytes,
        maxRowBytes: maxRequestBytes - requestHeadBytes - rowEnvelopeBytes - insertIdBytes,
        destination,
        maxInFlight: options.maxInFlight,
        maxAttempts: options.maxAttempts,
        newTableWaitMs: options.newTableWaitMs,
        outcomeOrder: options.outcomeOrder,
        insertIdOf,
      },
      execute,
    )

  return (documents, execute = {}) => {
    const insertIdPrefix = `${randomBytes(prefixBytes).toString('base64url')}-`
    if (options.spool === '') {
      const insertIdOf: InsertIdOf = (document, index) => ruleOfInsertIds(document, insertIdPrefix, index)
      return corridor(documents, insertIdOf, execute)
    }
    const spool = {
      directory: options.spool,
      maxBytes: options.spoolBytes,
      operation: `insert into ${nameOf(destination)} at ${context.endpoint}, insertId: ${insertIds}`,
      insertIdPrefix,
      destination,
    }
    return throughSpool(documents, spool, ruleOfInsertIds, context.clock, execute, corridor)
  }
}

/** What documents override; empty where each one has to say it. */
function placeOf({ objectType, datasetId, tableId }: StreamingInsertOptions) {
  if (objectType === 'DYNAMIC') return { datasetId, tableId }
  const table = parseTableId(objectType)
  return { datasetId: datasetId || table.datasetId, tableId: tableId || table.tableId }
}

/** A table that is there, and yet unknown to insertAll, is new: that heals within minutes. */
function awaitNewTables(insertRows: InsertRows, control: ControlPlane): InsertRows {
  return async (request, signal) => {
    const answer = await insertRows(request, signal)
    if (answer.verdict !== 'give-up' || verdictOfRows(answer.error) !== 'not-yet') return answer
    const { projectId, datasetId, tableId } = request.destination
    return control.getTable(projectId, datasetId, tableId, signal).then(
      () => ({ verdict: 'not-yet', error: answer.error }),
      () => answer,
    )
  }
}
