// projects.list and projects.getServiceAccount, as thin as a client needs to test a connection.
import { listPage, part, type Route, route } from './route.ts'

export const projectRoutes = (defaultProject: string): readonly Route[] => [
  route('GET', 'projects', ({ services, query }) => {
    const ids = [...new Set([defaultProject, ...services.catalog.projects()])]
    const { page, more } = listPage(ids, query)
    const projects = page.map((id) => ({
      kind: 'bigquery#project',
      id,
      numericId: numericId(id),
      projectReference: { projectId: id },
      friendlyName: id,
    }))
    return {
      kind: 'bigquery#projectList',
      etag: numericId(ids.join()),
      ...more,
      projects,
      totalItems: ids.length,
    }
  }),
  route('GET', 'projects/:project/serviceAccount', (request) => ({
    kind: 'bigquery#getServiceAccountResponse',
    email: `bq-${numericId(part(request, 'project'))}@bigquery-encryption.iam.gserviceaccount.com`,
  })),
]

/** A stable stand-in for the number Google gives a project. */
function numericId(projectId: string): string {
  let hash = 7
  for (const char of projectId) hash = (hash * 31 + char.charCodeAt(0)) % 900_000_000_000
  return String(100_000_000_000 + hash)
}
