// The functions there are, by signature. The list is closed: a name that is not here (or in another list
// of this folder) does not exist, whatever DuckDB may know.
import { readSignatures, type Signatures } from '../signatures.ts'

/** The white space TRIM removes when no characters are given. */
const SPACE = `' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)`

const unary = (names: string, check = ''): string =>
  names
    .split(' ')
    .map((name) => `${name.toUpperCase()}(FLOAT64) FLOAT64 = ${check === '' ? name : check}($1)\n`)
    .join('')

const DECIMALS = ['INT64', 'NUMERIC', 'BIGNUMERIC']
const perNumber = (line: string, types = [...DECIMALS, 'FLOAT64']): string =>
  types.map((type) => `${line.replace(/\bN\b/g, type)}\n`).join('')

const MATH = `
ABS(INT64) INT64 = abs($1)
ABS(NUMERIC) NUMERIC = abs($1)
ABS(BIGNUMERIC) BIGNUMERIC = abs($1)
ABS(FLOAT64) FLOAT64 = abs($1)
SIGN(INT64) INT64 = CAST(sign($1) AS BIGINT)
SIGN(NUMERIC) NUMERIC = CAST(sign($1) AS DECIMAL(38,9))
SIGN(FLOAT64) FLOAT64 = (CASE WHEN isnan($1) THEN $1 ELSE CAST(sign($1) AS DOUBLE) END)
ROUND(INT64) FLOAT64 = CAST($1 AS DOUBLE)
ROUND(FLOAT64) FLOAT64 = round($1)
ROUND(NUMERIC) NUMERIC = CAST(js_decimal_round(CAST($1 AS VARCHAR), 0, false) AS DECIMAL(38,9))
ROUND(INT64, INT64) FLOAT64 = js_float_round(CAST($1 AS DOUBLE), $2, false)
ROUND(FLOAT64, INT64) FLOAT64 = js_float_round($1, $2, false)
ROUND(NUMERIC, INT64) NUMERIC = CAST(js_decimal_round(CAST($1 AS VARCHAR), $2, false) AS DECIMAL(38,9))
TRUNC(INT64) FLOAT64 = CAST($1 AS DOUBLE)
TRUNC(FLOAT64) FLOAT64 = trunc($1)
TRUNC(NUMERIC) NUMERIC = CAST(js_decimal_round(CAST($1 AS VARCHAR), 0, true) AS DECIMAL(38,9))
TRUNC(INT64, INT64) FLOAT64 = js_float_round(CAST($1 AS DOUBLE), $2, true)
TRUNC(FLOAT64, INT64) FLOAT64 = js_float_round($1, $2, true)
TRUNC(NUMERIC, INT64) NUMERIC = CAST(js_decimal_round(CAST($1 AS VARCHAR), $2, true) AS DECIMAL(38,9))
CEIL|CEILING(INT64) FLOAT64 = CAST($1 AS DOUBLE)
CEIL|CEILING(FLOAT64) FLOAT64 = ceil($1)
CEIL|CEILING(NUMERIC) NUMERIC = CAST(ceil($1) AS DECIMAL(38,9))
FLOOR(INT64) FLOAT64 = CAST($1 AS DOUBLE)
FLOOR(FLOAT64) FLOAT64 = floor($1)
FLOOR(NUMERIC) NUMERIC = CAST(floor($1) AS DECIMAL(38,9))
SQRT(FLOAT64) FLOAT64 = bq_sqrt($1)
CBRT(FLOAT64) FLOAT64 = cbrt($1)
ROUND|TRUNC|CEIL|CEILING|FLOOR|SIGN|SQRT|EXP|LN|LOG|LOG10|CBRT(BIGNUMERIC) BIGNUMERIC = UNSUPPORTED
ROUND|TRUNC(BIGNUMERIC, INT64) BIGNUMERIC = UNSUPPORTED
LOG|MOD|DIV|POW|POWER|SAFE_DIVIDE|SAFE_MULTIPLY(BIGNUMERIC, BIGNUMERIC) BIGNUMERIC = UNSUPPORTED
POW|POWER(NUMERIC, NUMERIC) NUMERIC = UNSUPPORTED
SQRT|EXP|LN|LOG|LOG10|CBRT(NUMERIC) NUMERIC = UNSUPPORTED
LOG(NUMERIC, NUMERIC) NUMERIC = UNSUPPORTED
POW|POWER(FLOAT64, FLOAT64) FLOAT64 = bq_finite(pow($1, $2))
EXP(FLOAT64) FLOAT64 = bq_finite(exp($1))
LN(FLOAT64) FLOAT64 = ln(bq_positive($1))
LOG(FLOAT64) FLOAT64 = ln(bq_positive($1))
LOG(FLOAT64, FLOAT64) FLOAT64 = (ln(bq_positive($1)) / ln(bq_positive($2)))
LOG10(FLOAT64) FLOAT64 = log10(bq_positive($1))
${unary('sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh')}
ATAN2(FLOAT64, FLOAT64) FLOAT64 = atan2($1, $2)
COT(FLOAT64) FLOAT64 = (1 / bq_nonzero(tan($1)))
COTH(FLOAT64) FLOAT64 = (1 / bq_nonzero(tanh($1)))
CSC(FLOAT64) FLOAT64 = (1 / bq_nonzero(sin($1)))
CSCH(FLOAT64) FLOAT64 = (1 / bq_nonzero(sinh($1)))
SEC(FLOAT64) FLOAT64 = (1 / cos($1))
SECH(FLOAT64) FLOAT64 = (1 / cosh($1))
MOD(INT64, INT64) INT64 = ($1 % bq_nonzero($2))
MOD(NUMERIC, NUMERIC) NUMERIC = ($1 % bq_nonzero($2))
DIV(INT64, INT64) INT64 = ($1 // bq_nonzero($2))
DIV(NUMERIC, NUMERIC) NUMERIC = CAST(js_decimal_round(CAST(bq_numeric_divide($1, $2) AS VARCHAR), 0, true) AS DECIMAL(38,9))
SAFE_DIVIDE(FLOAT64, FLOAT64) FLOAT64 = bq_float_divide($1, $2)
SAFE_DIVIDE(NUMERIC, NUMERIC) NUMERIC = bq_numeric_divide($1, $2)
IEEE_DIVIDE(FLOAT64, FLOAT64) FLOAT64 = ($1 / $2)
IS_NAN(FLOAT64) BOOL = isnan($1)
IS_INF(FLOAT64) BOOL = isinf($1)
GREATEST(T, T...) T = bq_extreme([$1, $*], true)
LEAST(FLOAT64, FLOAT64...) FLOAT64 = bq_least_float([$1, $*])
LEAST(T, T...) T = bq_extreme([$1, $*], false)
RAND() FLOAT64 = random()
RANGE_BUCKET(T, ARRAY<T>) INT64 = bq_range_bucket($1, $2)
COSINE_DISTANCE(ARRAY<FLOAT64>, ARRAY<FLOAT64>) FLOAT64 = list_cosine_distance($1, $2)
EUCLIDEAN_DISTANCE(ARRAY<FLOAT64>, ARRAY<FLOAT64>) FLOAT64 = list_distance($1, $2)
BIT_COUNT(INT64) INT64 = CAST(bit_count($1) AS BIGINT)
FARM_FINGERPRINT(STRING) INT64 = js_farm_fingerprint(encode($1))
FARM_FINGERPRINT(BYTES) INT64 = js_farm_fingerprint($1)
`

