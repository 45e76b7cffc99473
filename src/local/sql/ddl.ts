// Statements that change the catalog: CREATE and DROP of tables and schemas.
import type { Catalog } from '../storage/catalog.ts'
import type { FieldSchema } from '../wire/table-schema.ts'
import { type Ast, bodyOf, child, children, kindOf, nameOf, only } from './ast.ts'
import { checkDataset, type Scope, tableName, tablePath } from './scope.ts'
import { fieldFromType } from './types.ts'
import type { Writer } from './writer.ts'

interface DdlRun {
  readonly catalog: Catalog
  readonly describe: (sql: string) => Promise<readonly FieldSchema[]>
}

export interface Ddl {
  readonly kind: 'ddl'
  readonly statementType: string
  readonly run: (on: DdlRun) => Promise<void>
}

export function ddl(write: Writer, scope: Scope, tree: Ast): Ddl {
  const body = bodyOf(tree)
  switch (kindOf(tree)) {
    case 'create_table':
      return createTable(write, scope, body)
    case 'drop_table':
      return dropTable(scope, body)
    case 'create_schema':
      return createSchema(scope, body)
    default:
      return dropSchema(scope, body)
  }
}

function createTable(write: Writer, scope: Scope, body: Ast): Ddl {
  only('CREATE TABLE', body, 'name', 'columns', 'as_select', 'or_replace', 'if_not_exists')
  const { statement } = scope
  const name = tableName(statement, tablePath(child(body, 'name') ?? {}))
  const { projectId, datasetId, tableId } = name
  const declared = children(body, 'columns').map(columnField)
  const source = child(body, 'as_select')
  const select = source === undefined ? undefined : write.query(source, scope)
  return {
    kind: 'ddl',
    statementType: select === undefined ? 'CREATE_TABLE' : 'CREATE_TABLE_AS_SELECT',
    async run({ catalog, describe }) {
      checkDataset(statement, projectId, datasetId)
      const exists = catalog.findTable(projectId, datasetId, tableId) !== undefined
      if (exists && body['if_not_exists'] === true) return
      const fields = select === undefined || declared.length > 0 ? declared : await describe(select)
      await catalog.createTable(
        { ...name, schema: { fields }, sent: {} },
        { replace: body['or_replace'] === true, ...(select === undefined ? {} : { fill: select }) },
      )
    },
  }
}

function columnField(column: Ast): FieldSchema {
  only('a column definition', column, 'name', 'data_type', 'constraint_order', 'nullable')
  const field = fieldFromType(nameOf(column['name']), (column['data_type'] ?? {}) as Ast)
  const constraints = Array.isArray(column['constraint_order']) ? column['constraint_order'] : []
  const required = constraints.includes('NotNull')
  return field.mode === undefined ? { ...field, mode: required ? 'REQUIRED' : 'NULLABLE' } : field
}

function dropTable(scope: Scope, body: Ast): Ddl {
  only('DROP TABLE', body, 'names', 'if_exists')
  const names = children(body, 'names').map((name) => tableName(scope.statement, tablePath(name)))
  return {
    kind: 'ddl',
    statementType: 'DROP_TABLE',
    async run({ catalog }) {
      for (const { projectId, datasetId, tableId } of names) {
        const found = catalog.findTable(projectId, datasetId, tableId)
        if (found === undefined && body['if_exists'] === true) continue
        await catalog.deleteTable(projectId, datasetId, tableId)
      }
    },
  }
}

function datasetPath(scope: Scope, names: readonly unknown[]): { projectId: string; datasetId: string } {
  const path = names.map(nameOf).flatMap((name) => name.split('.'))
  return {
    projectId: path.length > 1 ? path.slice(0, -1).join('.') : scope.statement.projectId,
    datasetId: path[path.length - 1] ?? '',
  }
}

function createSchema(scope: Scope, body: Ast): Ddl {
  only('CREATE SCHEMA', body, 'name', 'if_not_exists')
  const { projectId, datasetId } = datasetPath(scope, children(body, 'name'))
  return {
    kind: 'ddl',
    statementType: 'CREATE_SCHEMA',
    async run({ catalog }) {
      const exists = catalog.findDataset(projectId, datasetId) !== undefined
      if (exists && body['if_not_exists'] === true) return
      await catalog.createDataset({ projectId, datasetId, location: scope.statement.location, sent: {} })
    },
  }
}

function dropSchema(scope: Scope, body: Ast): Ddl {
  only('DROP SCHEMA', body, 'name', 'if_exists', 'cascade')
  const name = body['name']
  const { projectId, datasetId } = datasetPath(scope, Array.isArray(name) ? name : [name])
  return {
    kind: 'ddl',
    statementType: 'DROP_SCHEMA',
    async run({ catalog }) {
      const exists = catalog.findDataset(projectId, datasetId) !== undefined
      if (!exists && body['if_exists'] === true) return
      await catalog.deleteDataset(projectId, datasetId, body['cascade'] === true)
    },
  }
}
