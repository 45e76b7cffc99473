// Upsert of documents: each is a row, or a part of one, gathered with others by the corridor into batches that
// are merged by key, one after another.
import { randomBytes } from 'node:crypto'
import type { Document } from '../../../contract/document.ts'
import type { Destination } from '../../../contract/insert-rows.ts'
import type { Operation } from '../../../contract/operation.ts'
import type { UpsertOptions } from '../../../contract/options/upsert.ts'
import type { JsonSchema } from '../../../contract/profile.ts'
import type { Form } from '../../../descriptor/resolve.ts'
import { ConnectorError } from '../../../errors.ts'
import { insertPipeline } from '../../../pipeline/insert-pipeline.ts'
import { Paces } from '../../../pipeline/paces.ts'
import { destinationOf } from '../../../pipeline/partition.ts'
import type { OperationContext } from '../../open-operation.ts'
import { encodersFor } from '../../table-encoders.ts'
import { readTable } from '../table.ts'
import { documentEncoder } from './document-encoder.ts'
import { createMergeBatch } from './merge-batch.ts'
import { markOf, maxDocumentBytes, stagedRowFrame } from './staged-rows.ts'
import { targetOf } from './target.ts'

/** Targets that are written to at the same time at most. */
const maxInFlight = 4
/** What a document may say itself; all else holds for a whole batch. */
const ofDocument: readonly string[] = ['datasetId', 'projectIdOverride', 'targetTableForQuery']

/** @param usual where documents go that do not say it themselves. */
export function openUpsertDocuments(
  context: OperationContext,
  options: UpsertOptions,
  form: JsonSchema,
  usual: Destination,
): Operation['execute'] {
  const { batchCount: maxRows, batchBytes: maxBytes, batchAgeMs: maxAgeMs } = options
  const paces = new Paces(
    { maxRows, minRows: maxRows, maxBytes, maxInFlight: 1 },
    context.clock,
    context.random,
  )
  const encoders = encodersFor(
    (destination, signal) => readTable(context.control, destination, signal),
    (table) => documentEncoder(targetOf(table, options)),
    context.clock,
  )
  const placeOf = placing(form)

  return (documents, execute) => {
    const run = randomBytes(6).toString('hex')
    return insertPipeline(
      documents,
      {
        insertRows: createMergeBatch(context, options, run, execute?.signal),
        frame: stagedRowFrame,
        encoders,
        clock: context.clock,
        paces,
        // The spans of its jobs are another matter than those of inserts.
        beginTrace: () => ({ ...context.beginTrace(), around: (insertRows) => insertRows }),
      },
      {
        batch: { maxAgeMs },
        budgetBytes: options.budgetBytes,
        maxRowBytes: maxDocumentBytes,
        destination: usual,
        destinationOf: placeOf,
        insertIdOf: () => undefined,
        markOf,
        isOrdered: true,
        maxInFlight,
        maxAttempts: options.maxAttempts,
        newTableWaitMs: 0,
        outcomeOrder: options.outcomeOrder,
      },
      execute,
    )
  }
}

/** @throws ConnectorError (what it gives) `BQC_PROPERTY_INVALID`, `BQC_DESTINATION_INVALID` */
function placing(form: JsonSchema): (document: Document, usual: Destination) => Destination {
  const { properties: fields } = form as unknown as Form
  const ofBatch = Object.keys(fields).filter(
    (name) => fields[name]?.['x-per-document'] !== undefined && !ofDocument.includes(name),
  )
  return ({ data, properties = {} }, usual) => {
    const given = ofBatch.filter((name) => properties[name] !== undefined)
    if (given.length > 0) {
      const message = 'holds for all documents of an upsert: set it in the operation'
      throw new ConnectorError('BQC_PROPERTY_INVALID', `${given.join(', ')} ${message}.`, {
        faults: given.map((name) => ({ path: `/${name}`, value: properties[name], message })),
      })
    }
    const { projectIdOverride, datasetId, targetTableForQuery: tableId } = properties
    const own = Object.fromEntries(
      Object.entries({ projectIdOverride, datasetId, tableId }).filter(([, value]) => value),
    ) as Record<string, string>
    return destinationOf(Object.keys(own).length === 0 ? { data } : { data, properties: own }, usual)
  }
}
