// Everything but rows, uploads and result pages: tables, jobs and lists, by one client over one transport.
import { createCall, openApi } from './api-call.ts'
import { type Jobs, openJobs } from './jobs.ts'
import { type Lists, openLists } from './lists.ts'
import type { Retry } from './retry.ts'
import { openTables, type Tables } from './tables.ts'
import type { Transport } from './transport.ts'

export interface ControlPlane extends Jobs, Lists, Tables {}

export function openControlPlane(transport: Transport, endpoint: string, retry: Retry): ControlPlane {
  const api = openApi(transport, endpoint)
  const call = createCall(retry)
  return {
    ...openTables(api, call),
    ...openJobs(api, call, { transport, endpoint, retry }),
    ...openLists(api, call),
  }
}
