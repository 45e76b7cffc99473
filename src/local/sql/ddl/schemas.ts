// CREATE SCHEMA.
import { canonicalLocation } from '../../jobs/job-store.ts'
import { invalidQuery } from '../../wire/api-error.ts'
import { readOptions } from '../read-type.ts'
import type { Reader } from '../reader.ts'
import type { Statement } from '../scope.ts'
import type { DdlStatement } from '../statement.ts'
import type { CreateModifiers } from './ddl.ts'
import { settleOptions } from './options.ts'

export interface DatasetPath {
  readonly projectId: string
  readonly datasetId: string
}

export function datasetPath(statement: Statement, path: readonly string[]): DatasetPath {
  const projectId = path.length > 1 ? path.slice(0, -1).join('.') : statement.projectId
  return { projectId, datasetId: path[path.length - 1] ?? '' }
}

export function createSchema(statement: Statement, reader: Reader, how: CreateModifiers): DdlStatement {
  if (how.orReplace) throw invalidQuery('CREATE OR REPLACE SCHEMA is not allowed')
  const dataset = datasetPath(statement, reader.path())
  const options = readOptions(reader)
  reader.finish()
  return {
    kind: 'ddl',
    statementType: 'CREATE_SCHEMA',
    async run(on) {
      const exists = on.catalog.findDataset(dataset.projectId, dataset.datasetId) !== undefined
      if (exists && how.ifNotExists) return { operation: 'SKIP', dataset }
      const { location, ...sent } = await settleOptions(on, options, 'dataset', {})
      await on.catalog.createDataset({
        ...dataset,
        location: location === undefined ? on.location : canonicalLocation(String(location)),
        sent,
      })
      return { operation: 'CREATE', dataset }
    },
  }
}
