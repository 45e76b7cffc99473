// Get Query Results: each document names a query job; its rows come back one by one, two pages in memory.
import { createReadPage, type ResultPage, type ResultQuery } from '../bigquery/query-results.ts'
import type { JsonObject } from '../contract/document.ts'
import type { GetQueryResultsOptions } from '../contract/options/get-query-results.ts'
import { isLoopback } from '../descriptor/resolve.ts'
import { compileRowsReader } from '../encoding/result-rows.ts'
import { ConnectorError } from '../errors.ts'
import { eachDocument, type Results } from './each-document.ts'
import type { OpenOperation } from './open-operation.ts'
import { pagesAhead } from './pages-ahead.ts'
import { pollWaitMs } from './poll-ladder.ts'

export const openGetQueryResults: OpenOperation = (context, config) => {
  const options = config as unknown as GetQueryResultsOptions
  const { maxResults, projectIdOverride, timeoutMs } = options
  // On this machine the way is so short that compressing takes longer than sending.
  const gzip = options.gzip === 'auto' ? !isLoopback(context.endpoint) : options.gzip === 'always'
  const readPage = createReadPage(context.transport, context.endpoint, context.retry, { gzip })

  /** Asks again until the query is done: the service waits less than we may be ready to. */
  const readWhenDone = async (query: ResultQuery, signal: AbortSignal): Promise<ResultPage> => {
    const deadline = context.clock.now() + timeoutMs
    for (let look = 0; ; look += 1) {
      const left = Math.max(deadline - context.clock.now(), 0)
      const page = await readPage({ ...query, timeoutMs: left }, signal)
      if (page.jobComplete) return page
      if (context.clock.now() >= deadline) {
        const message = `Query ${nameOf(query)} is not done after ${timeoutMs} ms. Ask again, or raise timeoutMs.`
        throw new ConnectorError('BQC_JOB_TIMEOUT', message)
      }
      // The service may answer sooner than it was asked to.
      await context.clock.wait(Math.min(pollWaitMs(look), deadline - context.clock.now()), signal)
      if (signal.aborted) throw new ConnectorError('BQC_ABORTED', 'Stopped while the query was not done.')
    }
  }

  /** A piece of rows is held back, until it is known whether another one follows. */
  async function* rowsOf(query: ResultQuery, signal: AbortSignal): Results {
    const first = await readWhenDone(query, signal)
    const readRows = compileRowsReader(first.fields, options)
    const pages = pagesAhead(first, (pageToken, either) => readPage({ ...query, pageToken }, either), signal)
    let count = 0
    let held: readonly unknown[] | undefined
    try {
      for await (const page of pages) {
        for (const piece of page.rows) {
          if (signal.aborted) throw new ConnectorError('BQC_ABORTED', `Stopped after ${count} rows.`)
          const rows = readRows(piece)
          count += rows.length
          if (held !== undefined) yield { payloads: held }
          held = rows
        }
      }
      if (count < (first.totalRows ?? 0)) {
        const message = `The result of query ${nameOf(query)} has ${first.totalRows} rows, and BigQuery gave ${count}. Ask again.`
        throw new ConnectorError('BQC_RESPONSE_UNREADABLE', message)
      }
    } catch (thrown) {
      if (held !== undefined) yield { payloads: held }
      throw thrown
    }
    const final = held ?? [undefined]
    const { warnings } = first
    if (warnings.length === 0) return yield { payloads: final, isLast: true }
    yield { payloads: final.slice(0, -1) }
    yield { payloads: final.slice(-1), isLast: true, facts: { warnings } }
  }

  return (documents, execute = {}) =>
    eachDocument(documents, execute, context, 'many', (data, signal) => {
      const projectId = projectIdOverride || context.projectId
      return rowsOf({ ...referenceOf(data, context.location), projectId, maxResults, timeoutMs }, signal)
    })
}

function nameOf({ projectId, jobId }: ResultQuery): string {
  return `${projectId}.${jobId}`
}

function referenceOf(
  data: JsonObject,
  usual: string | undefined,
): { jobId: string; location: string | undefined } {
  const { jobId, location } = data
  if (typeof jobId === 'string' && jobId !== '') {
    return { jobId, location: typeof location === 'string' && location !== '' ? location : usual }
  }
  throw new ConnectorError('BQC_DOCUMENT_INVALID', 'The document names no query job: jobId is missing.', {
    faults: [{ path: '/jobId', message: 'must be the id of a query job' }],
  })
}
