// The OAuth scopes that may be asked for, in the words of the consent page.

const GOOGLE = 'https://www.googleapis.com/auth/'

const WORDS: Readonly<Record<string, string>> = {
  [`${GOOGLE}bigquery`]: 'View and manage your data in BigQuery, and run jobs',
  [`${GOOGLE}bigquery.insertdata`]: 'Insert data into BigQuery tables',
  [`${GOOGLE}bigquery.readonly`]: 'View your data in BigQuery',
  [`${GOOGLE}cloud-platform`]: 'See, edit, configure and delete your Google Cloud data',
  [`${GOOGLE}cloud-platform.read-only`]: 'View your data across Google Cloud services',
  [`${GOOGLE}devstorage.full_control`]: 'Manage your data and permissions in Cloud Storage',
  [`${GOOGLE}devstorage.read_only`]: 'View your data in Cloud Storage',
  [`${GOOGLE}devstorage.read_write`]: 'Manage your data in Cloud Storage',
  [`${GOOGLE}drive`]: 'See, edit, create and delete all of your Google Drive files',
  [`${GOOGLE}drive.readonly`]: 'See and download all your Google Drive files',
  [`${GOOGLE}iam`]: 'Work as service accounts that you may use',
  [`${GOOGLE}userinfo.email`]: 'See your primary e-mail address',
  [`${GOOGLE}userinfo.profile`]: 'See your personal info',
  openid: 'Associate you with your personal info',
  email: 'See your primary e-mail address',
  profile: 'See your personal info',
}

export function unknownScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => !Object.hasOwn(WORDS, scope))
}

export function wordsFor(scope: string): string {
  return WORDS[scope] ?? scope
}
