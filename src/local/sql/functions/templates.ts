// Functions that are a piece of DuckDB SQL with their arguments filled in. The list is closed: a name
// that is not here (or in another list of this folder) does not exist, whatever DuckDB may know.

/** By name, then by number of arguments: $1, $2 ... stand for them. */
export type Templates = Readonly<Record<string, readonly string[]>>

/** The white space TRIM removes when no characters are given. */
const SPACE = `' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)`

const MATH: Templates = {
  ABS: ['abs($1)'],
  SIGN: ['sign($1)'],
  ROUND: ['bq_round($1)', 'bq_round_to($1, CAST($2 AS INTEGER))'],
  TRUNC: ['bq_trunc($1)'],
  CEIL: ['bq_ceil($1)'],
  CEILING: ['bq_ceil($1)'],
  FLOOR: ['bq_floor($1)'],
  SQRT: ['sqrt($1)'],
  POW: ['', 'pow($1, $2)'],
  POWER: ['', 'pow($1, $2)'],
  EXP: ['exp($1)'],
  LN: ['ln($1)'],
  LOG: ['ln($1)', '(ln($1) / ln($2))'],
  LOG10: ['log10($1)'],
  SIN: ['sin($1)'],
  COS: ['cos($1)'],
  TAN: ['tan($1)'],
  ASIN: ['asin($1)'],
  ACOS: ['acos($1)'],
  ATAN: ['atan($1)'],
  ATAN2: ['', 'atan2($1, $2)'],
  MOD: ['', 'bq_mod($1, $2)'],
  DIV: ['', 'bq_div($1, $2)'],
  SAFE_DIVIDE: ['', 'bq_safe_divide($1, $2)'],
  IEEE_DIVIDE: ['', '(CAST($1 AS DOUBLE) / CAST($2 AS DOUBLE))'],
  IS_NAN: ['isnan($1)'],
  IS_INF: ['isinf($1)'],
}

const TEXT: Templates = {
  LOWER: ['lower($1)'],
  UPPER: ['upper($1)'],
  LENGTH: ['bq_length($1)'],
  CHAR_LENGTH: ['length(CAST($1 AS VARCHAR))'],
  CHARACTER_LENGTH: ['length(CAST($1 AS VARCHAR))'],
  BYTE_LENGTH: ['bq_byte_length($1)'],
  OCTET_LENGTH: ['bq_byte_length($1)'],
  SUBSTR: ['', 'bq_substr_from($1, $2)', 'bq_substr($1, $2, $3)'],
  SUBSTRING: ['', 'bq_substr_from($1, $2)', 'bq_substr($1, $2, $3)'],
  LEFT: ['', 'bq_left($1, $2)'],
  RIGHT: ['', 'bq_right($1, $2)'],
  TRIM: [`trim($1, ${SPACE})`, 'trim($1, $2)'],
  LTRIM: [`ltrim($1, ${SPACE})`, 'ltrim($1, $2)'],
  RTRIM: [`rtrim($1, ${SPACE})`, 'rtrim($1, $2)'],
  REPLACE: ['', '', `(CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END)`],
  REVERSE: ['reverse($1)'],
  REPEAT: ['', 'repeat($1, $2)'],
  LPAD: ['', `lpad($1, CAST($2 AS INTEGER), ' ')`, 'lpad($1, CAST($2 AS INTEGER), $3)'],
  RPAD: ['', `rpad($1, CAST($2 AS INTEGER), ' ')`, 'rpad($1, CAST($2 AS INTEGER), $3)'],
  STARTS_WITH: ['', 'starts_with($1, $2)'],
  ENDS_WITH: ['', 'ends_with($1, $2)'],
  STRPOS: ['', 'strpos($1, $2)'],
  INSTR: ['', 'strpos($1, $2)'],
  CONTAINS_SUBSTR: ['', 'contains(lower(CAST($1 AS VARCHAR)), lower($2))'],
  SPLIT: [`string_split($1, ',')`, 'string_split($1, $2)'],
  ASCII: ['ascii($1)'],
  CHR: ['chr(CAST($1 AS INTEGER))'],
  TRANSLATE: ['', '', 'translate($1, $2, $3)'],
  REGEXP_CONTAINS: ['', 'regexp_matches($1, $2)'],
  REGEXP_REPLACE: ['', '', `regexp_replace($1, $2, $3, 'g')`],
  TO_HEX: ['lower(hex($1))'],
  FROM_HEX: ['unhex($1)'],
  TO_BASE64: ['to_base64($1)'],
  FROM_BASE64: ['from_base64($1)'],
  MD5: ['unhex(md5($1))'],
  SHA1: ['unhex(sha1($1))'],
  SHA256: ['unhex(sha256($1))'],
  GENERATE_UUID: ['CAST(uuid() AS VARCHAR)'],
}

