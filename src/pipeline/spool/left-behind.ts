// What a former execution left: its segments, and of their documents those that have no outcome.
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { SpoolDamage } from '../../contract/operation.ts'
import { ConnectorError } from '../../errors.ts'
import { readDocument, readIndex, type SpooledDocument } from './document-record.ts'
import { readFrames } from './frame.ts'
import { inRanges, readOutcomes } from './outcome-log.ts'
import { outcomesOf, readHeader, Segment } from './segment.ts'

/** Without `marker`, neither the header nor its copy is whole. */
export interface LeftBehind {
  readonly segment: Segment
  readonly marker: Buffer | undefined
  readonly recordsAt: number
  /** Of the first header, where only its copy is whole. */
  readonly damagedBytes: number
}

export interface Recovered extends SpooledDocument {
  readonly segment: Segment
}

/** @throws ConnectorError `BQC_CONFIG_INVALID` for documents of another operation. */
export async function lookAt(path: string, operation: string): Promise<LeftBehind> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { header, end = size, damagedBytes = 0 } = (await readHeader(file)) ?? {}
    if (header !== undefined && header.operation !== operation) {
      const message = `The spool ${dirname(path)} holds documents of another operation (${header.operation}). Let that one send them, or give each its own directory.`
      throw new ConnectorError('BQC_CONFIG_INVALID', message)
    }
    return {
      segment: new Segment(path, header?.insertIdPrefix ?? '', size),
      marker: header && Buffer.from(header.marker, 'hex'),
      recordsAt: end,
      damagedBytes,
    }
  } finally {
    await file.close()
  }
}

/** Documents count as waiting when they are read. A torn end is cut off. */
export async function* readLeft(
  { segment, marker, recordsAt, damagedBytes }: LeftBehind,
  tell: (damage: SpoolDamage) => void,
): AsyncGenerator<Recovered, void, undefined> {
  const { path } = segment
  const file = await open(path, 'r+')
  try {
    if (marker === undefined && segment.bytes > 0) {
      segment.isDamaged = true
      tell({ file: path, offset: 0, bytes: segment.bytes, remedy: 'kept' })
    } else if (damagedBytes > 0) {
      segment.isDamaged = true
      tell({ file: path, offset: 0, bytes: damagedBytes, remedy: 'skipped' })
    }
    const hasOutcome = inRanges(await readOutcomes(outcomesOf(path)))
    for await (const found of marker ? readFrames(file, marker, recordsAt) : []) {
      if (found.payload !== undefined) {
        if (hasOutcome(readIndex(found.payload))) continue
        segment.waiting += 1
        yield { segment, ...readDocument(found.payload) }
        continue
      }
      const { offset, bytes, isTail } = found
      if (isTail) await file.truncate(offset)
      else segment.isDamaged = true
      tell({ file: path, offset, bytes, remedy: isTail ? 'cut' : 'skipped' })
    }
  } finally {
    await file.close()
  }
}
