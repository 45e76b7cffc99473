import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableField } from '../../src/contract/table-schema.ts'
import { evolutionFaults } from '../../src/encoding/schema-evolution.ts'

const id: TableField = { name: 'id', type: 'INTEGER', mode: 'REQUIRED' }
const item: TableField = { name: 'item', type: 'STRING' }
const address: TableField = {
  name: 'address',
  type: 'RECORD',
  fields: [{ name: 'city', type: 'STRING' }],
}
const before = [id, item, address]

describe('An update of columns may', () => {
  it.each<[string, readonly TableField[]]>([
    ['leave them as they are, under the other spelling of a type', [{ ...id, type: 'INT64' }, item, address]],
    [
      'add NULLABLE and REPEATED columns',
      [...before, { name: 'a', type: 'DATE' }, { ...item, name: 'b', mode: 'REPEATED' }],
    ],
    ['relax a REQUIRED column', [{ ...id, mode: 'NULLABLE' }, item, address]],
    ['change a description', [{ ...id, description: 'the key' }, item, address]],
    [
      'add a field to a RECORD',
      [
        id,
        item,
        {
          ...address,
          fields: [
            { name: 'city', type: 'STRING' },
            { name: 'zip', type: 'STRING' },
          ],
        },
      ],
    ],
    [
      'add a RECORD with a REQUIRED field',
      [...before, { name: 'box', type: 'STRUCT', fields: [{ name: 'n', type: 'INT64', mode: 'REQUIRED' }] }],
    ],
    ['name a column in other letters', [{ ...id, name: 'ID' }, item, address]],
  ])('%s', (_, after) => {
    expect(evolutionFaults(before, after)).toEqual([])
  })

  it('give a table without columns any', () => {
    expect(evolutionFaults([], [id])).toEqual([])
  })
})

describe('An update of columns is refused with the reason when it would', () => {
  it.each<[string, readonly TableField[], string, string]>([
    ['drop a column', [id, address], '/schema/fields', 'column item, which the table has'],
    [
      'drop a field of a RECORD',
      [id, item, { ...address, fields: [] }],
      '/schema/fields/2/fields',
      'column address.city',
    ],
    ['change a type', [id, { ...item, type: 'DATE' }, address], '/schema/fields/1/type', 'must stay STRING'],
    [
      'widen a type',
      [{ ...id, type: 'NUMERIC' }, item, address],
      '/schema/fields/0/type',
      'SET DATA TYPE NUMERIC',
    ],
    [
      'tighten a mode',
      [id, { ...item, mode: 'REQUIRED' }, address],
      '/schema/fields/1/mode',
      'must stay NULLABLE',
    ],
    [
      'make a list of a value',
      [id, { ...item, mode: 'REPEATED' }, address],
      '/schema/fields/1/mode',
      'must stay NULLABLE',
    ],
    [
      'add a REQUIRED column',
      [...before, { ...id, name: 'n' }],
      '/schema/fields/3/mode',
      'must be NULLABLE or REPEATED',
    ],
    [
      'name a column twice',
      [...before, { ...item, name: 'ITEM' }],
      '/schema/fields/3/name',
      'must not stand twice',
    ],
  ])('%s', (_, after, path, message) => {
    expect(evolutionFaults(before, after)).toMatchObject([
      { path, message: expect.stringContaining(message) },
    ])
  })

  it('do several of them, with all the reasons', () => {
    const after = [
      { ...id, type: 'STRING' },
      { name: 'n', type: 'INT64', mode: 'REQUIRED' as const },
    ]

    expect(evolutionFaults(before, after).map(({ path }) => path)).toEqual([
      '/schema/fields',
      '/schema/fields',
      '/schema/fields/0/type',
      '/schema/fields/1/mode',
    ])
  })
})

describe('Evolution', () => {
  const field = fc.record({
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    type: fc.constantFrom('STRING', 'INT64', 'NUMERIC', 'DATE'),
    mode: fc.constantFrom('NULLABLE', 'REQUIRED', 'REPEATED'),
  })
  const fields = fc.uniqueArray(field, { selector: ({ name }) => name, minLength: 1, maxLength: 6 })

  const steps = fc.record({ added: fc.array(field, { maxLength: 3 }), relaxed: fc.boolean() })

  it('is never at fault where nothing changes', () => {
    fc.assert(
      fc.property(fields, (all) => {
        expect(evolutionFaults(all, all)).toEqual([])
      }),
    )
  })

  it('takes columns that are added and relaxed, and never lets that be taken back', () => {
    fc.assert(
      fc.property(fields, steps, (old, { added, relaxed }) => {
        const kept = old.map((one) =>
          relaxed && one.mode === 'REQUIRED' ? { ...one, mode: 'NULLABLE' as const } : one,
        )
        const fresh = added.map((one, at) => ({ ...one, name: `new_${at}`, mode: 'NULLABLE' as const }))
        const next = [...kept, ...fresh]
        const isSame = fresh.length === 0 && kept.every((one, at) => one === old[at])

        expect(evolutionFaults(old, next)).toEqual([])
        expect(evolutionFaults(next, old).length === 0).toBe(isSame)
      }),
    )
  })
})
