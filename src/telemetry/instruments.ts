// The metrics of the connector, by name and unit. Made once for each meter provider.
import {
  type Counter,
  type Histogram,
  type MeterProvider,
  metrics,
  type UpDownCounter,
} from '@opentelemetry/api'

/** Who speaks: the name of the tracer and the meter. */
export const scope = 'bigquery-connector'

export interface Instruments {
  readonly duration: Histogram
  readonly requestRows: Histogram
  readonly requestBytes: Histogram
  readonly answers: Counter
  readonly rows: Counter
  readonly bytes: Counter
  readonly documents: Counter
  readonly inFlight: UpDownCounter
  readonly budgetSpent: UpDownCounter
  readonly budgetLimit: UpDownCounter
  readonly paused: UpDownCounter
}

const made = new WeakMap<MeterProvider, Instruments>()

/** The instruments of the provider that is registered now; without one they do nothing. */
export function instrumentsOf(version: string): Instruments {
  const provider = metrics.getMeterProvider()
  const known = made.get(provider) ?? make(provider, version)
  made.set(provider, known)
  return known
}

function make(provider: MeterProvider, version: string): Instruments {
  const meter = provider.getMeter(scope, version)
  const own = (name: string) => `bigquery_connector.${name}`
  return {
    // Name, unit and bounds are those of the semantic conventions for database clients.
    duration: meter.createHistogram('db.client.operation.duration', {
      description: 'Time from a request to its answer.',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
    }),
    requestRows: meter.createHistogram(own('request.rows'), {
      description: 'Rows of an insert request.',
      unit: '{row}',
      advice: { explicitBucketBoundaries: [1, 10, 50, 100, 250, 500, 1000, 5000, 10_000, 50_000] },
    }),
    requestBytes: meter.createHistogram(own('request.size'), {
      description: 'Bytes of the body of an insert request, before any compression.',
      unit: 'By',
      advice: { explicitBucketBoundaries: [1e3, 1e4, 5e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6, 1e7] },
    }),
    answers: meter.createCounter(own('requests'), {
      description:
        'Insert requests by what became of them: stored, BigQuery\u2019s reason, or the error\u2019s code.',
      unit: '{request}',
    }),
    rows: meter.createCounter(own('rows.sent'), {
      description: 'Rows sent, retries included.',
      unit: '{row}',
    }),
    bytes: meter.createCounter(own('bytes.sent'), {
      description: 'Bytes of request bodies sent, before any compression, retries included.',
      unit: 'By',
    }),
    documents: meter.createCounter(own('documents'), {
      description: 'Documents that have their outcome, by its status.',
      unit: '{document}',
    }),
    inFlight: meter.createUpDownCounter(own('requests.active'), {
      description: 'Insert requests on the wire.',
      unit: '{request}',
    }),
    budgetSpent: meter.createUpDownCounter(own('budget.usage'), {
      description: 'Bytes of documents taken whose outcome has not been handed on.',
      unit: 'By',
    }),
    budgetLimit: meter.createUpDownCounter(own('budget.limit'), {
      description: 'Bytes at which the source waits.',
      unit: 'By',
    }),
    paused: meter.createUpDownCounter(own('destinations.paused'), {
      description: 'Destinations that are not sent to just now.',
      unit: '{destination}',
    }),
  }
}
