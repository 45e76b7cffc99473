// The embedded BigQuery: starts a server on 127.0.0.1 that speaks the BigQuery v2 API, with DuckDB inside.
import type { AddressInfo } from 'node:net'
import type { OAuthClient, OAuthClientOptions } from './auth/oauth-clients.ts'
import { ALL_RIGHTS } from './auth/rights.ts'
import type { ServiceAccountKey } from './auth/service-accounts.ts'
import { openSignIn } from './auth/sign-in.ts'
import { faultRoutes } from './faults/fault-routes.ts'
import { type FaultRule, parseFaultRules } from './faults/fault-rule.ts'
import { createFaults, watchSchemas } from './faults/faults.ts'
import { openJobStore } from './jobs/job-store.ts'
import { createRequestMemory } from './jobs/request-memory.ts'
import type { QueryJob } from './jobs/run-query.ts'
import { objectRoutes } from './objects/object-routes.ts'
import { openObjectStore } from './objects/object-store.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { jobRoutes } from './routes/jobs.ts'
import { projectRoutes } from './routes/projects.ts'
import { routineRoutes } from './routes/routines.ts'
import { tableDataRoutes } from './routes/table-data.ts'
import { tableRoutes } from './routes/tables.ts'
import { uploadRoutes } from './routes/uploads.ts'
import { createApiServer } from './server.ts'
import { installJavascript } from './sql/javascript.ts'
import { installMacros } from './sql/macros.ts'
import { loadParser } from './sql/parse.ts'
import { openCatalog } from './storage/catalog.ts'
import { type Engine, openEngine } from './storage/engine.ts'
import { createExpiry } from './storage/expiry.ts'
import { createMutex } from './storage/mutex.ts'
import { createPool } from './storage/pool.ts'
import { prepareStorage } from './storage/set-up.ts'
import { createInsertMemory } from './streaming/insert-memory.ts'
import { createStreamingBuffers } from './streaming/streaming-buffers.ts'
import { createLoads } from './transfer/loads.ts'
import { type Files, openFiles } from './uploads/files.ts'
import { createUploads } from './uploads/uploads.ts'

export type { OAuthClient, OAuthClientOptions } from './auth/oauth-clients.ts'
export type { ServiceAccountKey } from './auth/service-accounts.ts'
export type { FaultRule } from './faults/fault-rule.ts'

/** How a local BigQuery is started; every field is optional. */
export interface LocalBigQueryOptions {
  /** TCP port on 127.0.0.1. Default 9050; 0 takes any free one. */
  port?: number
  /** The project that exists from the start. Default 'local'. Others come into being on first use. */
  projectId?: string
  /** A directory that keeps everything, also across kill -9. Absent: in memory, gone after close(). */
  dataDirectory?: string
  /**
   * 'open' (the default) accepts any or no Authorization header; 'required' accepts only unexpired tokens
   * that this server issued and answers 401 otherwise.
   */
  authentication?: 'open' | 'required'
  /** Faults to rehearse, from the start; PUT and DELETE on /_faults change them. Rejects when one is bad. */
  faults?: readonly FaultRule[]
  /** The clock, in epoch milliseconds. Default Date.now. */
  now?: () => number
}

/** What a service account may do in its project; elsewhere it may do nothing. */
export interface ServiceAccountOptions {
  /**
   * IAM permissions (`bigquery.jobs.create`) and roles (`roles/bigquery.dataViewer`). Absent: as before, and
   * everything at first. Rejects with an Error that names what is unknown.
   */
  permissions?: readonly string[]
}

/** A running local BigQuery. */
export interface LocalBigQuery {
  /** Where it listens, such as http://127.0.0.1:9050, without a trailing slash. */
  url: string
  projectId: string
  /** Registers a service account (or a further key for one) whose JWTs the token endpoint accepts. Default name 'local-bigquery'. */
  createServiceAccount(name?: string, options?: ServiceAccountOptions): Promise<ServiceAccountKey>
  /** Registers an OAuth client, for whom the consent page then asks. */
  createOAuthClient(options?: OAuthClientOptions): Promise<OAuthClient>
  /** What a person does who removes the application from the account: all tokens of the client are void. */
  revokeConsents(clientId: string): Promise<void>
  /** Ends the server, its connections and the database. Safe to call again. */
  close(): Promise<void>
}