const TEXT = `
LOWER(STRING) STRING = lower($1)
UPPER(STRING) STRING = bq_upper($1)
LENGTH(STRING) INT64 = length($1)
LENGTH(BYTES) INT64 = octet_length($1)
CHAR_LENGTH|CHARACTER_LENGTH(STRING) INT64 = length($1)
BYTE_LENGTH|OCTET_LENGTH(STRING) INT64 = strlen($1)
BYTE_LENGTH|OCTET_LENGTH(BYTES) INT64 = octet_length($1)
SUBSTR|SUBSTRING(STRING, INT64) STRING = bq_substr_from($1, $2)
SUBSTR|SUBSTRING(STRING, INT64, INT64) STRING = bq_substr($1, $2, $3)
SUBSTR|SUBSTRING(BYTES, INT64) BYTES = unhex(bq_substr_from(hex($1), bq_byte_place($2)))
SUBSTR|SUBSTRING(BYTES, INT64, INT64) BYTES = unhex(bq_substr(hex($1), bq_byte_place($2), 2 * $3))
LEFT(STRING, INT64) STRING = bq_left($1, $2)
RIGHT(STRING, INT64) STRING = bq_right($1, $2)
LEFT(BYTES, INT64) BYTES = unhex(bq_left(hex($1), 2 * $2))
RIGHT(BYTES, INT64) BYTES = unhex(bq_right(hex($1), 2 * $2))
CONCAT(STRING, STRING...) STRING = bq_concat([$1, $*])
CONCAT(STRING) STRING = $1
CONCAT(BYTES, BYTES...) BYTES = unhex(bq_concat(list_transform([$1, $*], lambda b$: hex(b$))))
TRIM(STRING) STRING = trim($1, ${SPACE})
TRIM(STRING, STRING) STRING = trim($1, $2)
LTRIM(STRING) STRING = ltrim($1, ${SPACE})
LTRIM(STRING, STRING) STRING = ltrim($1, $2)
RTRIM(STRING) STRING = rtrim($1, ${SPACE})
RTRIM(STRING, STRING) STRING = rtrim($1, $2)
REPLACE(STRING, STRING, STRING) STRING = (CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END)
REVERSE(STRING) STRING = array_to_string(list_reverse(regexp_extract_all($1, '(?s).')), '')
REVERSE(BYTES) BYTES = unhex(array_to_string(list_reverse(regexp_extract_all(hex($1), '..')), ''))
REPEAT(STRING, INT64) STRING = bq_repeat($1, $2)
LPAD(STRING, INT64) STRING = bq_lpad($1, $2, ' ')
LPAD(STRING, INT64, STRING) STRING = bq_lpad($1, $2, $3)
RPAD(STRING, INT64) STRING = bq_rpad($1, $2, ' ')
RPAD(STRING, INT64, STRING) STRING = bq_rpad($1, $2, $3)
STARTS_WITH(STRING, STRING) BOOL = starts_with($1, $2)
STARTS_WITH(BYTES, BYTES) BOOL = starts_with(hex($1), hex($2))
ENDS_WITH(STRING, STRING) BOOL = ends_with($1, $2)
ENDS_WITH(BYTES, BYTES) BOOL = ends_with(hex($1), hex($2))
STRPOS(STRING, STRING) INT64 = strpos($1, $2)
INSTR(STRING, STRING) INT64 = strpos($1, $2)
INSTR(STRING, STRING, INT64) INT64 = js_place($1, $2, $3, 1)
INSTR(STRING, STRING, INT64, INT64) INT64 = js_place($1, $2, $3, $4)
CONTAINS_SUBSTR(STRING, STRING) BOOL = contains(lower(js_normalize($1, 'NFKC')), lower(js_normalize($2, 'NFKC')))
SPLIT(STRING) ARRAY<STRING> = string_split($1, ',')
SPLIT(STRING, STRING) ARRAY<STRING> = bq_split($1, $2)
ASCII(STRING) INT64 = CAST(bq_ascii($1) AS BIGINT)
UNICODE(STRING) INT64 = CAST(CASE WHEN $1 = '' THEN 0 ELSE unicode($1) END AS BIGINT)
CHR(INT64) STRING = chr(CAST($1 AS INTEGER))
TRANSLATE(STRING, STRING, STRING) STRING = translate($1, $2, $3)
INITCAP(STRING) STRING = js_initcap($1, ' ' || chr(9) || chr(10) || chr(13) || '[](){}/|<>!?@"^#$&~_,.:;*%+-')
INITCAP(STRING, STRING) STRING = js_initcap($1, $2)
SOUNDEX(STRING) STRING = js_soundex($1)
EDIT_DISTANCE(STRING, STRING) INT64 = js_edit_distance($1, $2)
COLLATE(STRING, STRING) STRING = bq_collate($1, $2)
REGEXP_CONTAINS(STRING, STRING) BOOL = regexp_matches($1, $2)
REGEXP_REPLACE(STRING, STRING, STRING) STRING = regexp_replace($1, $2, $3, 'g')
REGEXP_INSTR(STRING, STRING) INT64 = js_regexp_place($1, $2, 1, 1, false)
REGEXP_INSTR(STRING, STRING, INT64) INT64 = js_regexp_place($1, $2, $3, 1, false)
REGEXP_INSTR(STRING, STRING, INT64, INT64) INT64 = js_regexp_place($1, $2, $3, $4, false)
REGEXP_INSTR(STRING, STRING, INT64, INT64, INT64) INT64 = js_regexp_place($1, $2, $3, $4, $5 = 1)
TO_HEX(BYTES) STRING = lower(hex($1))
FROM_HEX(STRING) BYTES = unhex(CASE WHEN length($1) % 2 = 1 THEN '0' || $1 ELSE $1 END)
TO_BASE64(BYTES) STRING = to_base64($1)
FROM_BASE64(STRING) BYTES = from_base64($1)
TO_BASE32(BYTES) STRING = js_to_base32($1)
FROM_BASE32(STRING) BYTES = js_from_base32($1)
TO_CODE_POINTS(STRING) ARRAY<INT64> = js_code_points($1)
TO_CODE_POINTS(BYTES) ARRAY<INT64> = list_transform(regexp_extract_all(hex($1), '..'), lambda h$: CAST('0x' || h$ AS BIGINT))
CODE_POINTS_TO_STRING(ARRAY<INT64>) STRING = js_from_code_points($1)
SAFE_CONVERT_BYTES_TO_STRING(BYTES) STRING = js_bytes_text($1)
MD5(STRING) BYTES = unhex(md5($1))
MD5(BYTES) BYTES = unhex(md5($1))
SHA1(STRING) BYTES = unhex(sha1($1))
SHA1(BYTES) BYTES = unhex(sha1($1))
SHA256(STRING) BYTES = unhex(sha256($1))
SHA256(BYTES) BYTES = unhex(sha256($1))
SHA512(STRING) BYTES = js_sha512(encode($1))
SHA512(BYTES) BYTES = js_sha512($1)
GENERATE_UUID() STRING = CAST(uuid() AS VARCHAR)
SESSION_USER() STRING = 'local'
NET.IP_FROM_STRING(STRING) BYTES = js_ip_bytes($1)
NET.SAFE_IP_FROM_STRING(STRING) BYTES = TRY(js_ip_bytes($1))
NET.IP_TO_STRING(BYTES) STRING = js_ip_text($1)
NET.IPV4_TO_INT64(BYTES) INT64 = CAST('0x' || hex($1) AS BIGINT)
NET.IPV4_FROM_INT64(INT64) BYTES = unhex(right('0000000' || printf('%X', $1), 8))
NET.HOST(STRING) STRING = js_host($1)
`

