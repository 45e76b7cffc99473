// Bytes of a JSON or NDJSON file -> the bytes of each document, without parsing them: documents travel as
// the text that they are. A broken line harms no other; in a list, a string or a bracket that is not
// closed takes what follows with it.

/** A document's bytes are cut off here: the pipeline rejects it for its size, and memory stays bounded. */
const maxDocumentBytes = 16 * 1024 * 1024

const code = {
  backslash: 0x5c,
  closeBrace: 0x7d,
  closeBracket: 0x5d,
  comma: 0x2c,
  newline: 0x0a,
  openBrace: 0x7b,
  openBracket: 0x5b,
  quote: 0x22,
}

/** How documents follow one another: one a line, as elements of one list, or just one after another. */
export type JsonForm = 'lines' | 'list' | 'values'

export class Splitter {
  readonly #form: JsonForm
  #pieces: Buffer[] = []
  #bytes = 0
  #depth = 0
  #inString = false
  #escaped = false
  #listEnded = false
  #hasElement = false

  constructor(form: JsonForm) {
    this.#form = form
  }

  /** The documents that `chunk` completes. */
  *split(chunk: Buffer): Generator<Buffer> {
    yield* this.#form === 'lines' ? this.#splitLines(chunk) : this.#splitNested(chunk)
  }

  /** The document that the end of the input completes, and what is wrong with that end. */
  end(): { readonly document?: Buffer; readonly fault?: string } {
    const rest = this.#take()
    if (this.#form === 'list' && !this.#listEnded) {
      const fault = 'the list is not closed by "]"'
      return isBlank(rest) ? { fault } : { document: rest, fault }
    }
    if (this.#form === 'list' && !isBlank(rest))
      return { document: rest, fault: 'something follows the list' }
    return isBlank(rest) ? {} : { document: rest }
  }

  *#splitLines(chunk: Buffer): Generator<Buffer> {
    let start = 0
    for (let at = chunk.indexOf(code.newline); at !== -1; at = chunk.indexOf(code.newline, start)) {
      this.#keep(chunk.subarray(start, at))
      start = at + 1
      const line = this.#take()
      if (!isBlank(line)) yield line
    }
    this.#keep(chunk.subarray(start))
  }

  *#splitNested(chunk: Buffer): Generator<Buffer> {
    // In a list, documents live one level down.
    const home = this.#form === 'list' ? 1 : 0
    let start = 0
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === code.backslash) this.#escaped = true
        else if (byte === code.quote) this.#inString = false
      } else if (byte === code.quote) this.#inString = true
      else if (byte === code.openBrace || byte === code.openBracket) {
        this.#depth += 1
        if (this.#form === 'list' && this.#depth === 1 && !this.#listEnded) start = at + 1
      } else if (byte === code.closeBrace || byte === code.closeBracket) {
        this.#depth -= 1
        if (this.#form === 'values' && this.#depth === 0) {
          this.#keep(chunk.subarray(start, at + 1))
          start = at + 1
          yield this.#take()
        } else if (this.#form === 'list' && this.#depth === 0 && !this.#listEnded) {
          this.#keep(chunk.subarray(start, at))
          start = at + 1
          this.#listEnded = true
          const element = this.#take()
          if (this.#hasElement || !isBlank(element)) yield element
        }
      } else if (byte === code.comma && this.#form === 'list' && this.#depth === home) {
        this.#keep(chunk.subarray(start, at))
        start = at + 1
        this.#hasElement = true
        yield this.#take()
      }
    }
    this.#keep(chunk.subarray(start))
  }

  #keep(piece: Buffer): void {
    const room = maxDocumentBytes - this.#bytes
    const kept = piece.length <= room ? piece : piece.subarray(0, room)
    if (kept.length === 0) return
    this.#pieces.push(kept)
    this.#bytes += kept.length
  }

  #take(): Buffer {
    const [only] = this.#pieces
    const document = this.#pieces.length === 1 && only ? only : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#bytes = 0
    return document
  }
}

export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === code.newline || byte === 0x0d || byte === 0x09)
}
