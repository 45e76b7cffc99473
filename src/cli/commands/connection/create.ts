// bqc connection create: a name for a connection.
import { Command } from 'commander'
import { ConnectorError } from '../../../index.ts'
import { collectField, readGiven } from '../../connection-values.ts'
import { openStore, prepareKeys } from '../../open-store.ts'
import { printStored } from './show.ts'

interface CreateCommandOptions {
  readonly file?: string
  readonly set?: Record<string, string>
  readonly kind?: string
  readonly description?: string
  readonly replace: boolean
  readonly ifNotExists: boolean
  readonly json: boolean
}

export function createCommand(): Command {
  return new Command('create')
    .description('keeps a connection under a name')
    .argument('<name>', 'letters, digits, _ and -, such as toronto')
    .option('--file <file>', 'connection file, or key file of a service account; - reads stdin')
    .option('--set <field=value>', 'a field; - as its value reads stdin. May be repeated', collectField)
    .option('--kind <kind>', 'kind of the connection')
    .option('--description <text>', 'what it is for')
    .option('--replace', 'replace a connection of that name', false)
    .option('--if-not-exists', 'leave a connection of that name as it is', false)
    .option('--json', 'machine-readable output', false)
    .action(create)
}

async function create(name: string, options: CreateCommandOptions): Promise<void> {
  const { kind, description, replace, ifNotExists, json } = options
  if (replace && ifNotExists) {
    throw new ConnectorError('BQC_CONFIG_INVALID', 'Use --replace or --if-not-exists, not both.')
  }
  const { values, directory } = await readGiven(options, kind)
  const store = openStore()
  await prepareKeys(store)
  const { created, ...stored } = await store.create(name, values, {
    mode: replace ? 'replace' : ifNotExists ? 'ifNotExists' : 'error',
    directory,
    ...(kind === undefined ? {} : { kind }),
    ...(description === undefined ? {} : { description }),
  })
  if (json) process.stdout.write(`${JSON.stringify({ ...stored, created })}\n`)
  else printStored(created ? `${name} is kept.` : `${name} was there already, and stays as it was.`, stored)
}
