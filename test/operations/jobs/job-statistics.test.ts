import { describe, expect, it } from 'vitest'
import { statisticsOf } from '../../../src/operations/jobs/job-statistics.ts'

const times = { creationTime: '1000', startTime: '1250', endTime: '4000' }
const query = { query: { query: 'SELECT 1' } }

describe('the figures of a job', () => {
  it('are numbers, with what the query costs', () => {
    const job = {
      configuration: query,
      statistics: {
        ...times,
        query: {
          totalBytesProcessed: '1099511627000',
          totalBytesBilled: '1099511627776',
          totalSlotMs: '5300',
          cacheHit: false,
          numDmlAffectedRows: '7',
        },
      },
    }

    expect(statisticsOf(job, 6.25)).toEqual({
      bytesProcessed: 1099511627000,
      bytesBilled: 1099511627776,
      slotMs: 5300,
      rows: 7,
      cacheHit: false,
      queuedMs: 250,
      runMs: 2750,
      costEstimate: 6.25,
    })
  })

  it('of a dry run say what the query would read, and cost', () => {
    const job = {
      configuration: { ...query, dryRun: true },
      statistics: {
        creationTime: '1000',
        query: { totalBytesProcessed: '549755813888', totalBytesBilled: '0' },
      },
    }

    expect(statisticsOf(job, 5)).toEqual({ bytesProcessed: 549755813888, costEstimate: 2.5 })
  })

  it.each([
    ['without a price', 0, { query: { totalBytesBilled: '1' } }],
    ['on reserved slots', 5, { query: { totalBytesBilled: '1' }, reservation_id: 'p:US.r' }],
  ])('hold no cost %s', (_, price, statistics) => {
    expect(statisticsOf({ configuration: query, statistics }, price)).toEqual({ bytesBilled: 1 })
  })

  it.each([
    ['a load', { load: {} }, { load: { outputRows: '3' } }],
    ['a copy', { copy: {} }, { copy: { copiedRows: '3' } }],
  ])('of %s count its rows, and no cost', (_, configuration, statistics) => {
    expect(statisticsOf({ configuration, statistics: { ...times, ...statistics } }, 5)).toEqual({
      rows: 3,
      queuedMs: 250,
      runMs: 2750,
    })
  })

  it('leave out what BigQuery does not say', () => {
    expect(statisticsOf({ statistics: { query: { totalBytesBilled: '' } } }, 5)).toEqual({})
    expect(statisticsOf({}, 5)).toEqual({})
  })
})
