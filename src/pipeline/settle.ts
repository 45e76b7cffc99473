// Stage 6: a verdict becomes one outcome for each row, or sends rows again. Before: send. Next: deliver.
import type { Document } from '../contract/document.ts'
import type { Destination, InsertVerdict, RowError } from '../contract/insert-rows.ts'
import type { Outcome, OutcomeStatus } from '../contract/outcome.ts'
import { asConnectorError, ConnectorError, type ErrorCategory, type Fault } from '../errors.ts'
import { type Batch, documentsOf, partOf, type Row } from './batch.ts'
import { parseDocument } from './encode.ts'
import { nameOf } from './partition.ts'

/** An outcome, its document where that did not succeed, and what goes back to the budget when it leaves. */
export interface Settled {
  readonly outcome: Outcome
  /** Made again from its row only where somebody wants it. */
  readonly document?: () => Document
  readonly chargedBytes: number
}

export interface Settlement {
  readonly settled: readonly Settled[]
  /** Rows that go again, under the same insertIds. */
  readonly again: readonly Batch[]
  /** They go after a back-off: the service is in trouble. */
  readonly isLater: boolean
}

// The document's fault is the service's no; everything else may be sent again once it is mended.
const statuses: Readonly<Record<ErrorCategory, Exclude<OutcomeStatus, 'success'>>> = {
  config: 'failure',
  document: 'application-error',
  internal: 'failure',
  transient: 'failure',
}

/** @param isStopped the execution was stopped: rows that would go again settle as aborted. */
export function settle(
  batch: Batch,
  verdict: InsertVerdict,
  maxAttempts: number,
  isStopped: boolean,
): Settlement {
  if (verdict.verdict !== 'stored' && verdict.error.code === 'BQC_REQUEST_REFUSED') {
    const settlement = settleMalformed(batch, isStopped)
    if (settlement !== undefined) return settlement
  }
  switch (verdict.verdict) {
    case 'stored': {
      const settlement = settleRows(batch, verdict, maxAttempts, isStopped)
      // Rows that were refused may yet be read for a dead letter.
      if (verdict.rows.length === 0) batch.body.release()
      return settlement
    }
    case 'split':
      if (isStopped) return settleAll(batch, abortedError(true))
      return batch.rows.length === 1
        ? settleAll(batch, verdict.error)
        : { settled: [], again: halves(batch), isLater: false }
    default:
      return settleAll(batch, verdict.error)
  }
}

/**
 * Where text goes unparsed, a refused request may hold rows that are no JSON. They are found here, and the
 * others go again.
 */
function settleMalformed(batch: Batch, isStopped: boolean): Settlement | undefined {
  const settled: Settled[] = []
  const sound: number[] = []
  const documents = documentsOf(batch)
  const fail = failing(batch, documents)
  for (const [at, document] of documents.entries()) {
    try {
      parseDocument(document)
      sound.push(at)
    } catch (thrown) {
      settled.push(fail(at, asConnectorError(thrown)))
    }
  }
  if (settled.length === 0) return undefined
  if (isStopped) {
    settled.push(...sound.map((at) => fail(at, abortedError(true))))
    return { settled, again: [], isLater: false }
  }
  const again = sound.map((at) => batch.rows[at] as Row)
  return { settled, again: again.length > 0 ? [partOf(batch, again)] : [], isLater: false }
}

/** The same error for every row. */
function settleAll(batch: Batch, error: ConnectorError): Settlement {
  const fail = failing(batch)
  const settled = batch.rows.map((_, at) => fail(at, error))
  return {
    settled: batch.isUnsure ? settled.map((item) => unsure(item, error)) : settled,
    again: [],
    isLater: false,
  }
}

/** The service's no to the last request says nothing of those before it whose answers were lost. */
function unsure(item: Settled, error: ConnectorError): Settled {
  const message = `${item.outcome.message} An earlier request, whose answer was lost, may have stored the row.`
  const code = String(error.httpStatus ?? error.code)
  return { ...item, outcome: { ...item.outcome, status: 'failure', code, message } }
}

/** The outcome of a document that did not succeed. */
export function outcomeOf(
  index: number,
  { id }: Document | Pick<Row, 'id'>,
  error: ConnectorError,
  attempts = 0,
): Outcome {
  const status = statuses[error.category]
  return {
    index,
    id,
    status,
    code: codeOf(status, error),
    message: error.message,
    payload: error.payload,
    attempts,
    errorCode: error.code,
    faults: error.faults,
    ...(error.reason ? { reason: error.reason } : {}),
  }
}

/** The HTTP status that was answered. Without one: what HTTP would say to a document, or the error's own code. */
function codeOf(status: OutcomeStatus, { code, httpStatus }: ConnectorError): string {
  if (httpStatus !== undefined) return String(httpStatus)
  if (status !== 'application-error') return code
  return code === 'BQC_JOB_TIMEOUT' ? '408' : '400'
}

