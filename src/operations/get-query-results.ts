// Get Query Results: each document names a query job; its rows come back one by one, a page in memory.
import { createReadPage, type ResultPage, type ResultQuery } from '../bigquery/query-results.ts'
import type { JsonObject } from '../contract/document.ts'
import { compileRowDecoder } from '../encoding/decode-row.ts'
import { ConnectorError } from '../errors.ts'
import { eachDocument, type Results } from './each-document.ts'
import type { OpenOperation } from './open-operation.ts'
import { pollWaitMs } from './poll-ladder.ts'

/** The options of descriptors/operations/get-query-results.json, resolved. */
interface GetQueryResultsOptions {
  readonly maxResults: number
  readonly projectIdOverride?: string
  readonly timeoutMs: number
}

export const openGetQueryResults: OpenOperation = (context, config) => {
  const { maxResults, projectIdOverride, timeoutMs } = config as unknown as GetQueryResultsOptions
  const readPage = createReadPage(context.transport, context.endpoint, context.retry)

  /** Asks again until the query is done: the service waits less than we may be ready to. */
  const readWhenDone = async (query: ResultQuery, signal: AbortSignal | undefined): Promise<ResultPage> => {
    const deadline = context.clock.now() + timeoutMs
    for (let look = 0; ; look += 1) {
      const left = Math.max(deadline - context.clock.now(), 0)
      const page = await readPage({ ...query, timeoutMs: left }, signal)
      if (page.jobComplete) return page
      if (context.clock.now() >= deadline) {
        const message = `Query ${query.projectId}.${query.jobId} is not done after ${timeoutMs} ms. Ask again, or raise timeoutMs.`
        throw new ConnectorError('BQC_JOB_TIMEOUT', message)
      }
      // The service may answer sooner than it was asked to.
      await context.clock.wait(Math.min(pollWaitMs(look), deadline - context.clock.now()), signal)
      if (signal?.aborted) throw new ConnectorError('BQC_ABORTED', 'Stopped while the query was not done.')
    }
  }

  return (documents, execute = {}) =>
    eachDocument(documents, execute, context, 'many', async function* (data, signal): Results {
      const query = {
        ...referenceOf(data, context.location),
        projectId: projectIdOverride || context.projectId,
        maxResults,
        timeoutMs,
      }
      const first = await readWhenDone(query, signal)
      const decode = compileRowDecoder(first.fields, { integers: 'string', decimals: 'string' })
      let page = first
      while (page.pageToken) {
        if (page.rows.length > 0) yield { payloads: page.rows.map(decode) }
        page = await readPage({ ...query, pageToken: page.pageToken }, signal)
      }
      yield { payloads: page.rows.length > 0 ? page.rows.map(decode) : [undefined], isLast: true }
    })
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
