// A file or stdin -> documents, read as far as somebody wants them.
import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { ConnectorError, type Document } from '../index.ts'
import { isBlank, type JsonForm, Splitter } from './split-json.ts'

export interface Input {
  /** For messages: the path, or `stdin`. */
  readonly name: string
  readonly isStdin: boolean
  /** Size of the input, when it is known. */
  readonly totalBytes: number | undefined
  bytesRead(): number
  readonly documents: AsyncGenerator<Document, void, undefined>
}

/** Bytes looked at to tell JSON from something else. */
const sampleBytes = 65_536

/**
 * Opens a JSON or NDJSON file, or stdin for `-`.
 * @throws ConnectorError `BQC_INPUT_UNREADABLE`; from `documents` as well, when the input turns out not to be JSON.
 */
export async function openInput(path: string): Promise<Input> {
  const isStdin = path === '-'
  const name = isStdin ? 'stdin' : path
  const totalBytes = isStdin ? undefined : await sizeOf(path)
  let bytesRead = 0
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of isStdin
        ? process.stdin
        : createReadStream(path, { highWaterMark: 262_144 })) {
        bytesRead += chunk.length
        yield chunk
      }
    } catch (cause) {
      throw unreadable(`Cannot read ${name}: ${(cause as Error).message}.`, cause)
    }
  }
  return { name, isStdin, totalBytes, bytesRead: () => bytesRead, documents: readDocuments(chunks(), name) }
}

/**
 * The size of a file that can be read; undefined for a pipe, which tells none.
 * @throws ConnectorError `BQC_INPUT_UNREADABLE`
 */
export async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((cause) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.code
    throw unreadable(`Cannot read ${path}: ${why}.`, cause)
  })
  if (found.isDirectory()) throw unreadable(`Cannot read ${path}: it is a directory.`)
  return found.isFile() ? found.size : undefined
}

async function* readDocuments(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Document> {
  let splitter: Splitter | undefined
  let sample: Buffer = Buffer.alloc(0)
  let count = 0
  for await (const chunk of chunks) {
    let fresh = chunk
    if (splitter === undefined) {
      sample = sample.length === 0 ? chunk : Buffer.concat([sample, chunk])
      const hasLine = !isBlank(sample) && sample.subarray(firstVisible(sample)).includes(0x0a)
      if (!hasLine && sample.length < sampleBytes) continue
      splitter = new Splitter(formOf(sample, name))
      fresh = withoutMark(sample)
    }
    for (const bytes of splitter.split(fresh)) {
      yield documentOf(bytes)
      count += 1
    }
  }
  if (splitter === undefined) {
    if (isBlank(sample)) return
    splitter = new Splitter(formOf(sample, name))
    for (const bytes of splitter.split(withoutMark(sample))) {
      yield documentOf(bytes)
      count += 1
    }
  }
  const { document, fault } = splitter.end()
  if (document !== undefined) {
    yield documentOf(document)
    count += 1
  }
  if (fault !== undefined) throw unreadable(`${name} is damaged: ${fault} (after ${count} documents).`)
}

/** @throws ConnectorError when the beginning is neither JSON nor NDJSON. */
function formOf(sample: Buffer, name: string): JsonForm {
  const text = withoutMark(sample).toString().trimStart()
  const [line = ''] = text.split('\n', 1)
  if (text.startsWith('[')) return 'list'
  if (text.startsWith('{')) return line.trim() === '{' ? 'values' : 'lines'
  try {
    JSON.parse(line)
    return 'lines'
  } catch {
    const beginning = JSON.stringify(line.slice(0, 40))
    throw unreadable(`${name} is neither JSON nor NDJSON: it begins with ${beginning}. Nothing was sent.`)
  }
}

/** Text where it is UTF-8; otherwise the bytes, which the pipeline refuses with a reason. */
function documentOf(bytes: Buffer): Document {
  return { data: isUtf8(bytes) ? bytes.toString() : bytes }
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? bytes.subarray(3) : bytes
}

function firstVisible(bytes: Buffer): number {
  return Math.max(
    bytes.findIndex((byte) => byte > 0x20),
    0,
  )
}

function unreadable(message: string, cause?: unknown): ConnectorError {
  return new ConnectorError('BQC_INPUT_UNREADABLE', message, cause === undefined ? {} : { cause })
}
