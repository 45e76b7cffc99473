// bqc connection patch: changes single fields of a stored connection.
import { Command, InvalidArgumentError } from 'commander'
import { collectField, readGiven } from '../../connection-values.ts'
import { openStore } from '../../open-store.ts'
import { printStored } from './show.ts'

interface PatchCommandOptions {
  readonly file?: string
  readonly set?: Record<string, string>
  readonly clear?: readonly string[]
  readonly environment?: string
  readonly description?: string
  readonly ifRevision?: number
  readonly json: boolean
}

export function patchCommand(): Command {
  return new Command('patch')
    .description('changes fields of a stored connection; the others stay')
    .argument('<name>', 'name of the connection')
    .option('--file <file>', 'JSON with the fields to set; null clears one; - reads stdin')
    .option('--set <field=value>', 'sets a field; - as its value reads stdin. May be repeated', collectField)
    .option('--clear <field...>', 'clears fields')
    .option('--environment <name>', 'change the values that this environment overrides')
    .option('--description <text>', "what it is for; '' clears it")
    .option('--if-revision <number>', 'only where this is the current revision', wholeNumber)
    .option('--json', 'machine-readable output', false)
    .action(patch)
}

async function patch(name: string, options: PatchCommandOptions): Promise<void> {
  const { file: _, set: __, clear = [], json, ...rest } = options
  const store = openStore()
  const { values, directory } = await readGiven(options, (await store.describe(name)).kind)
  const cleared = Object.fromEntries(clear.map((field) => [field, null]))
  const stored = await store.patch(name, { ...values, ...cleared }, { ...rest, directory })
  if (json) process.stdout.write(`${JSON.stringify(stored)}\n`)
  else printStored(`${name} is changed.`, stored)
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}
