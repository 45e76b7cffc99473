import { describe, expect, it } from 'vitest'
import { quotedTable, withTableNames } from '../../../src/operations/upsert/table-names.ts'

const loaded = { projectId: 'my-project', datasetId: 'shop', tableId: 'orders_1' }
const target = { projectId: 'my-project', datasetId: 'shop', tableId: 'orders' }

describe('the words of an SQL command', () => {
  it('stand for the quoted names of the tables, wherever they are', () => {
    const sql = 'DELETE FROM $QUERY_TARGET_TABLE WHERE id IN (SELECT id FROM $LOAD_TARGET_TABLE)'

    expect(withTableNames(sql, loaded, target, false)).toBe(
      'DELETE FROM `my-project.shop.orders` WHERE id IN (SELECT id FROM `my-project.shop.orders_1`)',
    )
  })

  it('may be quoted already', () => {
    expect(withTableNames('TRUNCATE TABLE `$QUERY_TARGET_TABLE`', loaded, target, false)).toBe(
      'TRUNCATE TABLE `my-project.shop.orders`',
    )
    expect(withTableNames('SELECT * FROM [$LOAD_TARGET_TABLE]', loaded, target, true)).toBe(
      'SELECT * FROM [my-project:shop.orders_1]',
    )
  })

  it('are whole words', () => {
    expect(withTableNames('SELECT $LOAD_TARGET_TABLES', loaded, target, false)).toBe(
      'SELECT $LOAD_TARGET_TABLES',
    )
  })

  it('need a table that they can stand for', () => {
    expect(() => withTableNames('SELECT * FROM $QUERY_TARGET_TABLE', loaded, undefined, false)).toThrow(
      expect.objectContaining({ code: 'BQC_CONFIG_INVALID' }),
    )
  })
})

it('a name cannot end its quotes', () => {
  expect(quotedTable({ ...target, tableId: 'a`b' })).toBe('`my-project.shop.a\\`b`')
})
