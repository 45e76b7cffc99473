// The body of a page of results -> what it says, and its rows as pieces of text. The rows are most of it, and
// who knows their schema reads them faster than JSON.parse does; so only what is around them is parsed here.

/** The page without its rows. */
interface PageEnvelope {
  readonly [name: string]: unknown
}

export interface PageParts {
  readonly envelope: PageEnvelope
  /** JSON of the rows, divided by commas. */
  readonly rows: Buffer
}

const beforeRows = Buffer.from('"rows":[')
/** How the last row ends, and the list of them. */
const afterRows = ']}]'

/** @throws SyntaxError, TypeError for what is no JSON object. */
export function splitPage(body: Buffer): PageParts {
  const from = body.indexOf(beforeRows) + beforeRows.length
  const until = body.lastIndexOf(afterRows) + afterRows.length - 1
  if (from >= beforeRows.length && until > from) {
    const around = `${body.toString('utf8', 0, from)}${body.toString('utf8', until)}`
    const envelope = quietParse(around)
    // A wrong place inside a text would leave an odd number of quotes, which is no JSON.
    if (envelope !== undefined) return { envelope: objectOf(envelope), rows: body.subarray(from, until) }
  }
  const { rows = [], ...envelope } = objectOf(JSON.parse(body.toString()))
  if (!Array.isArray(rows)) throw new TypeError('The rows are no list.')
  return { envelope, rows: Buffer.from(JSON.stringify(rows).slice(1, -1)) }
}

const betweenRows = Buffer.from(']},{"f":[')

/**
 * Bytes of a piece; a larger row is one alone. Whoever keeps one value of a row keeps the text of its piece
 * in memory, as strings are cut out, not copied. Larger ones are not read faster.
 */
const pieceBytes = 16_384

/** Cuts between rows. What stands in a text has its quotes escaped, so that it is never taken for such a place. */
export function* piecesOf(rows: Buffer): Generator<string, void, undefined> {
  for (let from = 0; from < rows.length; ) {
    const cut = rows.indexOf(betweenRows, from + pieceBytes)
    const until = cut === -1 ? rows.length : cut + ']}'.length
    yield rows.toString('utf8', from, until)
    from = until + ','.length
  }
}

function quietParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function objectOf(value: unknown): PageEnvelope {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as PageEnvelope
  throw new TypeError('The page is no object.')
}
