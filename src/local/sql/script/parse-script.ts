// A script as a tree of steps. Statements and expressions inside it stay text until they run.
import { unsupported } from '../ast.ts'
import { type ReadField, readType } from '../read-type.ts'
import { createReader, type Reader } from '../reader.ts'
import { syntaxError } from '../tokens.ts'

export type Step =
  | { readonly kind: 'statement'; readonly text: string; readonly offset: number }
  | {
      readonly kind: 'declare'
      readonly names: readonly string[]
      readonly type?: ReadField
      readonly value?: string
    }
  | {
      readonly kind: 'set'
      readonly names: readonly string[]
      readonly value: string
      readonly together: boolean
    }
  | {
      readonly kind: 'block'
      readonly steps: readonly Step[]
      readonly handler?: readonly Step[]
      readonly label?: string
    }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: readonly Step[] }
  | {
      readonly kind: 'loop'
      readonly steps: readonly Step[]
      readonly label?: string
      /** Goes on while this holds. */
      readonly before?: string
      /** Ends after a round when this holds. */
      readonly after?: string
    }
  | {
      readonly kind: 'for'
      readonly name: string
      readonly query: string
      readonly steps: readonly Step[]
      readonly label?: string
    }
  | { readonly kind: 'leave' | 'iterate'; readonly label?: string }
  | { readonly kind: 'return' }
  | { readonly kind: 'raise'; readonly message?: string }
  | { readonly kind: 'assert'; readonly condition: string; readonly message?: string }
  | {
      readonly kind: 'execute'
      readonly sql: string
      readonly into: readonly string[]
      readonly using: readonly Using[]
    }
  | { readonly kind: 'call'; readonly path: readonly string[]; readonly args: readonly string[] }
  | { readonly kind: 'transaction'; readonly action: 'BEGIN' | 'COMMIT' | 'ROLLBACK' }

export type Of<K extends Step['kind']> = Extract<Step, { readonly kind: K }>

interface Branch {
  readonly condition: string
  readonly steps: readonly Step[]
}

interface Using {
  readonly value: string
  readonly name: string | undefined
}

export function parseScript(sql: string): readonly Step[] {
  const reader = createReader(sql)
  const steps = readSteps(reader, [], true)
  if (!reader.done()) throw reader.fail()
  return steps
}

/** Steps up to one of these words, which stays unread. */
function readSteps(reader: Reader, ends: readonly string[], declares = false): readonly Step[] {
  const steps: Step[] = []
  while (reader.takes(';'));
  while (!reader.done() && !ends.some((end) => reader.sees(end))) {
    const at = reader.peek()
    const step = readStep(reader)
    if (step.kind === 'declare' && !(declares && steps.every(({ kind }) => kind === 'declare')))
      throw syntaxError(
        'Variable declarations are allowed only at the start of a block or script',
        reader.sql,
        at.start,
      )
    steps.push(step)
    if (!reader.takes(';') && !reader.done())
      throw reader.failAt(reader.peek(), ends.length > 0 ? '";"' : 'end of input')
    while (reader.takes(';'));
  }
  return steps
}

function readStep(reader: Reader): Step {
  const label = reader.peek(1).upper === ':' ? reader.name().toLowerCase() : undefined
  if (label !== undefined) {
    reader.expect(':')
    const step = readStep(reader)
    if (step.kind !== 'block' && step.kind !== 'loop' && step.kind !== 'for') throw reader.fail()
    if (reader.peek().kind === 'word') reader.next()
    return { ...step, label }
  }
  const read = STEPS[reader.peek().upper]
  const found = read?.(reader)
  return found ?? readStatement(reader)
}

