// Stage 3: each row goes to the open batch of its own destination; neighbours decide nothing.
// Before: encode. Next: batch.
import type { Clock } from '../contract/clock.ts'
import type { Document } from '../contract/document.ts'
import type { Destination, RowFrame } from '../contract/insert-rows.ts'
import { ConnectorError, type Fault } from '../errors.ts'
import { type Batch, Batcher, type BatchLimits, type EncodedDocument } from './batch.ts'
import { Buffers } from './buffers.ts'
import type { Paces } from './paces.ts'

// https://cloud.google.com/bigquery/docs/tables#table_naming and .../datasets#dataset-naming
const names: Readonly<Record<keyof Destination, RegExp>> = {
  projectId: /^([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]*$/,
  datasetId: /^[\p{L}\p{N}_-]+$/u,
  tableId: /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} $]+$/u,
  templateSuffix: /^\w*$/,
}

/** Bytes of a table's name at most, its suffix included. */
const maxTableIdBytes = 1024

/** Destinations with an open batch at most; past it, the one that opened first is sealed. */
const maxOpenBatches = 1000

/**
 * Where a document's row goes: the operation's destination, with what the document's properties override. An
 * operation that leaves dataset or table to the documents has them empty.
 * @throws ConnectorError `BQC_DESTINATION_INVALID`
 */
export function destinationOf({ properties }: Document, usual: Destination): Destination {
  if (properties === undefined && usual.datasetId !== '' && usual.tableId !== '') return usual
  // No name is blank, but no suffix is: that takes rows to the table itself.
  const destination = {
    projectId: properties?.['projectIdOverride'] || usual.projectId,
    datasetId: properties?.['datasetId'] || usual.datasetId,
    tableId: properties?.['tableId'] || usual.tableId,
    templateSuffix: properties?.['templateSuffix'] ?? usual.templateSuffix,
  }
  const faults: Fault[] = Object.entries(destination)
    .filter(([name, value]) => !names[name as keyof Destination].test(value))
    .map(([name, value]) => ({
      path: `/${name}`,
      value,
      message: value === '' ? 'is missing' : 'is not a name that BigQuery knows',
    }))
  const tooLong = lengthFault(destination)
  if (tooLong) {
    const message = `The document's properties name no table: ${tooLong.text}`
    throw new ConnectorError('BQC_DESTINATION_INVALID', message, { faults: [tooLong.fault] })
  }
  if (faults.length === 0) return destination
  const found = faults.map(({ path, value }) => `${path.slice(1)} ${JSON.stringify(value)}`)
  throw new ConnectorError(
    'BQC_DESTINATION_INVALID',
    `The document's properties name no table: ${found.join(', ')}. Use letters, digits and underscores.`,
    { faults },
  )
}

/** What is wrong with the length of a table's name, its suffix included. */
export function lengthFault({
  tableId,
  templateSuffix,
}: Pick<Destination, 'tableId' | 'templateSuffix'>):
  | { readonly fault: Fault; readonly text: string }
  | undefined {
  const bytes = Buffer.byteLength(tableId + templateSuffix)
  if (bytes <= maxTableIdBytes) return undefined
  const message = `makes a name of ${bytes} bytes; a table's name has ${maxTableIdBytes} at most, its suffix included`
  const path = templateSuffix === '' ? '/tableId' : '/templateSuffix'
  return { fault: { path, message }, text: `${path.slice(1)} ${message}.` }
}

/** For a document that is refused anyway. */
export function destinationIfAny(document: Document, usual: Destination): Destination | undefined {
  try {
    return destinationOf(document, usual)
  } catch {
    return undefined
  }
}

/** `project.dataset.table`, as messages and outcomes name it. */
export function nameOf({ projectId, datasetId, tableId, templateSuffix }: Destination): string {
  return `${projectId}.${datasetId}.${tableId}${templateSuffix}`
}

/** Tells destinations apart: a row for table "ab" is no row for table "a" with the suffix "b". */
export function keyOf({ projectId, datasetId, tableId, templateSuffix }: Destination): string {
  return `${projectId}/${datasetId}/${tableId}/${templateSuffix}`
}

/** The open batches, one a destination at most. */
export class Partition {
  readonly #buffers = new Buffers()
  readonly #frame: RowFrame
  readonly #limits: BatchLimits
  readonly #paces: Paces
  readonly #clock: Clock
  readonly #seal: (batch: Batch) => void
  readonly #open = new Map<string, Batcher>()
  // Most documents go where the one before them went.
  #last: Destination | undefined
  #lastKey = ''

  constructor(
    frame: RowFrame,
    limits: BatchLimits,
    paces: Paces,
    clock: Clock,
    seal: (batch: Batch) => void,
  ) {
    this.#frame = frame
    this.#limits = limits
    this.#paces = paces
    this.#clock = clock
    this.#seal = seal
  }

  /** Gives what the row costs. */
  add(encoded: EncodedDocument, destination: Destination): number {
    const key = this.#keyOf(destination)
    const batcher = this.#open.get(key) ?? this.#openBatch(key, destination)
    const cost = batcher.add(encoded)
    if (cost !== undefined) return cost
    batcher.seal()
    return this.#openBatch(key, destination).add(encoded) ?? 0
  }

  /** Seals everything now: the source has ended, or waits for room. */
  sealAll(): void {
    for (const batcher of [...this.#open.values()]) batcher.seal()
  }

  #keyOf(destination: Destination): string {
    if (destination !== this.#last) {
      this.#last = destination
      this.#lastKey = keyOf(destination)
    }
    return this.#lastKey
  }

  #openBatch(key: string, destination: Destination): Batcher {
    if (this.#open.size >= maxOpenBatches) this.#open.values().next().value?.seal()
    const batcher = new Batcher(
      destination,
      this.#paces.of(destination),
      this.#buffers,
      this.#frame,
      this.#limits,
      this.#clock,
      (batch) => {
        this.#open.delete(key)
        this.#seal(batch)
      },
    )
    this.#open.set(key, batcher)
    return batcher
  }
}
