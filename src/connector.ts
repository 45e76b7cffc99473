// The one place that wires rooms together.
import { openControlPlane } from './bigquery/control-plane.ts'
import { describeAnswers, describeErrors } from './bigquery/describe-errors.ts'
import { checkProxy } from './bigquery/dispatcher.ts'
import { createProbes } from './bigquery/probes.ts'
import { createRetry } from './bigquery/retry.ts'
import { type HttpOptions, openHttp, openTransport } from './bigquery/transport.ts'
import { lookUp } from './browse/look-ups.ts'
import { listObjectTypes } from './browse/object-types.ts'
import { buildProfile } from './browse/profiles.ts'
import { readDiscovery } from './browse/read-discovery.ts'
import { type KeepRefreshToken, resolveClient } from './connection/grants/authorization-code.ts'
import { askConsent, type WithHttp } from './connection/grants/consent.ts'
import { openTokenSource } from './connection/grants/grants.ts'
import { resetConsent } from './connection/grants/reset-consent.ts'
import { createReplyMask, secretTexts } from './connection/mask-secrets.ts'
import { openConnectionStore } from './connection/store/connection-store.ts'
import { isResolved, keeperOf, openValuesOf } from './connection/store/resolved-connection.ts'
import { testOpening } from './connection/test-connection.ts'
import { testConnection } from './connection/trials.ts'
import type { Clock } from './contract/clock.ts'
import type { Connection, ConnectionConfig } from './contract/connection.ts'
import type { ReferenceScope, ResolvedConnection } from './contract/connection-store.ts'
import type { Connector, ProxyOptions } from './contract/connector.ts'
import type { ConnectorDescriptor, OperationDescriptor } from './contract/descriptor.ts'
import type { Operation, OperationConfig, OperationId } from './contract/operation.ts'
import type { BigqueryConnection } from './contract/options/bigquery-connection.ts'
import type { OperationOptions } from './contract/options/operations.ts'
import type { JsonSchema } from './contract/profile.ts'
import { loadDescriptor } from './descriptor/load.ts'
import { invalidConfig, resolve } from './descriptor/resolve.ts'
import { ConnectorError } from './errors.ts'
import { withJobDefaults } from './operations/job-defaults.ts'
import type { OpenOperation } from './operations/open-operation.ts'
import { operations } from './operations/registry.ts'
import { stopAtRefusal } from './operations/stop-at-refusal.ts'
import { openWritable } from './operations/writable.ts'
import { beginTrace } from './telemetry/open-telemetry.ts'

export interface ConnectorOptions {
  /** Default: the system's clock and timers. */
  readonly clock?: Clock
  /** A number from 0 to below 1: spreads retries. Default `Math.random`. */
  readonly random?: () => number
  /** Default none: the environment is not looked at. */
  readonly proxy?: ProxyOptions
}

interface Surroundings {
  readonly clock: Clock
  readonly random: () => number
  readonly proxy: ProxyOptions | undefined
  readonly keepRefreshToken: KeepRefreshToken | undefined
}

/** Makes a connector. It holds nothing open: connections do. */
export function createConnector(options: ConnectorOptions = {}): Connector {
  const { clock = systemClock, random = Math.random, proxy } = options
  if (proxy) checkProxy(proxy)
  const descriptor = { ...loadDescriptor(), errors: describeErrors(), answers: describeAnswers() }
  const form = bigqueryForm(descriptor)
  const open = (
    given: ConnectionConfig | ResolvedConnection,
    { directory = process.cwd() }: ReferenceScope,
  ) => openValuesOf(given, form, directory)
  const connect: Connector['connect'] = async (given, options = {}) =>
    openConnection(resolve(form, await open(given, options), 'connection'), descriptor, {
      ...{ clock, random, proxy },
      keepRefreshToken: options.onRefreshToken ?? keeperOf(given),
    })
  const { connections: kinds } = descriptor
  const context = { kinds, connect, now: clock.now }
  return {
    descriptor,
    connect,
    test: (config, options) => testOpening(() => connect(config, options), options, clock.now),
    async generate(given, options) {
      const config = resolveClient(form, await open(given, options))
      return askConsent(config, options, withHttp(httpOptions(descriptor, config, proxy)), clock.now)
    },
    async reset(given, { signal, ...scope } = {}) {
      const config = resolveClient(form, await open(given, scope))
      const report = await resetConsent(config, withHttp(httpOptions(descriptor, config, proxy)), signal)
      if (isResolved(given)) return report
      const { refreshToken: _, accessToken: __, ...rest } = given
      return { ...report, config: rest }
    },
    openStore: (options) => openConnectionStore(options, context),
  }
}

function bigqueryForm({ connections }: Pick<ConnectorDescriptor, 'connections'>): JsonSchema {
  return connections.find(({ id }) => id === 'bigquery')?.config ?? {}
}

function httpOptions(
  descriptor: ConnectorDescriptor,
  config: BigqueryConnection,
  proxy: ProxyOptions | undefined,
): HttpOptions {
  return {
    userAgent: userAgentOf(descriptor.version, config.partner),
    mask: createReplyMask(secretTexts(config, bigqueryForm(descriptor))),
    ...(proxy ? { proxy } : {}),
  }
}