const JSON_AND_ARRAYS: Templates = {
  TO_JSON_STRING: ['bq_to_json_string($1)'],
  PARSE_JSON: ['CAST($1 AS JSON)'],
  JSON_VALUE: [`bq_json_value($1, '$')`, 'bq_json_value($1, $2)'],
  JSON_EXTRACT_SCALAR: [`bq_json_value($1, '$')`, 'bq_json_value($1, $2)'],
  JSON_QUERY: [`bq_json_query($1, '$')`, 'bq_json_query($1, $2)'],
  JSON_EXTRACT: [`bq_json_query($1, '$')`, 'bq_json_query($1, $2)'],
  ARRAY_LENGTH: ['len($1)'],
  ARRAY_REVERSE: ['list_reverse($1)'],
  ARRAY_TO_STRING: ['', 'array_to_string($1, $2)'],
  GENERATE_ARRAY: ['', 'generate_series($1, $2)', 'generate_series($1, $2, $3)'],
}

const CONTROL: Templates = {
  NULLIF: ['', 'nullif($1, $2)'],
  NVL: ['', 'coalesce($1, $2)'],
  IFNULL: ['', 'coalesce($1, $2)'],
  ERROR: ['error($1)'],
  SESSION_USER: [`'local'`],
}

const TIME: Templates = {
  CURRENT_TIMESTAMP: ['now()'],
  UNIX_DATE: [`date_diff('day', DATE '1970-01-01', $1)`],
  DATE_FROM_UNIX_DATE: [`CAST(DATE '1970-01-01' + to_days(CAST($1 AS INTEGER)) AS DATE)`],
  UNIX_SECONDS: ['CAST(floor(epoch_us($1) / 1000000) AS BIGINT)'],
  UNIX_MILLIS: ['CAST(floor(epoch_us($1) / 1000) AS BIGINT)'],
  UNIX_MICROS: ['epoch_us($1)'],
  TIMESTAMP_SECONDS: ['make_timestamptz($1 * 1000000)'],
  TIMESTAMP_MILLIS: ['make_timestamptz($1 * 1000)'],
  TIMESTAMP_MICROS: ['make_timestamptz($1)'],
  LAST_DAY: ['last_day($1)'],
  DATE: ['CAST($1 AS DATE)', 'CAST(timezone($2, CAST($1 AS TIMESTAMPTZ)) AS DATE)', 'make_date($1, $2, $3)'],
  TIME: ['CAST($1 AS TIME)', '', 'make_time($1, $2, $3)'],
  DATETIME: [
    'CAST($1 AS TIMESTAMP)',
    'bq_datetime($1, $2)',
    '',
    '',
    '',
    'make_timestamp($1, $2, $3, $4, $5, CAST($6 AS DOUBLE))',
  ],
  TIMESTAMP: ['CAST($1 AS TIMESTAMPTZ)', 'timezone($2, CAST($1 AS TIMESTAMP))'],
  STRING: ['bq_to_string($1)'],
  CURRENT_DATE: ['CAST(timezone($1, now()) AS DATE)'],
  CURRENT_DATETIME: ['timezone($1, now())'],
}

export const TEMPLATES: Templates = { ...MATH, ...TEXT, ...JSON_AND_ARRAYS, ...CONTROL, ...TIME }

/** What the same names mean without arguments. */
export const WITHOUT_ARGUMENTS: Readonly<Record<string, string>> = {
  CURRENT_TIMESTAMP: 'now()',
  CURRENT_DATE: 'CAST(now() AS DATE)',
  CURRENT_DATETIME: 'CAST(now() AS TIMESTAMP)',
  CURRENT_TIME: 'CAST(CAST(now() AS TIMESTAMP) AS TIME)',
  GENERATE_UUID: 'CAST(uuid() AS VARCHAR)',
  RAND: 'random()',
  SESSION_USER: `'local'`,
}

export function fill(template: string, args: readonly string[]): string {
  return template.replace(/\$(\d)/g, (_match, digit: string) => args[Number(digit) - 1] ?? 'NULL')
}
