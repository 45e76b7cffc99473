// bqc connection: named connections, kept and sealed on this machine.
import { Command } from 'commander'
import { authorizeCommand } from './authorize.ts'
import { bindCommand, referencesCommand, unbindCommand } from './bind.ts'
import { createCommand } from './create.ts'
import { describeCommand } from './describe.ts'
import { dropCommand } from './drop.ts'
import { listCommand } from './list.ts'
import { patchCommand } from './patch.ts'
import { resetCommand } from './reset.ts'
import { rotateCommand } from './rotate.ts'
import { testCommand } from './test.ts'
import { exportCommand, importCommand } from './transfer.ts'

export function connectionCommand(): Command {
  return new Command('connection')
    .description('keeps named connections, their secrets sealed')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(describeCommand())
    .addCommand(patchCommand())
    .addCommand(authorizeCommand())
    .addCommand(resetCommand())
    .addCommand(testCommand())
    .addCommand(dropCommand())
    .addCommand(bindCommand())
    .addCommand(unbindCommand())
    .addCommand(referencesCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addCommand(rotateCommand())
    .addHelpText(
      'after',
      `
Secrets are not typed on the command line. Give them by --file, by --set FIELD=- from stdin, or as references
that are looked up at each use: --set FIELD=env:NAME, --set FIELD=file:PATH.

Environment variables
  BQC_STORE        directory of the store; default ~/.config/bqc/store
  BQC_KEY_FILE     file of master keys; default the store's directory with .keys at its end
  BQC_MASTER_KEYS  master keys themselves, ID:BASE64 parted by commas; the first one seals
  BQC_ENVIRONMENT  environment that connections are used in, such as prod`,
    )
}