/** A pool for one task, closed behind it. */
function withHttp(options: HttpOptions): WithHttp {
  return async (task) => {
    const http = openHttp(options)
    try {
      return await task(http)
    } finally {
      await http.close()
    }
  }
}

async function openConnection(
  config: BigqueryConnection,
  descriptor: ConnectorDescriptor,
  { clock, random, proxy, keepRefreshToken }: Surroundings,
): Promise<Connection> {
  const { operations: descriptors, version } = descriptor
  const { projectId, location } = config
  const jobDefaults = {
    ...(config.jobLabels ? { labels: config.jobLabels } : {}),
    ...(config.maximumBytesBilled ? { maximumBytesBilled: config.maximumBytesBilled } : {}),
  }
  const endpoint = config.endpoint.replace(/\/+$/, '')
  const http = openHttp(httpOptions(descriptor, config, proxy))
  const tokens = await openTokenSource(config, http, clock.now, keepRefreshToken)
  const transport = openTransport(http, tokens, config)
  const retry = createRetry(clock, random)
  const control = openControlPlane(transport, endpoint, retry)
  const context = { projectId, endpoint, location, jobDefaults, transport, control, retry, clock, random }
  const probes = createProbes(http, transport, endpoint, retry, clock.now)
  const dryRun = async (query: string, signal: AbortSignal) => {
    const jobReference = { projectId, ...(location ? { location } : {}) }
    const job = { configuration: { query: { query, useLegacySql: false } }, jobReference }
    await probes.dryRun(projectId, withJobDefaults(job, jobDefaults), signal)
  }
  const closing = new AbortController()
  const lastWork = new Set<Promise<unknown>>()
  const beforeClose = (work: Promise<unknown>) => {
    lastWork.add(work)
    const forget = () => lastWork.delete(work)
    work.then(forget, forget)
  }
  let closed: Promise<void> | undefined

  const describe = (operationId: string): OperationDescriptor => {
    const found = descriptors.find(({ id }) => id === operationId)
    if (found) return found
    const allowed = descriptors.map(({ id }) => id).join(', ')
    throw invalidConfig('operation', [
      { path: '/id', value: operationId, message: `must be one of ${allowed}` },
    ])
  }

  const whileOpen = async <T>(
    signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    if (closing.signal.aborted) throw closedError()
    return ask(signal ? AbortSignal.any([signal, closing.signal]) : closing.signal)
  }

  const operation: Connection['operation'] = (operationId, values) => {
    const { id, options: form } = describe(operationId)
    const options = resolve<OperationConfig & OperationOptions[OperationId]>(form, values, `operation ${id}`)
    const traced = { operation: id, objectType: options.objectType, endpoint, clock, version }
    const openOperation = operations[id] as OpenOperation<OperationId>
    const open = openOperation({ ...context, beforeClose, beginTrace: () => beginTrace(traced) }, options)
    const start = options.returnApplicationErrors ? open : stopAtRefusal(open)

    const execute: Operation['execute'] = (documents, execution = {}) => {
      if (closing.signal.aborted) return refuse(closedError())
      const signal = execution.signal ? AbortSignal.any([execution.signal, closing.signal]) : closing.signal
      return start(documents, { ...execution, signal })
    }
    return { id, options, execute, writable: (execution) => openWritable(execute, execution) }
  }

  return {
    projectId,
    endpoint,
    operation,
    test: ({ signal, ...scope } = {}) =>
      testConnection(
        { ...probes, token: tokens.token, dryRun },
        { projectId, signs: config.grant === 'jwt-bearer', now: clock.now },
        scope,
        signal ? AbortSignal.any([signal, closing.signal]) : closing.signal,
      ),
    browse: (operationId, scope = {}) =>
      whileOpen(scope.signal, async (signal) => {
        const project = scope.projectIdOverride || projectId
        return listObjectTypes(describe(operationId), control, project, scope, signal)
      }),
    lookUp: (list, scope = {}) =>
      whileOpen(scope.signal, async (signal) => {
        const project = scope.projectIdOverride || projectId
        return lookUp(list, scope, { control, projectId: project, describe }, signal)
      }),
    profile: (operationId, objectTypeId, scope = {}) =>
      whileOpen(scope.signal, async (signal) => {
        const project = scope.projectIdOverride || projectId
        const read = (source: string, signal: AbortSignal) => readDiscovery(source, http, signal)
        const ports = { control, projectId: project, location, readDiscovery: read }
        return buildProfile(describe(operationId).id, objectTypeId, scope, ports, signal)
      }),
    async close() {
      closing.abort()
      await Promise.allSettled(lastWork)
      closed ??= http.close()
      await closed
    },
  }
}

/** Google counts requests for the partner that is named in this form. */
function userAgentOf(version: string, partner: string | undefined): string {
  const signature = partner === undefined ? '' : `(GPN:${partner};) `
  return `bigquery-connector/${version} ${signature}(gzip)`
}

// biome-ignore lint/correctness/useYield: it has nothing to yield; it exists to throw when it is asked.
async function* refuse(error: ConnectorError): AsyncGenerator<never, void, undefined> {
  throw error
}

function closedError(): ConnectorError {
  return new ConnectorError('BQC_CONNECTION_CLOSED', 'The connection is closed. Open a new one.')
}

const systemClock: Clock = {
  now: Date.now,
  async wait(ms, signal) {
    if (signal?.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = () => resolve()
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
    await promise
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  },
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
