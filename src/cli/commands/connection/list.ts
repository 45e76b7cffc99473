// bqc connection list: what the store holds.
import { Command } from 'commander'
import { table } from '../../format.ts'
import { openStore } from '../../open-store.ts'

export function listCommand(): Command {
  return new Command('list')
    .description('lists the stored connections')
    .option('--json', 'machine-readable output', false)
    .action(list)
}

async function list({ json }: { readonly json: boolean }): Promise<void> {
  const store = openStore()
  const stored = await store.list()
  if (json) {
    for (const each of stored) process.stdout.write(`${JSON.stringify(each)}\n`)
  } else if (stored.length === 0) {
    process.stdout.write(`There is no connection in ${store.directory}.\n`)
  } else {
    const rows = stored.map(({ name, kind, revision, updatedAt, description, fault }) => [
      name,
      kind,
      revision,
      updatedAt,
      fault ?? description,
    ])
    process.stdout.write(`${table(['name', 'kind', 'revision', 'changed', 'description'], rows)}\n`)
  }
}
