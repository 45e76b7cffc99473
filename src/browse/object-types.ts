// The object types of an operation: a dataset's tables, or the fixed list of its descriptor.
import type { ControlPlane } from '../bigquery/control-plane.ts'
import type { OperationDescriptor } from '../contract/descriptor.ts'
import type { ObjectType } from '../contract/object-type.ts'
import { ConnectorError } from '../errors.ts'

/** @throws ConnectorError `BQC_CONFIG_INVALID` when tables are asked for without a dataset. */
export async function listObjectTypes(
  descriptor: OperationDescriptor,
  control: ControlPlane,
  projectId: string,
  datasetId: string | undefined,
  signal: AbortSignal,
): Promise<readonly ObjectType[]> {
  const { fixed = [], tables } = descriptor.objectTypes
  if (tables === undefined) return fixed
  if (!datasetId && fixed.length > 0) return fixed
  if (!datasetId) {
    const message = `Tables for ${descriptor.id} are listed dataset by dataset: give a datasetId.`
    throw new ConnectorError('BQC_CONFIG_INVALID', message, {
      faults: [{ path: '/datasetId', message: 'is required' }],
    })
  }
  const types: ObjectType[] = []
  for await (const { tableId, type } of control.listTables(projectId, datasetId, signal)) {
    if (type === 'TABLE')
      types.push({ id: `datasets/${datasetId}/tables/${tableId}`, label: tableId, kind: 'table' })
  }
  return [...fixed, ...types.sort((a, b) => (a.label < b.label ? -1 : 1))]
}
