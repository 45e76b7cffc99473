// A span and its measurements for each insert request.
import {
  type Attributes,
  type Context,
  context,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { Clock } from '../contract/clock.ts'
import type { InsertRequest, InsertRows, InsertVerdict } from '../contract/insert-rows.ts'
import { asConnectorError, type ConnectorError, quietly } from '../errors.ts'
import type { Instruments } from './instruments.ts'

interface Tools {
  readonly tracer: Tracer
  /** The context of the execution's span. */
  readonly inside: Context
  readonly instruments: Instruments
  readonly server: Attributes
  readonly clock: Clock
}

export function traceInserts(insertRows: InsertRows, tools: Tools): InsertRows {
  return async (request, signal) => {
    const seen = quietly(() => see(request, tools))
    try {
      const verdict = await context.with(seen?.inside ?? tools.inside, () => insertRows(request, signal))
      quietly(() => seen?.answered(verdict))
      return verdict
    } catch (thrown) {
      quietly(() => seen?.failed(asConnectorError(thrown)))
      throw thrown
    }
  }
}

interface Seen {
  readonly inside: Context
  answered(verdict: InsertVerdict): void
  failed(error: ConnectorError): void
}

function see(request: InsertRequest, { tracer, inside, instruments, server, clock }: Tools): Seen {
  const table = { ...tableOf(request), ...server }
  const { rowCount } = request
  const bytes = request.body.byteLength
  const span = tracer.startSpan(
    `insertAll ${request.destination.tableId}`,
    { kind: SpanKind.CLIENT, attributes: { ...table, ...spanOf(request) } },
    inside,
  )
  const startedAt = clock.now()
  instruments.inFlight.add(1, table)
  instruments.rows.add(rowCount, table)
  instruments.bytes.add(bytes, table)
  instruments.requestRows.record(rowCount, table)
  instruments.requestBytes.record(bytes, table)

  const end = (said: string, error: Attributes) => {
    instruments.inFlight.add(-1, table)
    instruments.answers.add(1, { ...table, 'bigquery_connector.answer': said })
    instruments.duration.record((clock.now() - startedAt) / 1000, { ...table, ...error })
    span.end()
  }
  const failed = ({ reason, code, httpStatus, message }: ConnectorError) => {
    const error = { 'error.type': reason ?? code }
    span.setAttributes({ ...error, 'bigquery_connector.error_code': code })
    if (httpStatus !== undefined) span.setAttribute('http.response.status_code', httpStatus)
    span.setStatus({ code: SpanStatusCode.ERROR, message })
    end(reason ?? code, error)
  }
  return {
    inside: trace.setSpan(inside, span),
    answered(verdict) {
      span.setAttribute('bigquery_connector.verdict', verdict.verdict)
      if (verdict.verdict !== 'stored') return failed(verdict.error)
      span.setAttributes({
        'http.response.status_code': 200,
        'bigquery_connector.rows.not_stored': verdict.rows.length,
      })
      end('stored', {})
    },
    failed,
  }
}

/** For metrics too, which want few values: the suffix of a template is left out. */
function tableOf({ destination: { projectId, datasetId, tableId } }: InsertRequest): Attributes {
  return {
    'db.system.name': 'gcp.bigquery',
    'db.operation.name': 'insertAll',
    'db.namespace': `${projectId}.${datasetId}`,
    'db.collection.name': tableId,
  }
}

function spanOf({ destination, rowCount: rows, body, attempt }: InsertRequest): Attributes {
  const { projectId, datasetId, tableId, templateSuffix } = destination
  return {
    'bigquery_connector.destination': `${projectId}.${datasetId}.${tableId}${templateSuffix}`,
    // The conventions want a batch of one to be no batch.
    ...(rows === 1 ? {} : { 'db.operation.batch.size': rows }),
    ...(attempt === 1 ? {} : { 'http.request.resend_count': attempt - 1 }),
    'bigquery_connector.request.rows': rows,
    'bigquery_connector.request.size': body.byteLength,
    'bigquery_connector.attempt': attempt,
  }
}
