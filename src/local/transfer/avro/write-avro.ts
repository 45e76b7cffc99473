// Table rows as an Avro object container file, with the types the service exports.
import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import type { DuckDBValue } from '@duckdb/node-api'
import { rowEncoder, type WireRow } from '../../wire/cells.ts'
import { type FieldSchema, isRepeated, isRequired, legacyType } from '../../wire/table-schema.ts'

interface AvroOptions {
  readonly compression: string
  readonly useAvroLogicalTypes: boolean
}

interface Column {
  readonly schema: unknown
  /** Writes one value as the API's cells hold it; null has been dealt with. */
  readonly write: (value: unknown, to: Buffer[]) => void
}

type Chunks = AsyncIterable<readonly (readonly DuckDBValue[])[]>

export function avroFile(
  name: string,
  fields: readonly FieldSchema[],
  options: AvroOptions,
): (chunks: Chunks) => AsyncGenerator<Buffer> {
  const root = recordColumn(name.replace(/\W/g, '_'), fields, options.useAvroLogicalTypes)
  const encode = rowEncoder(fields, 'microseconds')
  const deflates = options.compression === 'DEFLATE'
  const sync = randomBytes(16)
  return async function* (chunks) {
    const header: Buffer[] = [Buffer.from('Obj\u0001')]
    header.push(long(2n))
    text('avro.codec', header)
    text(deflates ? 'deflate' : 'null', header)
    text('avro.schema', header)
    text(JSON.stringify(root.schema), header)
    yield Buffer.concat([...header, long(0n), sync])
    for await (const rows of chunks) {
      const parts: Buffer[] = []
      for (const values of rows) root.write(encode(values), parts)
      const plain = Buffer.concat(parts)
      const block = deflates ? deflateRawSync(plain) : plain
      yield Buffer.concat([long(BigInt(rows.length)), long(BigInt(block.length)), block, sync])
    }
  }
}

function recordColumn(name: string, fields: readonly FieldSchema[], logical: boolean): Column {
  const columns = fields.map((field) => fieldColumn(`${name}_${field.name}`, field, logical))
  return {
    schema: {
      type: 'record',
      name,
      fields: fields.map((field, i) => ({ name: field.name, type: columns[i]?.schema })),
    },
    write: (value, to) => {
      for (const [i, column] of columns.entries()) column.write((value as WireRow).f[i]?.v ?? null, to)
    },
  }
}

function fieldColumn(name: string, field: FieldSchema, logical: boolean): Column {
  const element =
    legacyType(field.type) === 'RECORD'
      ? recordColumn(name, field.fields ?? [], logical)
      : scalarColumn(legacyType(field.type), logical)
  if (isRepeated(field))
    return {
      schema: { type: 'array', items: element.schema },
      write: (value, to) => {
        const items = value as readonly { v: unknown }[]
        if (items.length > 0) to.push(long(BigInt(items.length)))
        for (const item of items) element.write(item.v, to)
        to.push(long(0n))
      },
    }
  if (isRequired(field)) return element
  return {
    schema: ['null', element.schema],
    write: (value, to) => {
      to.push(long(value === null ? 0n : 1n))
      if (value !== null) element.write(value, to)
    },
  }
}

const MICROS_PER_SECOND = 1_000_000n

function scalarColumn(type: string, logical: boolean): Column {
  const asText = (sqlType: string): Column => ({
    schema: { type: 'string', sqlType },
    write: (value, to) => text(String(value), to),
  })
  const asLong = (logicalType: string, read: (value: string) => bigint): Column => ({
    schema: { type: 'long', logicalType },
    write: (value, to) => to.push(long(read(String(value)))),
  })
  switch (type) {
    case 'INTEGER':
      return { schema: 'long', write: (value, to) => to.push(long(BigInt(String(value)))) }
    case 'FLOAT':
      return { schema: 'double', write: (value, to) => to.push(double(Number(value))) }
    case 'BOOLEAN':
      return { schema: 'boolean', write: (value, to) => to.push(Buffer.from([value === 'true' ? 1 : 0])) }
    case 'BYTES':
      return { schema: 'bytes', write: (value, to) => bytes(Buffer.from(String(value), 'base64'), to) }
    case 'NUMERIC':
      return decimalColumn(38, 9)
    case 'BIGNUMERIC':
      return decimalColumn(77, 38)
    case 'TIMESTAMP':
      return asLong('timestamp-micros', BigInt)
    case 'DATE':
      if (!logical) return asText('DATE')
      return {
        schema: { type: 'int', logicalType: 'date' },
        write: (value, to) => to.push(long(BigInt(Date.parse(String(value)) / 86_400_000))),
      }
    case 'TIME':
      return logical ? asLong('time-micros', (value) => micros(`1970-01-01T${value}`)) : asText('TIME')
    case 'DATETIME':
      return asText('DATETIME')
    case 'STRING':
      return { schema: 'string', write: (value, to) => text(String(value), to) }
    default:
      return asText(type)
  }
}

function decimalColumn(precision: number, scale: number): Column {
  return {
    schema: { type: 'bytes', logicalType: 'decimal', precision, scale },
    write: (value, to) => {
      const [whole = '', fraction = ''] = String(value).split('.')
      bytes(twosComplement(BigInt(`${whole}${fraction.padEnd(scale, '0')}`)), to)
    },
  }
}

function twosComplement(value: bigint): Buffer {
  let size = 1
  while (BigInt.asIntN(size * 8, value) !== value) size++
  return Buffer.from(
    BigInt.asUintN(size * 8, value)
      .toString(16)
      .padStart(size * 2, '0'),
    'hex',
  )
}

function micros(civil: string): bigint {
  const [whole = '', fraction = ''] = civil.split('.')
  return BigInt(Date.parse(`${whole}Z`) / 1000) * MICROS_PER_SECOND + BigInt(fraction.padEnd(6, '0'))
}

function long(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const out: number[] = []
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    out.push(rest === 0n ? low : low | 0x80)
  } while (rest !== 0n)
  return Buffer.from(out)
}

function double(value: number): Buffer {
  const out = Buffer.alloc(8)
  out.writeDoubleLE(value)
  return out
}

function text(value: string, to: Buffer[]): void {
  bytes(Buffer.from(value), to)
}

function bytes(value: Buffer, to: Buffer[]): void {
  to.push(long(BigInt(value.length)), value)
}
