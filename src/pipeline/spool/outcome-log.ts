// Which documents of a segment have their outcome: ranges of indexes, appended in groups to a file beside it.
import { open, readFile, truncate } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/** First and last index, both included. */
export type Range = readonly [first: number, last: number]

/** Two numbers of six bytes, and their CRC-32. */
const entryBytes = 16

/** Gives the bytes that were written. Behind an append that failed in the middle, the next one begins at an entry. */
export async function appendOutcomes(path: string, indexes: number[]): Promise<number> {
  const ranges = rangesOf(indexes)
  const buffer = Buffer.alloc(ranges.length * entryBytes)
  for (const [n, [first, last]] of ranges.entries()) {
    const at = n * entryBytes
    buffer.writeUIntLE(first, at, 6)
    buffer.writeUIntLE(last, at + 6, 6)
    buffer.writeUInt32LE(crc32(buffer.subarray(at, at + 12)), at + 12)
  }
  const file = await open(path, 'a')
  try {
    const { size } = await file.stat()
    const torn = size % entryBytes
    if (torn > 0) await file.truncate(size - torn)
    await file.appendFile(buffer)
    return buffer.length
  } finally {
    await file.close()
  }
}

/** Sorted ranges. An entry that is not whole is left out, and cut off at the end: its documents go again. */
export async function readOutcomes(path: string): Promise<Range[]> {
  const buffer = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return Buffer.alloc(0)
    throw cause
  })
  const torn = buffer.length % entryBytes
  if (torn > 0) await truncate(path, buffer.length - torn)
  const ranges: Range[] = []
  for (let at = 0; at + entryBytes <= buffer.length; at += entryBytes) {
    if (buffer.readUInt32LE(at + 12) !== crc32(buffer.subarray(at, at + 12))) continue
    ranges.push([buffer.readUIntLE(at, 6), buffer.readUIntLE(at + 6, 6)])
  }
  return ranges.sort(([a], [b]) => a - b)
}

function rangesOf(indexes: number[]): Range[] {
  const ranges: [number, number][] = []
  for (const index of indexes.sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last && index <= last[1] + 1) last[1] = index
    else ranges.push([index, index])
  }
  return ranges
}

/** Tells for ascending indexes whether a range holds them. */
export function inRanges(ranges: readonly Range[]): (index: number) => boolean {
  let at = 0
  return (index) => {
    while (at < ranges.length && (ranges[at]?.[1] ?? 0) < index) at += 1
    const range = ranges[at]
    return range !== undefined && range[0] <= index
  }
}
