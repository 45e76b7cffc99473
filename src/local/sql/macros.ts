// What DuckDB lacks or does otherwise, as macros. DuckDB picks among overloads by argument type, which
// is how BigQuery's rules for INT64, FLOAT64, NUMERIC, STRING and BYTES are kept apart.
import type { Connection } from '../storage/engine.ts'

const DIVISION_BY_ZERO = `error('division by zero: ' || CAST(a AS VARCHAR) || ' / ' || CAST(b AS VARCHAR))`

const MACROS: Readonly<Record<string, readonly string[]>> = {
  bq_divide: [
    `(a BIGINT, b BIGINT) AS CASE WHEN b = 0 THEN ${DIVISION_BY_ZERO} ELSE CAST(a AS DOUBLE) / CAST(b AS DOUBLE) END`,
    `(a DOUBLE, b DOUBLE) AS CASE WHEN b = 0 THEN ${DIVISION_BY_ZERO} ELSE a / b END`,
    `(a HUGEINT, b HUGEINT) AS CASE WHEN b = 0 THEN ${DIVISION_BY_ZERO} ELSE CAST(a AS DOUBLE) / CAST(b AS DOUBLE) END`,
    `(a DECIMAL(38,9), b DECIMAL(38,9)) AS CASE WHEN b = 0 THEN ${DIVISION_BY_ZERO} ELSE CAST(a / b AS DECIMAL(38,9)) END`,
  ],
  bq_safe_divide: [
    '(a BIGINT, b BIGINT) AS CASE WHEN b = 0 THEN NULL ELSE CAST(a AS DOUBLE) / CAST(b AS DOUBLE) END',
    '(a DOUBLE, b DOUBLE) AS CASE WHEN b = 0 THEN NULL ELSE a / b END',
    '(a HUGEINT, b HUGEINT) AS CASE WHEN b = 0 THEN NULL ELSE CAST(a AS DOUBLE) / CAST(b AS DOUBLE) END',
    '(a DECIMAL(38,9), b DECIMAL(38,9)) AS CASE WHEN b = 0 THEN NULL ELSE CAST(a / b AS DECIMAL(38,9)) END',
  ],
  bq_mod: [
    `(a BIGINT, b BIGINT) AS CASE WHEN b = 0 THEN ${DIVISION_BY_ZERO} ELSE a % b END`,
    `(a DECIMAL(38,9), b DECIMAL(38,9)) AS CASE WHEN b = 0 THEN ${DIVISION_BY_ZERO} ELSE a % b END`,
  ],
  bq_div: [`(a BIGINT, b BIGINT) AS CASE WHEN b = 0 THEN ${DIVISION_BY_ZERO} ELSE a // b END`],
  bq_round: numeric('round'),
  bq_trunc: numeric('trunc'),
  bq_ceil: numeric('ceil'),
  bq_floor: numeric('floor'),
  bq_round_to: [
    '(a BIGINT, d INTEGER) AS round(CAST(a AS DOUBLE), d)',
    '(a DOUBLE, d INTEGER) AS round(a, d)',
    '(a DECIMAL(38,9), d INTEGER) AS CAST(CASE WHEN d >= 9 THEN a ELSE sign(a) * floor(abs(a) * CAST(pow(10, d) AS DECIMAL(38,9)) + 0.5) / CAST(pow(10, d) AS DECIMAL(38,9)) END AS DECIMAL(38,9))',
  ],
  bq_length: ['(a VARCHAR) AS length(a)', '(a BLOB) AS octet_length(a)'],
  bq_byte_length: ['(a VARCHAR) AS strlen(a)', '(a BLOB) AS octet_length(a)'],
  bq_substr_from: ['(s VARCHAR, p BIGINT) AS substr(s, CASE WHEN p = 0 OR p < -length(s) THEN 1 ELSE p END)'],
  bq_substr: [
    `(s VARCHAR, p BIGINT, n BIGINT) AS CASE WHEN n < 0 THEN error('Third argument in SUBSTR() cannot be negative') ELSE substr(s, CASE WHEN p = 0 OR p < -length(s) THEN 1 ELSE p END, n) END`,
  ],
  bq_left: [
    `(s VARCHAR, n BIGINT) AS CASE WHEN n < 0 THEN error('Second argument in LEFT() cannot be negative') ELSE "left"(s, n) END`,
  ],
  bq_right: [
    `(s VARCHAR, n BIGINT) AS CASE WHEN n < 0 THEN error('Second argument in RIGHT() cannot be negative') ELSE "right"(s, n) END`,
  ],
  bq_datetime: ['(a TIMESTAMPTZ, b VARCHAR) AS timezone(b, a)', '(a DATE, b TIME) AS a + b'],
  bq_to_string: [
    '(a VARCHAR) AS a',
    '(a BLOB) AS decode(a)',
    '(a BIGINT) AS CAST(a AS VARCHAR)',
    '(a HUGEINT) AS CAST(a AS VARCHAR)',
    '(a BOOLEAN) AS CAST(a AS VARCHAR)',
    `(a DOUBLE) AS regexp_replace(CAST(a AS VARCHAR), '\\.0$', '')`,
    `(a DECIMAL(38,9)) AS regexp_replace(regexp_replace(CAST(a AS VARCHAR), '0+$', ''), '\\.$', '')`,
    '(a DATE) AS CAST(a AS VARCHAR)',
    '(a TIME) AS CAST(a AS VARCHAR)',
    `(a TIMESTAMP) AS ${withFraction('')}`,
    `(a TIMESTAMPTZ) AS ${withFraction('+00')}`,
  ],
  bq_to_int64: [
    '(a BIGINT) AS a',
    '(a HUGEINT) AS CAST(a AS BIGINT)',
    '(a BOOLEAN) AS CAST(a AS BIGINT)',
    '(a DOUBLE) AS CAST(round(a) AS BIGINT)',
    '(a DECIMAL(38,9)) AS CAST(round(a) AS BIGINT)',
    `(a VARCHAR) AS CASE WHEN regexp_full_match(a, '\\s*[+-]?[0-9]+\\s*') THEN CAST(a AS BIGINT) WHEN a IS NOT NULL THEN error('Bad int64 value: ' || a) END`,
  ],
  bq_to_int64_safe: [
    '(a BIGINT) AS a',
    '(a HUGEINT) AS TRY_CAST(a AS BIGINT)',
    '(a BOOLEAN) AS CAST(a AS BIGINT)',
    '(a DOUBLE) AS TRY_CAST(round(a) AS BIGINT)',
    '(a DECIMAL(38,9)) AS TRY_CAST(round(a) AS BIGINT)',
    `(a VARCHAR) AS CASE WHEN regexp_full_match(a, '\\s*[+-]?[0-9]+\\s*') THEN TRY_CAST(a AS BIGINT) END`,
  ],
  bq_to_bool: [
    '(a BOOLEAN) AS a',
    '(a BIGINT) AS a <> 0',
    `(a VARCHAR) AS CASE lower(a) WHEN 'true' THEN true WHEN 'false' THEN false ELSE CASE WHEN a IS NOT NULL THEN error('Bad bool value: ' || a) END END`,
  ],
  bq_to_bool_safe: [
    '(a BOOLEAN) AS a',
    '(a BIGINT) AS a <> 0',
    `(a VARCHAR) AS CASE lower(a) WHEN 'true' THEN true WHEN 'false' THEN false END`,
  ],
  bq_to_bytes: ['(a VARCHAR) AS encode(a)', '(a BLOB) AS a'],
  // DuckDB writes these types otherwise than BigQuery; a column named like one is refused too, which is safe.
  bq_to_json_string: [
    `(a) AS CASE WHEN regexp_matches(typeof(a), 'TIME|BLOB|DOUBLE|DECIMAL|INTERVAL|HUGEINT') THEN error('Unsupported by the local BigQuery: TO_JSON_STRING of ' || typeof(a)) ELSE coalesce(CAST(to_json(a) AS VARCHAR), 'null') END`,
  ],
  bq_json_value: [
    `(a, p) AS CASE WHEN json_type(a, p) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE json_extract_string(a, p) END`,
  ],
  bq_json_query: [
    '(a JSON, p VARCHAR) AS json_extract(a, p)',
    `(a VARCHAR, p VARCHAR) AS CASE WHEN json_type(a, p) = 'NULL' THEN NULL ELSE CAST(json_extract(a, p) AS VARCHAR) END`,
  ],
  bq_at: [
    `(a, i) AS CASE WHEN a IS NULL OR i IS NULL THEN NULL WHEN i < 0 OR i >= len(a) THEN error('Array index ' || CAST(i AS VARCHAR) || ' is out of bounds') ELSE list_extract(a, i + 1) END`,
  ],
  bq_safe_at: ['(a, i) AS CASE WHEN i < 0 THEN NULL ELSE list_extract(a, i + 1) END'],
}

function numeric(name: string): readonly string[] {
  return [
    '(a BIGINT) AS CAST(a AS DOUBLE)',
    `(a DOUBLE) AS ${name}(a)`,
    `(a DECIMAL(38,9)) AS CAST(${name}(a) AS DECIMAL(38,9))`,
  ]
}

/** Fractions are written with no, three or six digits. */
function withFraction(zone: string): string {
  const micros = 'epoch_us(a) % 1000000'
  return (
    `strftime(a, '%Y-%m-%d %H:%M:%S') || CASE WHEN ${micros} = 0 THEN '' ` +
    `WHEN ${micros} % 1000 = 0 THEN strftime(a, '.%g') ELSE strftime(a, '.%f') END || '${zone}'`
  )
}

export async function installMacros(connection: Connection): Promise<void> {
  for (const [name, overloads] of Object.entries(MACROS))
    await connection.run(`CREATE OR REPLACE MACRO ${name}${overloads.join(', ')}`)
}
