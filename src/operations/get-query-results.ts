// Get Query Results: each document names a query job, or is a statement to run; its rows come back one by one,
// two pages in memory.
import type { JobReference } from '../bigquery/jobs.ts'
import { createReadPage, type ResultPage, type ResultQuery } from '../bigquery/query-results.ts'
import { isLoopback } from '../descriptor/resolve.ts'
import { compileRowsReader } from '../encoding/result-rows.ts'
import { ConnectorError } from '../errors.ts'
import { eachDocument, type Results } from './each-document.ts'
import { createFindQueryJob, type FoundJob } from './find-query-job.ts'
import { oneByOne } from './in-order.ts'
import { namedByDocument } from './named-by-document.ts'
import type { OpenOperation } from './open-operation.ts'
import { pagesAhead } from './pages-ahead.ts'
import { pollWaitMs } from './poll-ladder.ts'
import { parseQueryDocument, queryOfDocument } from './query-document.ts'

export const openGetQueryResults: OpenOperation<'get-query-results'> = (context, options) => {
  const { maxResults, timeoutMs } = options
  // On this machine the way is so short that compressing takes longer than sending.
  const gzip = options.gzip === 'auto' ? !isLoopback(context.endpoint) : options.gzip === 'always'
  const readPage = createReadPage(context.transport, context.endpoint, context.retry, { gzip })
  const findJob = createFindQueryJob(context, options)

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

  /**
   * A piece of rows is held back, until it is known whether another one follows.
   * @param isNamed the document names the job; otherwise it was started for it.
   */
  async function* rowsOf(
    { reference, facts: ofJob }: FoundJob,
    isNamed: boolean,
    signal: AbortSignal,
  ): Results {
    const query = { ...reference, maxResults, timeoutMs }
    const answer = readWhenDone(query, signal)
    const first = await (isNamed ? namedByDocument(answer) : answer)
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
    const facts = { ...ofJob, ...(first.warnings.length === 0 ? {} : { warnings: first.warnings }) }
    yield { payloads: final.slice(0, -1) }
    yield { payloads: final.slice(-1), isLast: true, facts }
  }

  return (documents, execute = {}) =>
    eachDocument(
      documents,
      execute,
      context,
      'many',
      async function* (data, signal, { sent }) {
        sent(0)
        const asked = queryOfDocument(data, options.query)
        yield* rowsOf(await findJob(asked, sent, signal), asked.job === undefined, signal)
      },
      oneByOne,
      parseQueryDocument,
    )
}

function nameOf({ projectId, jobId }: Pick<JobReference, 'projectId' | 'jobId'>): string {
  return `${projectId}.${jobId}`
}
