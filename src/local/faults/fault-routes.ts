// /_faults: shows, replaces and clears the rules while the server runs.
import { jsonValue, type Route, route } from '../routes/route.ts'

export const faultRoutes: readonly Route[] = [
  route('GET', '_faults', ({ services }) => ({ rules: services.faults.rules() })),
  route('PUT', '_faults', (request) => {
    const { faults } = request.services
    faults.replace(jsonValue(request))
    return { rules: faults.rules() }
  }),
  route('DELETE', '_faults', ({ services }) => {
    services.faults.replace([])
    return { rules: [] }
  }),
]
