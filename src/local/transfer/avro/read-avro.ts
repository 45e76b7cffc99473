// Avro object container files: their schema, and their records as rows of the JSON kind.
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { ApiError } from '../../wire/api-error.ts'
import type { TableSchema } from '../../wire/table-schema.ts'
import { type AvroType, fieldOfAvro, logicalName, optional, parseAvroSchema } from './avro-schema.ts'

const MAGIC = 'Obj\u0001'
const CHUNK_BYTES = 1_048_576
const SYNC_BYTES = 16

interface Header {
  readonly schema: AvroType
  readonly codec: string
  /** Where the first block begins. */
  readonly end: number
}

export async function avroSchema(path: string, useLogicalTypes: boolean): Promise<TableSchema> {
  const file = await open(path)
  try {
    const { schema } = await readHeader(file)
    return { fields: fieldOfAvro('', schema, useLogicalTypes).fields ?? [] }
  } finally {
    await file.close()
  }
}

export async function* readAvro(
  path: string,
  useLogicalTypes: boolean,
): AsyncGenerator<Record<string, unknown>> {
  const file = await open(path)
  try {
    const { schema, codec, end } = await readHeader(file)
    const decode = decoder(schema, useLogicalTypes)
    for (let at = end; ; ) {
      const sizes = cursor(await read(file, at, 20))
      if (sizes.bytes.length === 0) return
      const count = Number(sizes.long())
      const size = Number(sizes.long())
      const stored = await read(file, at + sizes.at, size)
      if (stored.length < size) throw damaged('the last block is cut off')
      at += sizes.at + size + SYNC_BYTES
      const block = cursor(await inflate(stored, codec))
      for (let i = 0; i < count; i++) yield decode(block) as Record<string, unknown>
    }
  } catch (error) {
    if (error instanceof RangeError) throw damaged(error.message)
    throw error
  } finally {
    await file.close()
  }
}

function damaged(what: string): ApiError {
  return new ApiError(
    400,
    'invalid',
    `Error while reading data, error message: The Apache Avro library failed to parse the file: ${what}.`,
  )
}

async function inflate(stored: Buffer, codec: string): Promise<Buffer> {
  if (codec === 'null') return stored
  try {
    return await promisify(inflateRaw)(stored)
  } catch {
    throw damaged('a block cannot be unpacked')
  }
}

async function read(file: FileHandle, at: number, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size)
  const { bytesRead } = await file.read(buffer, 0, size, at)
  return buffer.subarray(0, bytesRead)
}

async function readHeader(file: FileHandle): Promise<Header> {
  const start = cursor(await read(file, 0, CHUNK_BYTES))
  if (start.take(Math.min(4, start.bytes.length)).toString('latin1') !== MAGIC)
    throw damaged('it is no Avro file')
  const entries = new Map<string, string>()
  for (const count of blocks(start))
    for (let i = 0; i < count; i++) {
      const key = start.take(Number(start.long())).toString()
      entries.set(key, start.take(Number(start.long())).toString())
    }
  const codec = entries.get('avro.codec') ?? 'null'
  if (codec !== 'null' && codec !== 'deflate')
    throw new ApiError(501, 'notImplemented', `unsupported: Avro codec ${codec}; use null or deflate.`)
  return { schema: parseAvroSchema(entries.get('avro.schema') ?? ''), codec, end: start.at + SYNC_BYTES }
}

interface Cursor {
  readonly bytes: Buffer
  at: number
  long(): bigint
  take(size: number): Buffer
}

function cursor(bytes: Buffer): Cursor {
  return {
    bytes,
    at: 0,
    long() {
      let shift = 0n
      let value = 0n
      for (;;) {
        if (this.at >= bytes.length) throw new RangeError('unexpected end')
        const byte = bytes[this.at++] as number
        value |= BigInt(byte & 0x7f) << shift
        if (byte < 0x80) return (value >> 1n) ^ -(value & 1n)
        shift += 7n
      }
    },
    take(size) {
      if (size < 0 || this.at + size > bytes.length) throw new RangeError('unexpected end')
      this.at += size
      return bytes.subarray(this.at - size, this.at)
    },
  }
}

