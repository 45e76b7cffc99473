// The lines of a text as it streams in, without their line ends.
import { StringDecoder } from 'node:string_decoder'

/** The service's documented limit for one row of JSON. */
const MAX_LINE_LENGTH = 100_000_000

export async function* readLines(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let held = ''
  for await (const chunk of source) {
    const lines = (held + decoder.write(chunk)).split('\n')
    held = lines.pop() ?? ''
    if (held.length > MAX_LINE_LENGTH) throw new Error('A row is larger than 100 MB.')
    yield* lines
  }
  held += decoder.end()
  if (held !== '') yield held
}

const LONG_INTEGER = /\d{16}/

/** JSON.parse that keeps integers beyond 2^53 exact, as text. */
export function parseExact(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text)
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && /^-?\d{16,}$/.test(context.source)
      ? context.source
      : value
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown)
}
