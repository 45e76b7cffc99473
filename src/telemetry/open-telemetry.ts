// An execution as OpenTelemetry shows it: a span, one below it for each insert request, and metrics.
// Where no SDK is registered, all of it does nothing.
import { type Attributes, context, INVALID_SPAN_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Clock } from '../contract/clock.ts'
import type { OperationId } from '../contract/operation.ts'
import type { ExecutionTrace } from '../contract/telemetry.ts'
import { asConnectorError, quietly } from '../errors.ts'
import { instrumentsOf, scope } from './instruments.ts'
import { MeteredProgress } from './metered-progress.ts'
import { traceInserts } from './trace-inserts.ts'

/** What an execution belongs to. */
export interface Traced {
  readonly operation: OperationId
  readonly objectType: string
  readonly endpoint: string
  readonly clock: Clock
  /** Of the connector. */
  readonly version: string
}

const noSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

/** Milliseconds between two looks at the counters. */
const lookEveryMs = 1000

export function beginTrace({ operation, objectType, endpoint, clock, version }: Traced): ExecutionTrace {
  const instruments = instrumentsOf(version)
  const tracer = trace.getTracer(scope, version)
  const server = serverOf(endpoint)
  const attributes = {
    ...server,
    'bigquery_connector.operation': operation,
    'bigquery_connector.object_type': objectType,
  }
  const span = quietly(() => tracer.startSpan(operation, { attributes })) ?? noSpan
  const inside = trace.setSpan(context.active(), span)
  const metered = new MeteredProgress(instruments, operation)
  let lookedAt = Number.NEGATIVE_INFINITY

  return {
    around: (insertRows) => traceInserts(insertRows, { tracer, inside, instruments, server, clock }),
    progress(read) {
      const now = clock.now()
      if (now - lookedAt < lookEveryMs) return
      lookedAt = now
      quietly(() => metered.show(read()))
    },
    end(last, thrown) {
      quietly(() => metered.end(last))
      span.setAttributes({
        'bigquery_connector.documents': last.documents,
        'bigquery_connector.documents.success': last.success,
        'bigquery_connector.documents.application_error': last.applicationError,
        'bigquery_connector.documents.failure': last.failure,
      })
      if (thrown !== undefined) {
        const { code, message } = asConnectorError(thrown)
        span.setAttribute('error.type', code)
        span.setStatus({ code: SpanStatusCode.ERROR, message })
      }
      quietly(() => span.end())
    },
  }
}

function serverOf(endpoint: string): Attributes {
  const { hostname, port } = new URL(endpoint)
  return { 'server.address': hostname, ...(port === '' ? {} : { 'server.port': Number(port) }) }
}