const ARRAYS = `
ARRAY_LENGTH(ARRAY<T>) INT64 = len($1)
ARRAY_REVERSE(ARRAY<T>) ARRAY<T> = list_reverse($1)
ARRAY_FIRST(ARRAY<T>) T = bq_at($1, 0)
ARRAY_LAST(ARRAY<T>) T = bq_at($1, len($1) - 1)
ARRAY_CONCAT(ARRAY<T>, ARRAY<T>...) ARRAY<T> = bq_flatten([$1, $*])
ARRAY_CONCAT(ARRAY<T>) ARRAY<T> = $1
ARRAY_TO_STRING(ARRAY<STRING>, STRING) STRING = js_join($1, $2)
ARRAY_TO_STRING(ARRAY<STRING>, STRING, STRING) STRING = bq_array_text($1, $2, $3)
ARRAY_INCLUDES(ARRAY<T>, T) BOOL = list_contains($1, $2)
ARRAY_IS_DISTINCT(ARRAY<T>) BOOL = bq_is_distinct($1)
ARRAY_SLICE(ARRAY<T>, INT64, INT64) ARRAY<T> = bq_slice($1, $2, $3)
ARRAY_MAX(ARRAY<T>) T = list_max($1)
ARRAY_MIN(ARRAY<T>) T = list_min($1)
ARRAY_SUM(ARRAY<INT64>) INT64 = CAST(list_sum($1) AS BIGINT)
ARRAY_SUM(ARRAY<FLOAT64>) FLOAT64 = list_sum($1)
ARRAY_AVG(ARRAY<FLOAT64>) FLOAT64 = list_avg($1)
GENERATE_ARRAY(INT64, INT64) ARRAY<INT64> = bq_series($1, $2, CAST(1 AS BIGINT))
GENERATE_ARRAY(INT64, INT64, INT64) ARRAY<INT64> = bq_series($1, $2, $3)
GENERATE_ARRAY(FLOAT64, FLOAT64) ARRAY<FLOAT64> = bq_series_of($1, $2, CAST(1 AS DOUBLE))
GENERATE_ARRAY(FLOAT64, FLOAT64, FLOAT64) ARRAY<FLOAT64> = bq_series_of($1, $2, $3)
GENERATE_ARRAY(NUMERIC, NUMERIC) ARRAY<NUMERIC> = bq_series_of($1, $2, CAST(1 AS DECIMAL(38,9)))
GENERATE_ARRAY(NUMERIC, NUMERIC, NUMERIC) ARRAY<NUMERIC> = bq_series_of($1, $2, $3)
`

