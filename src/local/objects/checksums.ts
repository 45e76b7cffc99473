// The checksums Cloud Storage tells of an object, and its clients compare: CRC32C and MD5, in base64.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** The Castagnoli polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value >>> 0
})

export async function checksums(path: string): Promise<{ crc32c: string; md5Hash: string }> {
  const md5 = createHash('md5')
  let crc = 0xffffffff
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    md5.update(chunk)
    for (const byte of chunk) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] as number)
  }
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE((crc ^ 0xffffffff) >>> 0)
  return { crc32c: bytes.toString('base64'), md5Hash: md5.digest('base64') }
}
