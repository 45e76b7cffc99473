// CSV as it streams in: records of fields, quoted or not, with the byte-free position of each record.
import { StringDecoder } from 'node:string_decoder'

export interface CsvDialect {
  readonly delimiter: string
  /** Empty: quotes mean nothing. */
  readonly quote: string
  readonly encoding: BufferEncoding
}

interface CsvField {
  readonly text: string
  readonly quoted: boolean
}

export interface CsvRecord {
  readonly fields: readonly CsvField[]
  /** Counts from 1, in records. */
  readonly number: number
  /** A quoted field holds a line end. */
  readonly spansLines: boolean
  /** Why this is no proper record. */
  readonly fault: string | undefined
}

const BOM = '\uFEFF'

export async function* readCsv(
  source: AsyncIterable<Buffer>,
  dialect: CsvDialect,
): AsyncGenerator<CsvRecord> {
  const decoder = new StringDecoder(dialect.encoding)
  const parser = createParser(dialect)
  let isFirst = true
  for await (const chunk of source) {
    const text = decoder.write(chunk)
    yield* parser.feed(isFirst && text.startsWith(BOM) ? text.slice(1) : text)
    isFirst = false
  }
  yield* parser.feed(decoder.end())
  yield* parser.end()
}

function createParser({ delimiter, quote }: CsvDialect): {
  feed(text: string): Generator<CsvRecord>
  end(): Generator<CsvRecord>
} {
  let fields: CsvField[] = []
  let field = ''
  let quoted = false
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start'
  let spansLines = false
  let fault: string | undefined
  let skipsLineFeed = false
  let number = 0

  function endField(): void {
    fields.push({ text: field, quoted })
    field = ''
    quoted = false
    state = 'start'
  }

  function endRecord(): CsvRecord | undefined {
    const isBlank = fields.length === 0 && field === '' && !quoted
    endField()
    const record: CsvRecord = { fields, number: number + 1, spansLines, fault }
    fields = []
    spansLines = false
    fault = undefined
    if (isBlank) return undefined
    number++
    return record
  }

  return {
    *feed(text) {
      for (let at = 0; at < text.length; at++) {
        const char = text[at] as string
        if (skipsLineFeed) {
          skipsLineFeed = false
          if (char === '\n') continue
        }
        if (state === 'quoted') {
          if (char === quote) state = 'closed'
          else {
            if (char === '\n' || char === '\r') spansLines = true
            field += char
          }
        } else if (char === '\n' || char === '\r') {
          skipsLineFeed = char === '\r'
          const record = endRecord()
          if (record !== undefined) yield record
        } else if (char === delimiter) endField()
        else if (char === quote && state === 'closed') {
          field += quote
          state = 'quoted'
        } else if (state === 'closed') fault ??= 'Data between close quote character (") and field separator.'
        else if (char === quote && state === 'start') {
          quoted = true
          state = 'quoted'
        } else {
          // The plain run up to the next special character is taken in one piece.
          let end = at + 1
          while (end < text.length && !isSpecial(text.charCodeAt(end), text[end] as string)) end++
          field += text.slice(at, end)
          at = end - 1
          state = 'plain'
        }
      }
    },
    *end() {
      if (state === 'quoted') fault ??= 'Missing close quote character (").'
      if (state === 'start' && fields.length === 0) return
      const record = endRecord()
      if (record !== undefined) yield record
    },
  }

  function isSpecial(code: number, char: string): boolean {
    return code === 10 || code === 13 || char === delimiter
  }
}