/** The counts of the blocks that an array or map is made of; a negative count is followed by a size. */
function* blocks(from: Cursor): Generator<number> {
  for (let count = Number(from.long()); count !== 0; count = Number(from.long())) {
    if (count < 0) from.long()
    yield Math.abs(count)
  }
}

type Decode = (from: Cursor) => unknown

function decoder(type: AvroType, useLogicalTypes: boolean): Decode {
  const inner = (child: AvroType): Decode => decoder(child, useLogicalTypes)
  const logical = type.logicalType
  if (type.branches !== undefined) {
    const branches = type.branches.map(inner)
    const list = optional(type)
    const empty = list?.items !== undefined || list?.values !== undefined ? [] : null
    return (from) => branches[Number(from.long())]?.(from) ?? empty
  }
  if (type.fields !== undefined) {
    const fields = type.fields.map((field) => [field.name, inner(field.type)] as const)
    return (from) => Object.fromEntries(fields.map(([name, decode]) => [name, decode(from)]))
  }
  if (type.items !== undefined) {
    const item = inner(type.items)
    return (from) => repeat(from, () => item(from))
  }
  if (type.values !== undefined) {
    const value = inner(type.values)
    return (from) =>
      repeat(from, () => ({ key: from.take(Number(from.long())).toString(), value: value(from) }))
  }
  if (logical === 'decimal') return decimalDecoder(type)
  const plain = plainDecoder(type)
  const text = useLogicalTypes && logicalName(type) !== undefined ? LOGICAL_TEXTS[logical ?? ''] : undefined
  return text === undefined ? plain : (from) => text(plain(from) as string)
}

function repeat(from: Cursor, next: () => unknown): unknown[] {
  const items: unknown[] = []
  for (const count of blocks(from)) for (let i = 0; i < count; i++) items.push(next())
  return items
}

function plainDecoder(type: AvroType): Decode {
  switch (type.type) {
    case 'null':
      return () => null
    case 'boolean':
      return (from) => from.take(1)[0] === 1
    case 'int':
    case 'long':
      return (from) => String(from.long())
    case 'float':
      return (from) => special(from.take(4).readFloatLE())
    case 'double':
      return (from) => special(from.take(8).readDoubleLE())
    case 'string':
      return (from) => from.take(Number(from.long())).toString()
    case 'enum':
      return (from) => type.symbols?.[Number(from.long())] ?? null
    case 'fixed':
      return (from) => from.take(type.size ?? 0).toString('base64')
    default:
      return (from) => from.take(Number(from.long())).toString('base64')
  }
}

function special(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

function decimalDecoder(type: AvroType): Decode {
  const scale = type.scale ?? 0
  return (from) => {
    const bytes = from.take(type.type === 'fixed' ? (type.size ?? 0) : Number(from.long()))
    const unscaled =
      bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
    const whole = digits.slice(0, digits.length - scale)
    return `${unscaled < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`
  }
}

const DAY_MS = 86_400_000
const MICROS_PER_DAY = 86_400_000_000n

function civil(micros: bigint): string {
  const millis = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n)
  return new Date(Number(millis)).toISOString().replace('Z', String(micros - millis * 1000n).padStart(3, '0'))
}

const clock = (micros: bigint): string => civil(micros % MICROS_PER_DAY).slice(11)

const LOGICAL_TEXTS: Readonly<Record<string, (value: string) => string>> = {
  date: (days) => new Date(Number(days) * DAY_MS).toISOString().slice(0, 10),
  'time-millis': (value) => clock(BigInt(value) * 1000n),
  'time-micros': (value) => clock(BigInt(value)),
  'timestamp-millis': (value) => `${civil(BigInt(value) * 1000n)}Z`,
  'timestamp-micros': (value) => `${civil(BigInt(value))}Z`,
  'local-timestamp-millis': (value) => civil(BigInt(value) * 1000n),
  'local-timestamp-micros': (value) => civil(BigInt(value)),
  uuid: (value) => value,
}