const STEPS: Readonly<Record<string, (reader: Reader) => Step | undefined>> = {
  BEGIN(reader) {
    reader.expect('BEGIN')
    if (reader.takes('TRANSACTION') || reader.sees(';') || reader.done())
      return { kind: 'transaction', action: 'BEGIN' }
    const steps = readSteps(reader, ['END', 'EXCEPTION'], true)
    let handler: readonly Step[] | undefined
    if (reader.takes('EXCEPTION')) {
      reader.expect('WHEN', 'ERROR', 'THEN')
      handler = readSteps(reader, ['END'])
    }
    reader.expect('END')
    return { kind: 'block', steps, ...(handler === undefined ? {} : { handler }) }
  },
  COMMIT: (reader) => transaction(reader, 'COMMIT'),
  ROLLBACK: (reader) => transaction(reader, 'ROLLBACK'),
  DECLARE(reader) {
    reader.expect('DECLARE')
    const names = readNames(reader)
    const type = reader.sees('DEFAULT') ? undefined : readType(reader)
    const value = reader.takes('DEFAULT') ? reader.until(';') : undefined
    return {
      kind: 'declare',
      names,
      ...(type === undefined ? {} : { type }),
      ...(value === undefined ? {} : { value }),
    }
  },
  SET(reader) {
    reader.expect('SET')
    if (reader.sees('(')) {
      const names = reader.list(() => reader.name().toLowerCase())
      reader.expect('=')
      return { kind: 'set', names, value: reader.until(';'), together: true }
    }
    const names = [systemName(reader)]
    reader.expect('=')
    return { kind: 'set', names, value: reader.until(';'), together: false }
  },
  IF(reader) {
    const branches: Branch[] = []
    do {
      reader.next()
      branches.push({
        condition: readUntil(reader, 'THEN'),
        steps: readSteps(reader, ['ELSEIF', 'ELSE', 'END']),
      })
    } while (reader.sees('ELSEIF'))
    return { kind: 'if', branches, otherwise: readElse(reader, 'IF') }
  },
  CASE(reader) {
    reader.expect('CASE')
    const subject = reader.sees('WHEN') ? undefined : reader.until('WHEN')
    const branches: Branch[] = []
    while (reader.takes('WHEN')) {
      const test = readUntil(reader, 'THEN')
      const condition = subject === undefined ? test : `(${subject}) = (${test})`
      branches.push({ condition, steps: readSteps(reader, ['WHEN', 'ELSE', 'END']) })
    }
    return { kind: 'if', branches, otherwise: readElse(reader, 'CASE') }
  },
  LOOP(reader) {
    reader.expect('LOOP')
    const steps = readSteps(reader, ['END'])
    reader.expect('END', 'LOOP')
    return { kind: 'loop', steps }
  },
  WHILE(reader) {
    reader.expect('WHILE')
    const before = readUntil(reader, 'DO')
    const steps = readSteps(reader, ['END'])
    reader.expect('END', 'WHILE')
    return { kind: 'loop', before, steps }
  },
  REPEAT(reader) {
    reader.expect('REPEAT')
    const steps = readSteps(reader, ['UNTIL'])
    reader.expect('UNTIL')
    const after = reader.until('END')
    reader.expect('END', 'REPEAT')
    return { kind: 'loop', after, steps }
  },
  FOR(reader) {
    reader.expect('FOR')
    const name = reader.name().toLowerCase()
    reader.expect('IN')
    const query = reader.parenthesised()
    reader.expect('DO')
    const steps = readSteps(reader, ['END'])
    reader.expect('END', 'FOR')
    return { kind: 'for', name, query, steps }
  },
  BREAK: (reader) => jump(reader, 'leave'),
  LEAVE: (reader) => jump(reader, 'leave'),
  CONTINUE: (reader) => jump(reader, 'iterate'),
  ITERATE: (reader) => jump(reader, 'iterate'),
  RETURN(reader) {
    reader.expect('RETURN')
    return { kind: 'return' }
  },
  RAISE(reader) {
    reader.expect('RAISE')
    if (!reader.takes('USING')) return { kind: 'raise' }
    reader.expect('MESSAGE', '=')
    return { kind: 'raise', message: reader.until(';') }
  },
  ASSERT(reader) {
    reader.expect('ASSERT')
    const condition = reader.until(';', 'AS')
    return { kind: 'assert', condition, ...(reader.takes('AS') ? { message: reader.until(';') } : {}) }
  },
  EXECUTE(reader) {
    reader.expect('EXECUTE', 'IMMEDIATE')
    const sql = reader.until(';', 'INTO', 'USING')
    const into = reader.takes('INTO') ? readNames(reader) : []
    const using: Using[] = []
    if (reader.takes('USING'))
      do {
        const value = reader.until(';', ',', 'AS')
        using.push({ value, name: reader.takes('AS') ? reader.name().toLowerCase() : undefined })
      } while (reader.takes(','))
    return { kind: 'execute', sql, into, using }
  },
  CALL(reader) {
    reader.expect('CALL')
    return { kind: 'call', path: reader.path(), args: reader.list(() => reader.until(',')) }
  },
}

function transaction(reader: Reader, action: 'COMMIT' | 'ROLLBACK'): Step {
  reader.expect(action)
  reader.takes('TRANSACTION')
  return { kind: 'transaction', action }
}

function jump(reader: Reader, kind: 'leave' | 'iterate'): Step {
  reader.next()
  return reader.peek().kind === 'word' ? { kind, label: reader.name().toLowerCase() } : { kind }
}

function readNames(reader: Reader): readonly string[] {
  const names: string[] = []
  do names.push(reader.name().toLowerCase())
  while (reader.takes(','))
  return names
}

/** A variable, or a system variable with its dots. */
function systemName(reader: Reader): string {
  return reader.path().join('.').toLowerCase()
}

function readUntil(reader: Reader, word: string): string {
  const text = reader.until(word)
  reader.expect(word)
  return text
}

function readElse(reader: Reader, what: string): readonly Step[] {
  const steps = reader.takes('ELSE') ? readSteps(reader, ['END']) : []
  reader.expect('END', what)
  return steps
}

function readStatement(reader: Reader): Step {
  const offset = reader.at()
  const creates = ['PROCEDURE', 'OR'].includes(reader.peek(1).upper) && reader.sees('CREATE')
  if (creates && (reader.peek(1).upper === 'PROCEDURE' || reader.peek(3).upper === 'PROCEDURE')) {
    reader.until('BEGIN', ';')
    if (!reader.sees('BEGIN')) throw unsupported('procedures that are not written in SQL')
    readStep(reader)
  } else reader.until(';')
  const end = reader.at()
  return { kind: 'statement', text: reader.sql.slice(offset, end).trimEnd(), offset }
}
