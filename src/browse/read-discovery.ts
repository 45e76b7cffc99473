// A discovery document that somebody names: by URL, or by the path of a file.
import { readFile } from 'node:fs/promises'
import type { Http } from '../bigquery/transport.ts'
import { ConnectorError } from '../errors.ts'

/** @throws ConnectorError `BQC_INPUT_UNREADABLE` */
export async function readDiscovery(source: string, http: Http, signal: AbortSignal): Promise<unknown> {
  const isUrl = /^https?:\/\//i.test(source)
  const text = await (isUrl ? fetched(source, http, signal) : readFile(source, 'utf8')).catch((thrown) => {
    if (thrown instanceof ConnectorError && thrown.code === 'BQC_ABORTED') throw thrown
    throw unreadable(source, thrown instanceof Error ? thrown.message : String(thrown), thrown)
  })
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw unreadable(source, 'it is not JSON.', thrown)
  }
}

/** Without the connection's token: the document is public, and the host may be anybody's. */
async function fetched(url: string, http: Http, signal: AbortSignal): Promise<string> {
  const reply = await http.send({ method: 'GET', url, signal })
  if (reply.status === 200) return reply.text
  throw new Error(`the answer is HTTP ${reply.status}.`)
}

function unreadable(source: string, why: string, cause: unknown): ConnectorError {
  return new ConnectorError('BQC_INPUT_UNREADABLE', `Cannot read the discovery document ${source}: ${why}`, {
    cause,
  })
}
