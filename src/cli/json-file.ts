// A small JSON file that an option names, read whole.
import { readFile } from 'node:fs/promises'
import { ConnectorError } from '../index.ts'

/**
 * `what` names the file's purpose in messages.
 * @throws ConnectorError `BQC_INPUT_UNREADABLE`, or `BQC_CONFIG_INVALID` when it is not JSON.
 */
export async function readJsonFile(path: string, what: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    const why = (cause as NodeJS.ErrnoException).code
    throw new ConnectorError('BQC_INPUT_UNREADABLE', `Cannot read the ${what} ${path} (${why}).`, { cause })
  })
  return parseJson(text, `${what} ${path}`)
}

/** @throws ConnectorError `BQC_CONFIG_INVALID`, without a word of the text. */
export function parseJson(text: string, of: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Without the parser's message, which may quote what stands there: it may be a secret.
    throw new ConnectorError('BQC_CONFIG_INVALID', `The ${of} is not JSON.`)
  }
}
