// CREATE FUNCTION, CREATE TABLE FUNCTION and CREATE PROCEDURE: read into the API's form of a routine.
import { invalidQuery } from '../../wire/api-error.ts'
import { unsupported } from '../ast.ts'
import { readOptions, readType } from '../read-type.ts'
import type { Reader } from '../reader.ts'
import { checkDataset, type Statement } from '../scope.ts'
import { parseScript } from '../script/parse-script.ts'
import { standardType } from '../standard-type.ts'
import type { DdlStatement, Run } from '../statement.ts'
import { checkBody, routineName } from '../user-functions.ts'
import type { CreateModifiers } from './ddl.ts'

type Sent = Readonly<Record<string, unknown>>

export function createFunction(statement: Statement, reader: Reader, how: CreateModifiers): DdlStatement {
  const path = reader.path()
  const sent: Record<string, unknown> = {
    routineType: 'SCALAR_FUNCTION',
    language: 'SQL',
    arguments: readArguments(reader),
  }
  if (reader.takes('RETURNS')) sent['returnType'] = standardType(readType(reader))
  if (reader.takes('DETERMINISTIC')) sent['determinismLevel'] = 'DETERMINISTIC'
  else if (reader.takes('NOT', 'DETERMINISTIC')) sent['determinismLevel'] = 'NOT_DETERMINISTIC'
  if (reader.takes('LANGUAGE')) {
    if (!/^(js|javascript)$/i.test(reader.name()))
      throw unsupported('functions in languages other than SQL and JavaScript')
    sent['language'] = 'JAVASCRIPT'
  }
  if (reader.sees('REMOTE')) throw unsupported('remote functions')
  const options = readOptions(reader)
  reader.expect('AS')
  if (sent['language'] === 'SQL') sent['definitionBody'] = reader.parenthesised()
  else {
    if (sent['returnType'] === undefined) throw invalidQuery('A JavaScript function needs a RETURNS clause')
    const code = reader.next()
    if (code.kind !== 'text') throw reader.failAt(code, 'string literal')
    sent['definitionBody'] = statement.literal(reader.sql.slice(code.start, code.end))
  }
  const late = options.length === 0 ? readOptions(reader) : options
  reader.finish()
  return {
    kind: 'ddl',
    statementType: 'CREATE_FUNCTION',
    async run(on) {
      for (const [name, text] of late)
        if (name === 'description') sent['description'] = await on.evaluate(text)
        else if (name === 'library') throw unsupported('JavaScript libraries')
        else throw invalidQuery(`Unknown option: ${name}`)
      checkBody(statement, sent)
      if (!how.temporary) return keep(on, statement, path, sent, how)
      const key = path.join('.').toLowerCase()
      if (path.length > 1) throw invalidQuery('A temporary function cannot be made in a dataset')
      const before = on.functions.get(key)
      if (before !== undefined && how.ifNotExists) return { operation: 'SKIP' }
      if (before !== undefined && !how.orReplace) throw invalidQuery(`Already Exists: Function ${path[0]}`)
      on.functions.set(key, sent)
      return { operation: before === undefined ? 'CREATE' : 'REPLACE' }
    },
  }
}

export function createTableFunction(
  statement: Statement,
  reader: Reader,
  how: CreateModifiers,
): DdlStatement {
  const path = reader.path()
  const sent: Record<string, unknown> = {
    routineType: 'TABLE_VALUED_FUNCTION',
    language: 'SQL',
    arguments: readArguments(reader),
  }
  if (reader.takes('RETURNS')) {
    reader.expect('TABLE', '<')
    const columns: unknown[] = []
    do {
      const name = reader.name()
      columns.push({ name, type: standardType(readType(reader)) })
    } while (reader.takes(','))
    reader.expect('>')
    sent['returnTableType'] = { columns }
  }
  if (readOptions(reader).length > 0) throw unsupported('OPTIONS of a table function')
  reader.expect('AS')
  sent['definitionBody'] = reader.until(';')
  reader.finish()
  return {
    kind: 'ddl',
    statementType: 'CREATE_TABLE_FUNCTION',
    async run(on) {
      checkBody(statement, sent)
      return keep(on, statement, path, sent, how)
    },
  }
}

export function createProcedure(statement: Statement, reader: Reader, how: CreateModifiers): DdlStatement {
  const path = reader.path()
  const args = reader.list(() => {
    const mode = ['IN', 'OUT', 'INOUT'].find((word) => reader.takes(word)) ?? 'IN'
    return { ...readArgument(reader), mode }
  })
  if (readOptions(reader).length > 0) throw unsupported('OPTIONS of a procedure')
  const definitionBody = reader.sql.slice(reader.at()).replace(/;\s*$/, '')
  const sent = { routineType: 'PROCEDURE', language: 'SQL', arguments: args, definitionBody }
  return {
    kind: 'ddl',
    statementType: 'CREATE_PROCEDURE',
    async run(on) {
      parseScript(definitionBody)
      return keep(on, statement, path, sent, how)
    },
  }
}

interface Argument {
  readonly name: string
  readonly dataType?: unknown
  readonly argumentKind?: 'ANY_TYPE'
}

function readArguments(reader: Reader): readonly Argument[] {
  return reader.list(() => readArgument(reader))
}

function readArgument(reader: Reader): Argument {
  const name = reader.name()
  if (reader.takes('ANY', 'TYPE')) return { name, argumentKind: 'ANY_TYPE' }
  if (reader.sees('ANY') || reader.sees('TABLE')) throw unsupported('table arguments')
  return { name, dataType: standardType(readType(reader)) }
}

async function keep(
  on: Run,
  statement: Statement,
  path: readonly string[],
  sent: Sent,
  how: CreateModifiers,
): ReturnType<DdlStatement['run']> {
  const routine = routineName(statement, path)
  checkDataset(statement, routine.projectId, routine.datasetId)
  const before = on.catalog.routines.find(routine)
  if (before !== undefined && how.ifNotExists) return { operation: 'SKIP', routine }
  if (how.orReplace) await on.catalog.routines.put(routine, sent)
  else await on.catalog.routines.insert(routine, sent)
  return { operation: before === undefined ? 'CREATE' : 'REPLACE', routine }
}
