// bqc connection export, import: connections on their way to another machine, without their secrets.
import { Command } from 'commander'
import { type ConnectionExport, ConnectorError } from '../../../index.ts'
import { readJsonInput } from '../../connection-values.ts'
import { openStore, prepareKeys } from '../../open-store.ts'

export function exportCommand(): Command {
  return new Command('export')
    .description('prints connections as JSON, without their secrets')
    .argument('[names...]', 'names of connections; all where none is given')
    .option('--json', 'as ever: what it prints is JSON', false)
    .action(async (names: readonly string[]) => {
      const exported = await openStore().export(names.length === 0 ? undefined : names)
      process.stdout.write(`${JSON.stringify(exported, null, 2)}\n`)
    })
}

interface ImportCommandOptions {
  readonly replace: boolean
  readonly ifNotExists: boolean
  readonly json: boolean
}

export function importCommand(): Command {
  return new Command('import')
    .description('keeps connections that were exported, and lists the secrets to enter again')
    .argument('<file>', 'what export printed; - reads stdin')
    .option('--replace', 'replace connections of the same names', false)
    .option('--if-not-exists', 'leave connections of the same names as they are', false)
    .option('--json', 'machine-readable output', false)
    .action(importFile)
}

async function importFile(file: string, { replace, ifNotExists, json }: ImportCommandOptions): Promise<void> {
  if (replace && ifNotExists) {
    throw new ConnectorError('BQC_CONFIG_INVALID', 'Use --replace or --if-not-exists, not both.')
  }
  const { content, directory } = await readJsonInput(file)
  const store = openStore()
  await prepareKeys(store)
  const mode = replace ? 'replace' : ifNotExists ? 'ifNotExists' : 'error'
  const imported = await store.import(content as ConnectionExport, { mode, directory })
  if (json) {
    for (const each of imported) process.stdout.write(`${JSON.stringify(each)}\n`)
    return
  }
  for (const { name, created, missing } of imported) {
    process.stdout.write(`${name} ${created ? 'is kept.' : 'was there already, and stays as it was.'}\n`)
    if (missing.length > 0) process.stdout.write(`  to be entered again: ${missing.join(', ')}\n`)
  }
}