/** node-api runs statements on libuv's four threads: queries take at most two, the rest stays for inserts. */
const QUERY_CONNECTIONS = 2
const INSERT_CONNECTIONS = 2

/**
 * Starts a local BigQuery and resolves when it listens.
 * Rejects with code 'EADDRINUSE' when the port is taken, and with a one-line Error when the data directory
 * is open in another process or an optional package is not installed.
 */
export async function startLocalBigQuery(options: LocalBigQueryOptions = {}): Promise<LocalBigQuery> {
  const { port = 9050, projectId = 'local', dataDirectory, authentication = 'open', now = Date.now } = options
  const { faults = [] } = options
  parseFaultRules(faults)
  const [parser, engine] = await Promise.all([loadParser(), openEngine(dataDirectory)])
  const files = openFiles(dataDirectory)
  try {
    return await serve(parser, engine, files, { port, projectId, authentication, faults, now })
  } catch (error) {
    engine.close()
    files.close()
    throw error
  }
}

async function serve(
  parser: Awaited<ReturnType<typeof loadParser>>,
  engine: Engine,
  files: Files,
  options: Required<Omit<LocalBigQueryOptions, 'dataDirectory'>>,
): Promise<LocalBigQuery> {
  const { port, projectId, authentication, now } = options
  const pool = createPool(engine, INSERT_CONNECTIONS)
  await pool.use(async (connection) => {
    await prepareStorage(connection)
    await installMacros(connection)
    await installJavascript(connection)
  })
  const stored = await openCatalog(pool, now)
  const signIn = await openSignIn(pool, now)
  const faults = createFaults(options.faults, now, signIn.tokens.expireAll)
  const catalog = watchSchemas(stored, faults)
  const jobs = await openJobStore(pool, (job) => {
    const { resultTable } = job as QueryJob
    if (resultTable === undefined) return
    ;(job as QueryJob).resultTable = undefined
    pool.use((connection) => connection.run(`DROP TABLE IF EXISTS ${resultTable}`)).catch(() => undefined)
  })
  const reading = createPool(engine, 1)
  const querying = createPool(engine, QUERY_CONNECTIONS)
  const mutex = createMutex()
  const buffers = createStreamingBuffers(now)
  const uploads = createUploads(files.scratch, now)
  const objects = openObjectStore(files.objects, now)
  const loads = createLoads({ catalog, pool, mutex, jobs, objects, newPath: uploads.newPath, now })
  let url = ''
  const server = createApiServer({
    services: {
      catalog,
      reading,
      rows: {
        ...{ catalog, pool, mutex, buffers, memory: createInsertMemory(now) },
        stored(table, rows) {
          buffers.add(table.incarnation, rows)
          faults.streamed(table)
        },
      },
      now,
      queries: {
        catalog,
        pool: querying,
        mutex,
        jobs,
        parser,
        now,
        checkDml: faults.checkDml,
        rights: ALL_RIGHTS,
      },
      tokens: signIn.tokens,
      faults,
      expire: createExpiry(catalog, now),
      loads,
      objects,
      uploads,
      requests: createRequestMemory(now),
    },
    routes: [
      ...[...projectRoutes(projectId), ...datasetRoutes, ...tableRoutes, ...tableDataRoutes],
      ...[...routineRoutes, ...jobRoutes, ...uploadRoutes, ...objectRoutes, ...faultRoutes],
    ],
    signIn,
    authentication,
    projectId,
    url: () => url,
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? Object.assign(new Error(`Port ${port} on 127.0.0.1 is already in use.`), { code: 'EADDRINUSE' })
          : error,
      )
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    const ended = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    const running = jobs.active()
    for (const job of running) job.cancel()
    await Promise.all(running.map((job) => job.finished))
    server.closeAllConnections()
    await ended
    await Promise.all([pool, reading, querying].map((each) => each.drained()))
    engine.close()
    files.close()
  }
  return {
    url,
    projectId,
    createServiceAccount: (name = 'local-bigquery', { permissions } = {}) =>
      signIn.accounts.create(name, projectId, url, permissions),
    createOAuthClient: (client = {}) => signIn.clients.create(client, projectId, url),
    revokeConsents: (clientId) => signIn.consents.end(signIn.consents.of(clientId)),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
