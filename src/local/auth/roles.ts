// The rights that this server knows: BigQuery's IAM permissions, and the roles that bundle them.

const metadataViewer = [
  'bigquery.datasets.get',
  'bigquery.routines.get',
  'bigquery.routines.list',
  'bigquery.tables.get',
  'bigquery.tables.list',
]
const dataViewer = [...metadataViewer, 'bigquery.tables.export', 'bigquery.tables.getData']
const dataEditor = [
  ...dataViewer,
  'bigquery.datasets.create',
  'bigquery.routines.create',
  'bigquery.routines.delete',
  'bigquery.routines.update',
  'bigquery.tables.create',
  'bigquery.tables.delete',
  'bigquery.tables.update',
  'bigquery.tables.updateData',
]
const dataOwner = [...dataEditor, 'bigquery.datasets.delete', 'bigquery.datasets.update']
const jobUser = ['bigquery.jobs.create']
const admin = [...dataOwner, ...jobUser, 'bigquery.jobs.delete', 'bigquery.jobs.list']

const ROLES: Readonly<Record<string, readonly string[]>> = {
  'roles/bigquery.admin': admin,
  'roles/bigquery.dataEditor': dataEditor,
  'roles/bigquery.dataOwner': dataOwner,
  'roles/bigquery.dataViewer': dataViewer,
  'roles/bigquery.jobUser': jobUser,
  'roles/bigquery.metadataViewer': metadataViewer,
  'roles/bigquery.user': [...metadataViewer, ...jobUser, 'bigquery.datasets.create', 'bigquery.jobs.list'],
}

/**
 * The permissions that a list of permissions and roles comes to.
 * @throws Error that names what is unknown, and what is known.
 */
export function permissionsOf(names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !(name in ROLES) && !admin.includes(name))
  if (unknown.length > 0)
    throw new Error(
      `Unknown permission ${unknown.join(', ')}. Known are ${[...Object.keys(ROLES), ...admin].sort().join(', ')}.`,
    )
  return [...new Set(names.flatMap((name) => ROLES[name] ?? [name]))].sort()
}
