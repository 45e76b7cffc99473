// Script variables. Values live in the engine, as variables of the job's connection, so that no value
// has to be written out as SQL and read back.
import { invalidQuery } from '../../wire/api-error.ts'
import { duckdbType, type FieldSchema, quoteName, quoteText } from '../../wire/table-schema.ts'
import { coerce, type Typed, typed, typeName } from '../typing.ts'

export interface Variable {
  readonly id: string
  readonly type: FieldSchema
}

export interface Variables {
  /** The frame of a block; of a procedure when nothing outside may be seen. */
  inFrame<T>(task: () => Promise<T>, closed?: boolean): Promise<T>
  declare(name: string, type: FieldSchema): Variable
  find(name: string): Variable | undefined
  /** Like `find`, but an unknown variable is an error. */
  get(name: string): Variable
  value(variable: Variable): Typed
  /** The statement that gives a variable a value. */
  assignment(variable: Variable, value: Typed): string
  /** Statements that forget all of them. */
  cleanUp(): readonly string[]
}

export function createVariables(): Variables {
  let frames: Map<string, Variable>[] = [new Map()]
  const ids: string[] = []

  function find(name: string): Variable | undefined {
    const key = name.toLowerCase()
    for (let i = frames.length - 1; i >= 0; i--) {
      const found = frames[i]?.get(key)
      if (found !== undefined) return found
    }
    return undefined
  }

  function assignment(variable: Variable, value: Typed): string {
    const sql = coerce(value, variable.type)
    if (sql === undefined)
      throw invalidQuery(
        `Cannot coerce expression of type ${typeName(value.type)} to type ${typeName(variable.type)}`,
      )
    return `SET VARIABLE ${quoteName(variable.id)} = CAST((${sql}) AS ${duckdbType(variable.type)})`
  }

  return {
    async inFrame(task, closed = false) {
      const before = frames
      frames = closed ? [new Map()] : [...frames, new Map()]
      try {
        return await task()
      } finally {
        frames = before
      }
    },
    declare(name, type) {
      const frame = frames[frames.length - 1]
      if (frame?.has(name.toLowerCase())) throw invalidQuery(`Variable '${name}' redeclaration`)
      const variable = { id: `bq_v${ids.length}`, type: { ...type, name } }
      ids.push(variable.id)
      frame?.set(name.toLowerCase(), variable)
      return variable
    },
    find,
    get(name) {
      const found = find(name)
      if (found === undefined) throw invalidQuery(`Undeclared variable: ${name}`)
      return found
    },
    value: ({ id, type }) => typed(`CAST(getvariable(${quoteText(id)}) AS ${duckdbType(type)})`, type),
    assignment,
    cleanUp: () => ids.map((id) => `RESET VARIABLE ${quoteName(id)}`),
  }
}
