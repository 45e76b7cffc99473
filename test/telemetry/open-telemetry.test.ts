import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  type ContextManager,
  context,
  metrics,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createConnector, type Document, type Outcome } from '../../src/index.ts'
import { InstantClock } from '../fixtures/clocks.ts'
import { type HttpFault, startFaultyBigQuery } from '../fixtures/faulty-bigquery.ts'

const spans = new InMemorySpanExporter()
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
let reader: PeriodicExportingMetricReader

/** What a program does that wants to see traces and metrics. */
function registerSdk(): void {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
  reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 3_600_000 })
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
}

/** Contexts that follow promises, as SDKs for Node keep them. */
function storageOfContexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  return {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, call, that, ...args) => storage.run(active, () => call.apply(that as never, args)),
    bind: (_, target) => target,
    enable() {
      return this
    },
    disable() {
      return this
    },
  }
}

beforeEach(() => {
  spans.reset()
  points.reset()
})
afterEach(async () => {
  trace.disable()
  metrics.disable()
})

async function insert(documents: readonly Document[], faults: readonly HttpFault[] = []): Promise<Outcome[]> {
  const service = await startFaultyBigQuery(faults)
  const connection = await createConnector({ clock: new InstantClock(), random: () => 0 }).connect({
    projectId: 'demo',
    endpoint: service.url,
    grant: 'jwt-bearer',
    serviceAccountKey: service.key,
  })
  const config = { objectType: 'datasets/shop/tables/orders', batchCount: 3, maxInFlight: 1 }
  const outcomes = await Array.fromAsync(connection.operation('streaming-insert', config).execute(documents))
  await connection.close()
  await service.close()
  return outcomes
}

const rows = (count: number): Document[] => Array.from({ length: count }, (_, n) => ({ data: { n } }))

/** The data points of a metric: attributes and value. */
async function measured(name: string): Promise<{ attributes: object; value: unknown }[]> {
  await reader.forceFlush()
  const metricsNow =
    points
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
  return metricsNow.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
}

async function unitOf(name: string): Promise<string | undefined> {
  await reader.forceFlush()
  const found =
    points
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
  return found.find(({ descriptor }) => descriptor.name === name)?.descriptor.unit
}

describe('without an SDK', () => {
  it('nothing is kept, and nothing is different', async () => {
    const outcomes = await insert(rows(5), [503])

    expect(outcomes.every(({ status }) => status === 'success')).toBe(true)
    expect(spans.getFinishedSpans()).toEqual([])
  })
})

describe('an SDK that is broken', () => {
  it.each(['onStart', 'onEnd'])('in %s harms no document', async (at) => {
    const broken = () => {
      throw new Error('The exporter is broken.')
    }
    const sound = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} }
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [{ ...sound, [at]: broken }] }))

    const outcomes = await insert(rows(5), [503])

    expect(outcomes).toMatchObject(Array(5).fill({ status: 'success' }))
  })
})

describe('spans', () => {
  beforeEach(registerSdk)

  it('tell of each request its table, rows, bytes, attempt and status, below the span of the execution', async () => {
    await insert(rows(3), [503])

    const finished = spans.getFinishedSpans()
    const execution = finished.find(({ name }) => name === 'streaming-insert')
    const requests = finished.filter(({ name }) => name === 'insertAll orders')
    expect(requests.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      Array(2).fill(execution?.spanContext().spanId),
    )
    expect(requests.map(({ attributes }) => attributes)).toMatchObject([
      {
        'db.system.name': 'gcp.bigquery',
        'db.operation.name': 'insertAll',
        'db.namespace': 'demo.shop',
        'db.collection.name': 'orders',
        'db.operation.batch.size': 3,
        'bigquery_connector.destination': 'demo.shop.orders',
        'bigquery_connector.request.rows': 3,
        'bigquery_connector.attempt': 1,
        'http.response.status_code': 503,
        'error.type': 'backendError',
        'server.address': '127.0.0.1',
      },
      {
        'bigquery_connector.attempt': 2,
        'http.request.resend_count': 1,
        'http.response.status_code': 200,
        'bigquery_connector.verdict': 'stored',
      },
    ])
    expect(requests[0]?.attributes['bigquery_connector.request.size']).toBeGreaterThan(100)
    expect(requests.map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET])
    expect(execution?.attributes).toMatchObject({
      'bigquery_connector.object_type': 'datasets/shop/tables/orders',
      'bigquery_connector.documents': 3,
      'bigquery_connector.documents.success': 3,
    })
  })

  it('are part of the trace that the caller is in', async () => {
    const caller = trace.getTracer('test').startSpan('caller')
    const { traceId } = caller.spanContext()

    context.setGlobalContextManager(storageOfContexts())
    await context.with(trace.setSpan(ROOT_CONTEXT, caller), () => insert(rows(1)))
    context.disable()

    const execution = spans.getFinishedSpans().find(({ name }) => name === 'streaming-insert')
    expect(execution?.spanContext().traceId).toBe(traceId)
  })

  it('of an execution that the source broke off say why', async () => {
    function* source() {
      yield* rows(1)
      throw new Error('The disk is gone.')
    }

    await expect(insert(source() as unknown as Document[])).rejects.toThrow('The disk is gone.')

    const execution = spans.getFinishedSpans().find(({ name }) => name === 'streaming-insert')
    expect(execution).toMatchObject({ status: { code: SpanStatusCode.ERROR } })
    expect(execution?.status.message).toContain('The disk is gone.')
  })
})

describe('metrics', () => {
  beforeEach(registerSdk)

  it('count documents by status, requests by answer, rows and bytes, with their units', async () => {
    await insert([...rows(5), { data: 'no' }], [503])

    expect(await measured('bigquery_connector.documents')).toMatchObject([
      { attributes: { 'bigquery_connector.status': 'success' }, value: 5 },
      { attributes: { 'bigquery_connector.status': 'application-error' }, value: 1 },
    ])
    expect(await measured('bigquery_connector.requests')).toMatchObject([
      { attributes: { 'bigquery_connector.answer': 'backendError' }, value: 1 },
      { attributes: { 'bigquery_connector.answer': 'stored' }, value: 2 },
    ])
    expect(await measured('bigquery_connector.rows.sent')).toMatchObject([{ value: 8 }])
    expect(await measured('bigquery_connector.request.rows')).toMatchObject([{ value: { count: 3, sum: 8 } }])
    expect(await measured('db.client.operation.duration')).toMatchObject([
      { attributes: { 'error.type': 'backendError' }, value: { count: 1 } },
      { value: { count: 2 } },
    ])
    expect(await unitOf('db.client.operation.duration')).toBe('s')
    expect(await unitOf('bigquery_connector.bytes.sent')).toBe('By')
  })

  it('give back what an execution held, when it has ended', async () => {
    await insert(rows(5), [403])

    for (const name of ['budget.usage', 'budget.limit', 'destinations.paused', 'requests.active']) {
      expect(await measured(`bigquery_connector.${name}`)).toMatchObject([{ value: 0 }])
    }
  })

  it('of two executions add up', async () => {
    await insert(rows(5))
    await insert(rows(4))

    expect(await measured('bigquery_connector.documents')).toMatchObject([{ value: 9 }])
  })
})