const JSON_TEXT = `
PARSE_JSON(STRING) JSON = CAST(js_json_parse($1, 'exact') AS JSON)
PARSE_JSON(STRING, STRING) JSON = CAST(js_json_parse($1, $2) AS JSON)
JSON_VALUE|JSON_EXTRACT_SCALAR(STRING) STRING = js_json_value($1, '$')
JSON_VALUE|JSON_EXTRACT_SCALAR(STRING, STRING) STRING = js_json_value($1, $2)
JSON_VALUE|JSON_EXTRACT_SCALAR(JSON) STRING = js_json_value(CAST($1 AS VARCHAR), '$')
JSON_VALUE|JSON_EXTRACT_SCALAR(JSON, STRING) STRING = js_json_value(CAST($1 AS VARCHAR), $2)
JSON_QUERY|JSON_EXTRACT(STRING) STRING = nullif(js_json_query($1, '$'), 'null')
JSON_QUERY|JSON_EXTRACT(STRING, STRING) STRING = nullif(js_json_query($1, $2), 'null')
JSON_QUERY|JSON_EXTRACT(JSON) JSON = $1
JSON_QUERY|JSON_EXTRACT(JSON, STRING) JSON = CAST(js_json_query(CAST($1 AS VARCHAR), $2) AS JSON)
JSON_QUERY_ARRAY|JSON_EXTRACT_ARRAY(STRING) ARRAY<STRING> = js_json_array($1, '$', 'QUERY')
JSON_QUERY_ARRAY|JSON_EXTRACT_ARRAY(STRING, STRING) ARRAY<STRING> = js_json_array($1, $2, 'QUERY')
JSON_QUERY_ARRAY|JSON_EXTRACT_ARRAY(JSON) ARRAY<JSON> = CAST(js_json_array(CAST($1 AS VARCHAR), '$', 'QUERY') AS JSON[])
JSON_QUERY_ARRAY|JSON_EXTRACT_ARRAY(JSON, STRING) ARRAY<JSON> = CAST(js_json_array(CAST($1 AS VARCHAR), $2, 'QUERY') AS JSON[])
JSON_VALUE_ARRAY|JSON_EXTRACT_STRING_ARRAY(STRING) ARRAY<STRING> = js_json_array($1, '$', 'VALUE')
JSON_VALUE_ARRAY|JSON_EXTRACT_STRING_ARRAY(STRING, STRING) ARRAY<STRING> = js_json_array($1, $2, 'VALUE')
JSON_VALUE_ARRAY|JSON_EXTRACT_STRING_ARRAY(JSON) ARRAY<STRING> = js_json_array(CAST($1 AS VARCHAR), '$', 'VALUE')
JSON_VALUE_ARRAY|JSON_EXTRACT_STRING_ARRAY(JSON, STRING) ARRAY<STRING> = js_json_array(CAST($1 AS VARCHAR), $2, 'VALUE')
JSON_TYPE(JSON) STRING = js_json_type(CAST($1 AS VARCHAR))
JSON_KEYS(JSON) ARRAY<STRING> = js_json_keys(CAST($1 AS VARCHAR), 1000)
JSON_KEYS(JSON, INT64) ARRAY<STRING> = js_json_keys(CAST($1 AS VARCHAR), $2)
BOOL(JSON) BOOL = CAST(js_json_strict('BOOL', CAST($1 AS VARCHAR)) AS BOOLEAN)
INT64(JSON) INT64 = CAST(js_json_strict('INT64', CAST($1 AS VARCHAR)) AS BIGINT)
FLOAT64|DOUBLE(JSON) FLOAT64 = CAST(js_json_strict('FLOAT64', CAST($1 AS VARCHAR)) AS DOUBLE)
STRING(JSON) STRING = js_json_strict('STRING', CAST($1 AS VARCHAR))
LAX_BOOL(JSON) BOOL = CAST(js_json_lax('BOOL', CAST($1 AS VARCHAR)) AS BOOLEAN)
LAX_INT64(JSON) INT64 = CAST(js_json_lax('INT64', CAST($1 AS VARCHAR)) AS BIGINT)
LAX_FLOAT64|LAX_DOUBLE(JSON) FLOAT64 = CAST(js_json_lax('FLOAT64', CAST($1 AS VARCHAR)) AS DOUBLE)
LAX_STRING(JSON) STRING = js_json_lax('STRING', CAST($1 AS VARCHAR))
`

