import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readConnectionFile } from '../../src/cli/connection-values.ts'
import { directories } from '../fixtures/directories.ts'

const newPath = directories()

async function valuesOf(content: object): Promise<unknown> {
  const directory = newPath()
  mkdirSync(directory)
  const path = join(directory, 'connection.json')
  writeFileSync(path, JSON.stringify(content))
  return (await readConnectionFile(path)).values
}

it('a connection file stands for itself', async () => {
  const content = { projectId: 'demo', grant: 'none' }
  expect(await valuesOf(content)).toEqual(content)
})

it('a key file of a service account is a whole connection', async () => {
  const content = { type: 'service_account', project_id: 'demo', client_email: 'a@b.c', private_key: 'k' }
  expect(await valuesOf(content)).toEqual({
    grant: 'jwt-bearer',
    projectId: 'demo',
    serviceAccountKey: content,
  })
})

it.each([
  'authorized_user',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
])(
  'a credential file of the type %s is a connection but for the project, unless it names who pays',
  async (type) => {
    const content = { type, audience: 'x' }
    const paid = { ...content, quota_project_id: 'payer' }

    expect(await valuesOf(content)).toEqual({ grant: 'application-default', credentials: content })
    expect(await valuesOf(paid)).toEqual({
      grant: 'application-default',
      credentials: paid,
      projectId: 'payer',
    })
  },
)
