// FarmHash Fingerprint64, the hash behind FARM_FINGERPRINT.

const K0 = 0xc3a5c85c97cb3127n
const K1 = 0xb492b66fbe98f273n
const K2 = 0x9ae16a3b2f90404fn
const MASK = (1n << 64n) - 1n

const wrap = (value: bigint): bigint => value & MASK
const rotate = (value: bigint, by: bigint): bigint => wrap((value >> by) | (value << (64n - by)))
const mix = (value: bigint): bigint => value ^ (value >> 47n)

function fold(u: bigint, v: bigint, factor: bigint): bigint {
  const a = mix(wrap((u ^ v) * factor))
  return wrap(mix(wrap((v ^ a) * factor)) * factor)
}

export function farmFingerprint(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return BigInt.asIntN(64, hash(view, bytes.byteLength))
}

function hash(view: DataView, length: number): bigint {
  const at = (offset: number): bigint => view.getBigUint64(offset, true)
  const n = BigInt(length)
  const factor = wrap(K2 + n * 2n)
  if (length > 64) return long(view, length)
  if (length > 32) {
    const a = wrap(at(0) * K2)
    const b = at(8)
    const c = wrap(at(length - 8) * factor)
    const d = wrap(at(length - 16) * K2)
    const y = wrap(rotate(wrap(a + b), 43n) + rotate(c, 30n) + d)
    const z = fold(y, wrap(a + rotate(wrap(b + K2), 18n) + c), factor)
    const e = wrap(at(16) * factor)
    const f = at(24)
    const g = wrap((y + at(length - 32)) * factor)
    const h = wrap((z + at(length - 24)) * factor)
    return fold(
      wrap(rotate(wrap(e + f), 43n) + rotate(g, 30n) + h),
      wrap(e + rotate(wrap(f + a), 18n) + g),
      factor,
    )
  }
  if (length > 16) {
    const a = wrap(at(0) * K1)
    const b = at(8)
    const c = wrap(at(length - 8) * factor)
    const d = wrap(at(length - 16) * K2)
    return fold(
      wrap(rotate(wrap(a + b), 43n) + rotate(c, 30n) + d),
      wrap(a + rotate(wrap(b + K2), 18n) + c),
      factor,
    )
  }
  if (length >= 8) {
    const a = wrap(at(0) + K2)
    const b = at(length - 8)
    const c = wrap(rotate(b, 37n) * factor + a)
    return fold(c, wrap((rotate(a, 25n) + b) * factor), factor)
  }
  if (length >= 4) {
    const first = BigInt(view.getUint32(0, true))
    return fold(wrap(n + (first << 3n)), BigInt(view.getUint32(length - 4, true)), factor)
  }
  if (length === 0) return K2
  const y = BigInt(view.getUint8(0) + (view.getUint8(length >> 1) << 8))
  const z = BigInt(length + (view.getUint8(length - 1) << 2))
  return wrap(mix(wrap(y * K2) ^ wrap(z * K0)) * K2)
}

function long(view: DataView, length: number): bigint {
  const at = (offset: number): bigint => view.getBigUint64(offset, true)
  const weak = (s: number, a0: bigint, b0: bigint): [bigint, bigint] => {
    const a1 = wrap(a0 + at(s))
    const b1 = rotate(wrap(b0 + a1 + at(s + 24)), 21n)
    const a2 = wrap(a1 + at(s + 8) + at(s + 16))
    return [wrap(a2 + at(s + 24)), wrap(b1 + rotate(a2, 44n) + a1)]
  }
  let x = wrap(81n * K2 + at(0))
  let y = wrap(81n * K1 + 113n)
  let z = wrap(mix(wrap(y * K2 + 113n)) * K2)
  let v: [bigint, bigint] = [0n, 0n]
  let w: [bigint, bigint] = [0n, 0n]
  const round = (s: number, factor: bigint, times: bigint): void => {
    x = wrap(rotate(wrap(x + y + v[0] + at(s + 8)), 37n) * factor)
    y = wrap(rotate(wrap(y + v[1] + at(s + 48)), 42n) * factor)
    x ^= wrap(w[1] * times)
    y = wrap(y + v[0] * times + at(s + 40))
    z = wrap(rotate(wrap(z + w[0]), 33n) * factor)
    v = weak(s, wrap(v[1] * factor), wrap(x + w[0]))
    w = weak(s + 32, wrap(z + w[1]), wrap(y + at(s + 16)))
    ;[z, x] = [x, z]
  }
  const end = Math.floor((length - 1) / 64) * 64
  for (let s = 0; s < end; s += 64) round(s, K1, 1n)
  const factor = wrap(K1 + ((z & 0xffn) << 1n))
  w[0] = wrap(w[0] + BigInt((length - 1) & 63))
  v[0] = wrap(v[0] + w[0])
  w[0] = wrap(w[0] + v[0])
  round(end + ((length - 1) & 63) - 63, factor, 9n)
  return fold(wrap(fold(v[0], w[0], factor) + mix(y) * K0 + z), wrap(fold(v[1], w[1], factor) + x), factor)
}