const CONTROL = `
NULLIF(FLOAT64, FLOAT64) FLOAT64 = nullif($1, CASE WHEN isnan($2) THEN NULL ELSE $2 END)
NULLIF(T, T) T = nullif($1, $2)
ERROR(STRING) T = error($1)
PARSE_NUMERIC(STRING) NUMERIC = CAST(js_text_decimal(replace($1, ',', ''), 9) AS DECIMAL(38,9))
PARSE_BIGNUMERIC(STRING) BIGNUMERIC = CAST(js_text_decimal(replace($1, ',', ''), 15) AS DECIMAL(38,15))
`

const zoned = (type: string, duckdb: string): string => `
CURRENT_${type}() ${type} = CAST(timezone('UTC', now()) AS ${duckdb})
CURRENT_${type}(STRING) ${type} = CAST(bq_in_zone(now(), $1) AS ${duckdb})
`

const TIME = `
CURRENT_TIMESTAMP() TIMESTAMP = now()
${zoned('DATE', 'DATE')}${zoned('TIME', 'TIME')}${zoned('DATETIME', 'TIMESTAMP')}
UNIX_DATE(DATE) INT64 = date_diff('day', DATE '1970-01-01', $1)
DATE_FROM_UNIX_DATE(INT64) DATE = bq_date(DATE '1970-01-01' + to_days(CAST($1 AS INTEGER)))
UNIX_SECONDS(TIMESTAMP) INT64 = CAST(floor(epoch_us($1) / 1000000) AS BIGINT)
UNIX_MILLIS(TIMESTAMP) INT64 = CAST(floor(epoch_us($1) / 1000) AS BIGINT)
UNIX_MICROS(TIMESTAMP) INT64 = epoch_us($1)
TIMESTAMP_SECONDS(INT64) TIMESTAMP = bq_within(make_timestamptz($1 * 1000000))
TIMESTAMP_MILLIS(INT64) TIMESTAMP = bq_within(make_timestamptz($1 * 1000))
TIMESTAMP_MICROS(INT64) TIMESTAMP = bq_within(make_timestamptz($1))
DATE(DATE) DATE = $1
DATE(DATETIME) DATE = CAST($1 AS DATE)
DATE(TIMESTAMP) DATE = CAST(timezone('UTC', $1) AS DATE)
DATE(TIMESTAMP, STRING) DATE = CAST(bq_in_zone($1, $2) AS DATE)
DATE(INT64, INT64, INT64) DATE = make_date($1, $2, $3)
TIME(TIME) TIME = $1
TIME(DATETIME) TIME = CAST($1 AS TIME)
TIME(TIMESTAMP) TIME = CAST(timezone('UTC', $1) AS TIME)
TIME(TIMESTAMP, STRING) TIME = CAST(bq_in_zone($1, $2) AS TIME)
TIME(INT64, INT64, INT64) TIME = make_time($1, $2, CAST($3 AS DOUBLE))
DATETIME(DATETIME) DATETIME = $1
DATETIME(DATE) DATETIME = CAST($1 AS TIMESTAMP)
DATETIME(TIMESTAMP) DATETIME = timezone('UTC', $1)
DATETIME(TIMESTAMP, STRING) DATETIME = bq_in_zone($1, $2)
DATETIME(DATE, TIME) DATETIME = ($1 + $2)
DATETIME(INT64, INT64, INT64, INT64, INT64, INT64) DATETIME = make_timestamp($1, $2, $3, $4, $5, CAST($6 AS DOUBLE))
TIMESTAMP(TIMESTAMP) TIMESTAMP = $1
TIMESTAMP(STRING) TIMESTAMP = bq_text_to_timestamp($1)
TIMESTAMP(STRING, STRING) TIMESTAMP = bq_from_zone(bq_text_to_datetime($1), $2)
TIMESTAMP(DATE) TIMESTAMP = timezone('UTC', CAST($1 AS TIMESTAMP))
TIMESTAMP(DATE, STRING) TIMESTAMP = bq_from_zone(CAST($1 AS TIMESTAMP), $2)
TIMESTAMP(DATETIME) TIMESTAMP = timezone('UTC', $1)
TIMESTAMP(DATETIME, STRING) TIMESTAMP = bq_from_zone($1, $2)
STRING(TIMESTAMP) STRING = bq_timestamp_text($1)
STRING(TIMESTAMP, STRING) STRING = bq_datetime_text(bq_in_zone($1, $2)) || regexp_replace(bq_format_in_zone('%Ez', $1, $2), ':00$', '')
STRING(DATE) STRING = bq_date_text($1)
STRING(TIME) STRING = bq_time_text($1)
STRING(DATETIME) STRING = bq_datetime_text($1)
FORMAT_DATE(STRING, DATE) STRING = js_format_time('DATE', $1, epoch_us($2), 0, 'UTC')
FORMAT_DATE|FORMAT_DATETIME(STRING, DATETIME) STRING = js_format_time('DATETIME', $1, epoch_us($2), 0, 'UTC')
FORMAT_TIME(STRING, TIME) STRING = js_format_time('TIME', $1, epoch_us(DATE '1970-01-01' + $2), 0, 'UTC')
FORMAT_TIMESTAMP(STRING, TIMESTAMP) STRING = js_format_time('TIMESTAMP', $1, epoch_us($2), 0, 'UTC')
FORMAT_TIMESTAMP(STRING, TIMESTAMP, STRING) STRING = bq_format_in_zone($1, $2, $3)
PARSE_DATE(STRING, STRING) DATE = CAST(make_timestamp(CAST(js_parse_time('DATE', $1, $2)[2:] AS BIGINT)) AS DATE)
PARSE_TIME(STRING, STRING) TIME = CAST(make_timestamp(CAST(js_parse_time('TIME', $1, $2)[2:] AS BIGINT)) AS TIME)
PARSE_DATETIME(STRING, STRING) DATETIME = make_timestamp(CAST(js_parse_time('DATETIME', $1, $2)[2:] AS BIGINT))
PARSE_TIMESTAMP(STRING, STRING) TIMESTAMP = make_timestamptz(CAST(js_parse_time('TIMESTAMP', $1, $2)[2:] AS BIGINT))
PARSE_TIMESTAMP(STRING, STRING, STRING) TIMESTAMP = bq_parsed(js_parse_time('TIMESTAMP', $1, $2), $3)
MAKE_INTERVAL(INT64?, INT64?, INT64?, INT64?, INT64?, INT64?) INTERVAL = bq_make_interval($1, $2, $3, $4, $5, $6)
JUSTIFY_HOURS(INTERVAL) INTERVAL = bq_justify_hours($1)
JUSTIFY_DAYS(INTERVAL) INTERVAL = bq_justify_days($1)
JUSTIFY_INTERVAL(INTERVAL) INTERVAL = bq_justify_days(bq_justify_hours($1))
`

const SAFE_ARITHMETIC = [
  ['SAFE_ADD', '+', 'bq_float_add'],
  ['SAFE_SUBTRACT', '-', 'bq_float_subtract'],
]
  .map(
    ([name, sign, float]) =>
      `${name}(FLOAT64, FLOAT64) FLOAT64 = ${float}($1, $2)\n${perNumber(`${name}(N, N) N = ($1 ${sign} $2)`, DECIMALS)}`,
  )
  .join('')

export const FUNCTIONS: Signatures = readSignatures(
  [MATH, TEXT, ARRAYS, JSON_TEXT, CONTROL, TIME].join('\n') +
    SAFE_ARITHMETIC +
    perNumber('SAFE_NEGATE(N) N = (-$1)') +
    `SAFE_MULTIPLY(INT64, INT64) INT64 = ($1 * $2)
SAFE_MULTIPLY(NUMERIC, NUMERIC) NUMERIC = bq_numeric_multiply($1, $2)
SAFE_MULTIPLY(FLOAT64, FLOAT64) FLOAT64 = bq_float_multiply($1, $2)
`,
)