/** Where a row was meant to go, and under which insertId, as far as that is known. */
export function placeOf(
  destination: Destination | undefined,
  insertId: string | undefined,
): Pick<Outcome, 'destination' | 'insertId' | 'templateSuffix'> {
  return {
    ...(destination === undefined ? {} : { destination: nameOf(destination) }),
    ...(destination?.templateSuffix ? { templateSuffix: destination.templateSuffix } : {}),
    ...(insertId === undefined ? {} : { insertId }),
  }
}

export function abortedError(wasSent: boolean): ConnectorError {
  return new ConnectorError(
    'BQC_ABORTED',
    wasSent
      ? 'The execution was stopped before BigQuery stored the document. Send it again.'
      : 'The execution was stopped before the document was sent. Send it again.',
  )
}

function settleRows(
  batch: Batch,
  { rows: listed, receipt }: Extract<InsertVerdict, { verdict: 'stored' }>,
  maxAttempts: number,
  isStopped: boolean,
): Settlement {
  const verdicts = new Map(listed.map((row) => [row.index, row]))
  const settled: Settled[] = []
  const again: Row[] = []
  const destination = nameOf(batch.destination)
  const fail = failing(batch)
  // Rounds that settle rows come to an end by themselves; only those that settle none are counted.
  const isProgress = listed.length < batch.rows.length || listed.some((row) => row.verdict === 'rejected')
  for (const [at, row] of batch.rows.entries()) {
    const verdict = verdicts.get(at)
    if (verdict === undefined) settled.push(stored(row, batch.attempts, destination, receipt))
    else if (verdict.verdict === 'rejected') settled.push(fail(at, refusedRow(verdict.errors, batch)))
    else if (isStopped) settled.push(fail(at, abortedError(true)))
    // The service refuses a whole request for one bad row and marks the innocent ones `stopped`.
    else if (isProgress || batch.stumbles + 1 < maxAttempts) again.push(row)
    else settled.push(fail(at, notTaken(verdict.errors, batch)))
  }
  if (again.length === 0) return { settled, again: [], isLater: false }
  const stumbles = batch.stumbles + (isProgress ? 0 : 1)
  const isLater = listed.some((row) => row.verdict === 'again-later')
  return { settled, again: [{ ...partOf(batch, again), stumbles }], isLater }
}

function stored(
  { index, id, insertId, chargedBytes }: Row,
  attempts: number,
  destination: string,
  receipt: object = insertId === undefined ? { destination, attempts } : { insertId, destination, attempts },
): Settled {
  const outcome: Outcome = {
    index,
    id,
    status: 'success',
    code: '200',
    message: '',
    payload: receipt,
    attempts,
    destination,
    ...(insertId === undefined ? {} : { insertId }),
  }
  return { outcome, chargedBytes }
}

/** Gives the outcomes of rows that did not succeed, by their place in the batch; their documents are made again once. */
function failing(batch: Batch, made?: readonly Document[]): (at: number, error: ConnectorError) => Settled {
  let documents = made
  return (at, error) => {
    const row = batch.rows[at] as Row
    const { index, insertId, chargedBytes } = row
    const outcome = {
      ...outcomeOf(index, row, error, batch.attempts),
      ...placeOf(batch.destination, insertId),
    }
    const document = () => {
      documents ??= documentsOf(batch)
      return documents[at] as Document
    }
    return { outcome, document, chargedBytes }
  }
}

function refusedRow(errors: readonly RowError[], batch: Batch): ConnectorError {
  const faults: Fault[] = errors.map(({ location, message, reason }) => ({
    path: location === '' ? '' : `/${location.replaceAll('.', '/')}`,
    message: message || reason,
  }))
  const said = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  const text = `${nameOf(batch.destination)} refused the row: ${said || 'BigQuery gave no reason'}`
  return new ConnectorError('BQC_ROW_REFUSED', text.replace(/\.?$/, '.'), {
    faults,
    payload: errors,
    reason: errors[0]?.reason ?? '',
  })
}

function notTaken(errors: readonly RowError[], batch: Batch): ConnectorError {
  const reason = errors[0]?.reason ?? ''
  return new ConnectorError(
    'BQC_SERVICE_UNAVAILABLE',
    `${nameOf(batch.destination)} did not take the row in ${batch.attempts} requests (${reason}). Send it again later.`,
    { payload: errors, reason },
  )
}

export function halves(batch: Batch): Batch[] {
  const middle = Math.ceil(batch.rows.length / 2)
  const half = { ...batch, isHalf: true }
  return [partOf(half, batch.rows.slice(0, middle)), partOf(half, batch.rows.slice(middle))]
}
