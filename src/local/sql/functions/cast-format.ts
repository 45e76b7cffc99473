// CAST(... FORMAT ...): dates and times by the elements of a format model, BYTES by the name of an encoding.
import { invalidQuery } from '../../wire/api-error.ts'
import { quoteText } from '../../wire/table-schema.ts'
import { unsupported } from '../ast.ts'
import { kindOfType, STRING, type Type, type Typed, typed, typeName } from '../typing.ts'
import { outsideTry } from './safe.ts'

/** Format elements as those of FORMAT_TIMESTAMP; a name's case is the case of what it prints. */
const ELEMENTS: Readonly<Record<string, string>> = {
  YYYY: '%E4Y',
  YY: '%y',
  MONTH: 'B',
  MON: 'b',
  MM: '%m',
  DDD: '%j',
  DD: '%d',
  DAY: 'A',
  DY: 'a',
  HH24: '%H',
  HH12: '%I',
  HH: '%I',
  MI: '%M',
  SS: '%S',
  AM: '%p',
  PM: '%p',
  TZH: '%Oh',
  TZM: '%Om',
}
const TOKEN =
  /YYYY|YY|MONTH|MON|MM|MI|DDD|DD|DAY|DY|HH24|HH12|HH|SS(?!SSS)|FF[1-9]|AM|PM|TZH|TZM|"((?:[^"\\]|\\.)*)"|[-./,;: ']/iy

function pattern(format: string, printing: boolean): string {
  let result = ''
  let at = 0
  while (at < format.length) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(format)
    if (match === null) throw unsupported(`the format element ${format.slice(at)} in CAST`)
    at = TOKEN.lastIndex
    const [text, quoted] = match
    const name = text.toUpperCase()
    if (quoted !== undefined) result += quoted.replace(/\\(.)/g, '$1').replaceAll('%', '%%')
    else if (name.startsWith('FF')) result += `%E${Math.min(Number(name.slice(2)), 6)}f`
    else result += element(text, name, printing)
  }
  return result
}

function element(text: string, name: string, printing: boolean): string {
  const found = ELEMENTS[name]
  if (found === undefined || found.startsWith('%')) return found ?? text
  if (!printing || text[1] !== text[1]?.toUpperCase())
    return text[0] === text[0]?.toUpperCase() || !printing ? `%${found}` : `%_${found}`
  return `%^${found}`
}

const ENCODERS: Readonly<Record<string, readonly [toText: string, toBytes: string]>> = {
  HEX: ['lower(hex($))', 'unhex($)'],
  BASE64: ['to_base64($)', 'from_base64($)'],
  'UTF-8': ['js_bytes_text_strict($)', 'encode($)'],
  UTF8: ['js_bytes_text_strict($)', 'encode($)'],
}
const TIMES = ['DATE', 'TIME', 'DATETIME', 'TIMESTAMP']

export function castFormat(value: Typed, to: Type, format: Typed, safe: boolean): Typed {
  if (format.text === undefined) throw unsupported('CAST with a computed FORMAT')
  const { text } = format
  if (!safe) return converted(value, to, text)
  return outsideTry([value], ([held]) => converted(held as Typed, to, text))
}

function converted(value: Typed, to: Type, format: string): Typed {
  const [from, target] = [kindOfType(value.type), kindOfType(to)]
  const encoder = ENCODERS[format.toUpperCase()]
  if (encoder !== undefined && from === 'BYTES' && target === 'STRING')
    return typed(
      encoder[0].replace('$', () => value.sql),
      STRING,
    )
  if (encoder !== undefined && from === 'STRING' && target === 'BYTES')
    return typed(
      encoder[1].replace('$', () => value.sql),
      to,
    )
  if (TIMES.includes(from) && target === 'STRING') {
    const micros = from === 'TIME' ? `epoch_us(DATE '1970-01-01' + ${value.sql})` : `epoch_us(${value.sql})`
    return typed(
      `js_format_time('${from}', ${quoteText(pattern(format, true))}, ${micros}, 0, 'UTC')`,
      STRING,
    )
  }
  if (from === 'STRING' && TIMES.includes(target)) {
    if (target !== 'TIME' && !/YYYY|YY/i.test(format))
      throw unsupported('CAST with a FORMAT that has no year')
    const parsed = `CAST(js_parse_time('${target}', ${quoteText(pattern(format, false))}, ${value.sql})[2:] AS BIGINT)`
    const civil = `make_timestamp(${parsed})`
    if (target === 'TIMESTAMP') return typed(`make_timestamptz(${parsed})`, to)
    return typed(target === 'DATETIME' ? civil : `CAST(${civil} AS ${target})`, to)
  }
  if (from === 'STRING' || target === 'STRING')
    throw unsupported(`CAST from ${typeName(value.type)} to ${typeName(to)} with this FORMAT`)
  throw invalidQuery(`FORMAT is not allowed for CAST from ${typeName(value.type)} to ${typeName(to)}`)
}
