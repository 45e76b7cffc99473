// What DuckDB lacks or does otherwise, as macros. The types of their arguments are settled before they
// are called; only those that differ by type alone carry types. What a lambda calls its own ends in $, as no
// column of a user does: DuckDB would take the column first.
import type { Connection } from '../storage/engine.ts'
import { registerNatives } from './native/register.ts'

/** Times of civil years 1 to 9999, in microseconds. */
const FIRST_MICROS = '-62135596800000000'
const END_MICROS = '253402300800000000'

const MACROS: Readonly<Record<string, string>> = {
  // Ends the query with a message, but not inside TRY; DuckDB's own error() cannot stand there.
  bq_fail: '(m) AS (CASE WHEN js_fail(m) IS NULL THEN NULL ELSE NULL END)',
  // DuckDB may compute what does not depend on the row even where it is not wanted, so this one does.
  bq_fail_at: `(m, x) AS bq_fail(m || substr(CAST(x AS VARCHAR), 1, 0))`,
  bq_divisor: `(b, a) AS (CASE WHEN b = 0 THEN bq_fail('division by zero: ' || CAST(a AS VARCHAR) || ' / ' || CAST(b AS VARCHAR)) ELSE b END)`,
  bq_nonzero: `(b) AS (CASE WHEN b = 0 THEN bq_fail_at('division by zero', b) ELSE b END)`,
  bq_positive: `(x) AS (CASE WHEN x <= 0 THEN bq_fail_at('Floating point error in function: logarithm of a number that is not positive', x) ELSE x END)`,
  bq_sqrt: `(x) AS (CASE WHEN x < 0 THEN bq_fail_at('Argument to SQRT cannot be negative', x) ELSE sqrt(x) END)`,
  bq_finite: `(x) AS list_transform([x], lambda v$: CASE WHEN isinf(v$) THEN bq_fail_at('Floating point overflow', v$) ELSE v$ END)[1]`,
  // Infinity from finite values is an overflow; the lambdas name each operand once.
  bq_bounded: `(r, free) AS (CASE WHEN isinf(r) AND NOT free THEN bq_fail_at('Floating point overflow', r) ELSE r END)`,
  bq_float_add:
    '(a, b) AS list_transform([[a, b]], lambda p$: bq_bounded(p$[1] + p$[2], isinf(p$[1]) OR isinf(p$[2])))[1]',
  bq_float_subtract:
    '(a, b) AS list_transform([[a, b]], lambda p$: bq_bounded(p$[1] - p$[2], isinf(p$[1]) OR isinf(p$[2])))[1]',
  bq_float_multiply:
    '(a, b) AS list_transform([[a, b]], lambda p$: bq_bounded(p$[1] * p$[2], isinf(p$[1]) OR isinf(p$[2])))[1]',
  bq_float_divide:
    '(a, b) AS list_transform([[a, b]], lambda p$: bq_bounded(p$[1] / bq_divisor(p$[2], p$[1]), isinf(p$[1]) OR isinf(p$[2])))[1]',
  bq_float_total:
    '(r, free) AS list_transform([struct_pack(r := r, free := free)], lambda p$: bq_bounded(p$.r, p$.free))[1]',
  bq_digits: `(x, most) AS list_transform([x], lambda v$: CASE WHEN abs(v$) > most THEN bq_fail_at('Numeric overflow', v$) ELSE v$ END)[1]`,
  // Small operands stay within DuckDB's 38 digits; the others go digit by digit. The lambda names each once.
  bq_numeric_multiply: `(a, b) AS list_transform([[a, b]], lambda p$:
    CASE WHEN abs(p$[1]) < 1000000000 AND abs(p$[2]) < 1000000000 THEN CAST(p$[1] * p$[2] AS DECIMAL(38,9))
    ELSE CAST(js_decimal_multiply(CAST(p$[1] AS VARCHAR), CAST(p$[2] AS VARCHAR)) AS DECIMAL(38,9)) END)[1]`,
  bq_units: '(x) AS CAST(abs(x) * 1000000000 AS HUGEINT)',
  bq_numeric_divide: `(a, b) AS list_transform([[a, b]], lambda p$:
    CASE WHEN abs(p$[1]) < 1000000000000000000 AND abs(p$[2]) < 1000000000000000000 AND p$[2] <> 0
    THEN CAST(CASE WHEN (p$[1] < 0) = (p$[2] < 0) THEN 1 ELSE -1 END
      * CAST((bq_units(p$[1]) * 2000000000 + bq_units(p$[2])) // (2 * bq_units(p$[2])) AS DECIMAL(38,0))
      * CAST(0.000000001 AS DECIMAL(9,9)) AS DECIMAL(38,9))
    ELSE CAST(js_decimal_divide(CAST(p$[1] AS VARCHAR), CAST(p$[2] AS VARCHAR)) AS DECIMAL(38,9)) END)[1]`,
  bq_numeric_average:
    '(total, n) AS (CASE WHEN n > 0 THEN bq_numeric_divide(total, CAST(n AS DECIMAL(38,9))) END)',
  bq_decimal_text: `(s) AS (CASE WHEN contains(s, '.') THEN rtrim(rtrim(s, '0'), '.') ELSE s END)`,
  bq_float_to_int64: `(x) AS CAST(trunc(x + CASE WHEN abs(x) >= 4503599627370496 THEN 0 WHEN x < 0 THEN -0.5 ELSE 0.5 END) AS BIGINT)`,
  bq_text_to_int64: `(s) AS (CASE
    WHEN regexp_full_match(s, '\\s*[+-]?[0-9]+\\s*') THEN CAST(s AS BIGINT)
    WHEN regexp_full_match(s, '\\s*[+-]?0[xX][0-9a-fA-F]+\\s*') THEN CAST(replace(trim(s), '+', '') AS BIGINT)
    WHEN s IS NOT NULL THEN bq_fail('Bad int64 value: ' || s) END)`,
  bq_text_to_float64: `(s) AS (CASE
    WHEN regexp_full_match(s, '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*|(?i)\\s*[+-]?(nan|inf|infinity)\\s*') THEN bq_float_total(CAST(trim(s) AS DOUBLE), contains(lower(s), 'inf'))
    WHEN s IS NOT NULL THEN bq_fail('Bad double value: ' || s) END)`,
  bq_text_to_bool: `(s) AS (CASE lower(trim(s)) WHEN 'true' THEN true WHEN 'false' THEN false
    ELSE CASE WHEN s IS NOT NULL THEN bq_fail('Bad bool value: ' || s) END END)`,
  bq_text_to_date: `(s) AS (CASE
    WHEN regexp_full_match(s, '\\s*[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}\\s*') THEN CAST(s AS DATE)
    WHEN regexp_full_match(s, '\\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ tT][0-9:.]+.*') THEN CAST(CAST(s AS TIMESTAMP) AS DATE)
    WHEN s IS NOT NULL THEN bq_fail('Invalid date: ''' || s || '''') END)`,
  bq_text_to_time: `(s) AS (CASE
    WHEN regexp_full_match(s, '\\s*([01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](\\.[0-9]{1,6})?\\s*') THEN CAST(s AS TIME)
    WHEN s IS NOT NULL THEN bq_fail('Invalid time string "' || s || '"') END)`,
  bq_text_to_datetime: `(s) AS (CASE
    WHEN regexp_full_match(s, '\\s*[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}([ tT][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]{1,6})?)?)?\\s*')
      THEN CAST(s AS TIMESTAMP)
    WHEN s IS NOT NULL THEN bq_fail('Invalid datetime string "' || s || '"') END)`,
  bq_text_to_timestamp: `(s) AS (CASE
    WHEN regexp_full_match(s, '\\s*[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}([ tT][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]{1,6})?)?)?\\s*([zZ]|UTC|[+-][0-9]{1,2}(:?[0-9]{2})?| [A-Za-z_]+/[A-Za-z_/]+)?')
      THEN CASE WHEN regexp_matches(s, '[A-Za-z]/')
        THEN bq_from_named_zone(CAST(regexp_extract(s, '^\\s*([0-9: .tT-]*[0-9])', 1) AS TIMESTAMP), regexp_extract(s, '([A-Za-z_]+/.*)$', 1))
        ELSE CAST(s AS TIMESTAMPTZ) END
    WHEN s IS NOT NULL THEN bq_fail('Invalid timestamp: ''' || s || '''') END)`,
  bq_limit_length: `(x, n) AS (CASE WHEN length(x) > n THEN bq_fail('Maximum length ' || n || ' exceeded') ELSE x END)`,
  bq_date_text: `(d) AS strftime(d, '%Y-%m-%d')`,
  bq_time_text: `(t) AS strftime(DATE '2000-01-01' + t, '%H:%M:%S') || bq_fraction(epoch_us(DATE '1970-01-01' + t))`,
  bq_datetime_text: `(t) AS strftime(t, '%Y-%m-%d %H:%M:%S') || bq_fraction(epoch_us(t))`,
  bq_timestamp_text: `(t) AS strftime(timezone('UTC', t), '%Y-%m-%d %H:%M:%S') || bq_fraction(epoch_us(t)) || '+00'`,
  // Fractions are written with no, three or six digits.
  bq_fraction: `(us) AS (CASE WHEN us % 1000000 = 0 THEN ''
    WHEN us % 1000 = 0 THEN '.' || lpad(CAST((us % 1000000 + 1000000) % 1000000 // 1000 AS VARCHAR), 3, '0')
    ELSE '.' || lpad(CAST((us % 1000000 + 1000000) % 1000000 AS VARCHAR), 6, '0') END)`,
  // Every element is so many steps from the start: the end of a month stays the end of a month.
  bq_month_series: `(a, b, s) AS list_transform([struct_pack(a := CAST(a AS TIMESTAMP), b := CAST(b AS TIMESTAMP), s := s)], lambda p$:
    list_filter(list_transform(range(len(generate_series(date_trunc('month', p$.a), date_trunc('month', p$.b), p$.s))), lambda i$: p$.a + p$.s * i$),
      lambda d$: CASE WHEN p$.a + p$.s > p$.a THEN d$ <= p$.b ELSE d$ >= p$.b END))[1]`,
  bq_date: `(x) AS CAST(bq_within(x) AS DATE)`,
  bq_within: `(x) AS list_transform([x], lambda v$: CASE WHEN epoch_us(v$) < ${FIRST_MICROS} OR epoch_us(v$) >= ${END_MICROS}
    THEN bq_fail_at('The result is outside the years 1 to 9999', v$) ELSE v$ END)[1]`,
  // A zone is a name or an offset such as -04:30.
  bq_offset: `(z) AS (CASE WHEN starts_with(z, '-') THEN -1 ELSE 1 END
    * (CAST(regexp_extract(z, '^[+-]([0-9]{1,2})', 1) AS BIGINT) * 3600000000
    + coalesce(TRY_CAST(regexp_extract(z, ':([0-9]{2})$', 1) AS BIGINT), 0) * 60000000))`,
  bq_in_zone: `(t, z) AS (CASE WHEN regexp_full_match(z, '[+-][0-9]{1,2}(:[0-9]{2})?') THEN make_timestamp(epoch_us(t) + bq_offset(z)) ELSE timezone(z, t) END)`,
  bq_from_zone: `(t, z) AS (CASE WHEN regexp_full_match(z, '[+-][0-9]{1,2}(:[0-9]{2})?') THEN make_timestamptz(epoch_us(t) - bq_offset(z)) ELSE bq_from_named_zone(t, z) END)`,
  // An hour that comes twice means its first time, which the offset of the day before gives.
  bq_from_named_zone: `(t, z) AS list_transform([struct_pack(l := t, c := timezone(z, t))], lambda p$:
    list_transform([make_timestamptz(epoch_us(p$.l) - epoch_us(timezone(z, p$.c - to_days(1))) + epoch_us(p$.c) - 86400000000)],
      lambda e$: CASE WHEN e$ < p$.c AND timezone(z, e$) = p$.l THEN e$ ELSE p$.c END)[1])[1]`,
  bq_format_in_zone: `(f, t, z) AS js_format_time('TIMESTAMP', f, epoch_us(bq_in_zone(t, z)), epoch_us(bq_in_zone(t, z)) - epoch_us(t), z)`,
  bq_parsed: `(p, z) AS (CASE WHEN starts_with(p, 'z') THEN make_timestamptz(CAST(p[2:] AS BIGINT))
    ELSE bq_from_zone(make_timestamp(CAST(p[2:] AS BIGINT)), z) END)`,
  bq_make_interval: `(y, mo, d, h, mi, s) AS (to_months(CAST(coalesce(12 * y, 0) + coalesce(mo, 0) AS INTEGER)) + to_days(CAST(coalesce(d, 0) AS INTEGER))
    + to_microseconds(coalesce(h, 0) * 3600000000 + coalesce(mi, 0) * 60000000 + coalesce(s, 0) * 1000000))`,
  bq_without_months: `(v) AS (CASE WHEN year(v) <> 0 OR month(v) <> 0 THEN bq_fail_at('TIMESTAMP +/- INTERVAL is not supported for intervals with non-zero MONTH or YEAR part', v) ELSE v END)`,
  bq_interval_micros: `(v) AS (CAST(hour(v) AS BIGINT) * 3600000000 + minute(v) * 60000000 + microsecond(v))`,
  bq_text_to_interval: `(s) AS list_transform([js_interval_parts(s)], lambda p$:
    to_months(CAST(p$[1] AS INTEGER)) + to_days(CAST(p$[2] AS INTEGER)) + to_microseconds(p$[3]))[1]`,
  bq_interval_months: '(v) AS CAST(year(v) * 12 + month(v) AS BIGINT)',
  bq_width: `(w) AS (CASE WHEN w <= 0 THEN bq_fail_at('The width of a bucket must be positive', w) ELSE w END)`,
  // The start of the bucket that holds t, where one bucket starts at o: times in microseconds, or dates by months.
  bq_bucket: `(t, w, o) AS list_transform([struct_pack(t := t, w := bq_width(w), o := o)], lambda p$:
    p$.t - (((p$.t - p$.o) % p$.w) + p$.w) % p$.w)[1]`,
  bq_month_bucket: `(t, w, o) AS list_transform([struct_pack(t := CAST(t AS TIMESTAMP), w := bq_width(w), o := CAST(o AS TIMESTAMP))], lambda p$:
    list_transform([bq_bucket(CAST(12 * year(p$.t) + month(p$.t) - 12 * year(p$.o) - month(p$.o) AS BIGINT), p$.w, 0)], lambda m$:
      p$.o + to_months(CAST(CASE WHEN p$.o + to_months(CAST(m$ AS INTEGER)) > p$.t THEN m$ - p$.w ELSE m$ END AS INTEGER)))[1])[1]`,
  bq_justify_hours: `(v) AS (to_months(CAST(year(v) * 12 + month(v) AS INTEGER)) + to_days(CAST(day(v) + bq_interval_micros(v) // 86400000000 AS INTEGER))
    + to_microseconds(bq_interval_micros(v) % 86400000000))`,
  bq_justify_days: `(v) AS (to_months(CAST(year(v) * 12 + month(v) + day(v) // 30 AS INTEGER)) + to_days(CAST(day(v) % 30 AS INTEGER))
    + to_microseconds(bq_interval_micros(v)))`,
  bq_range: `(a, b) AS (CASE WHEN a >= b THEN bq_fail_at('RANGE start must be before its end', a) ELSE struct_pack("start" := a, "end" := b) END)`,
  bq_range_contains: `(r, v) AS (CASE WHEN r IS NULL OR v IS NULL THEN NULL ELSE coalesce(r."start" <= v, true) AND coalesce(v < r."end", true) END)`,
  bq_range_covers: `(r, o) AS (CASE WHEN r IS NULL OR o IS NULL THEN NULL ELSE
    (r."start" IS NULL OR coalesce(r."start" <= o."start", false)) AND (r."end" IS NULL OR coalesce(o."end" <= r."end", false)) END)`,
  bq_range_overlaps: `(a, b) AS (CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE
    coalesce(a."start" < b."end", true) AND coalesce(b."start" < a."end", true) END)`,
  bq_range_intersect: `(a, b) AS (CASE WHEN NOT bq_range_overlaps(a, b) THEN bq_fail_at('The ranges do not overlap', a)
    WHEN a IS NULL OR b IS NULL THEN NULL ELSE struct_pack("start" := greatest(a."start", b."start"), "end" := least(a."end", b."end")) END)`,
  bq_substr_from: '(s, p) AS substr(s, CASE WHEN p = 0 OR p < -length(s) THEN 1 ELSE p END)',
  bq_substr: `(s, p, n) AS (CASE WHEN n < 0 THEN bq_fail_at('Third argument in SUBSTR() cannot be negative', n)
    ELSE substr(s, CASE WHEN p = 0 OR p < -length(s) THEN 1 ELSE p END, n) END)`,
  bq_byte_place: '(p) AS (CASE WHEN p > 0 THEN 2 * p - 1 ELSE 2 * p END)',
  bq_left: `(s, n) AS (CASE WHEN n < 0 THEN bq_fail_at('Second argument in LEFT() cannot be negative', n) ELSE "left"(s, n) END)`,
  bq_right: `(s, n) AS (CASE WHEN n < 0 THEN bq_fail_at('Second argument in RIGHT() cannot be negative', n) ELSE "right"(s, n) END)`,
  bq_repeat: `(s, n) AS (CASE WHEN n < 0 THEN bq_fail_at('Second argument in REPEAT() cannot be negative', n) ELSE repeat(s, n) END)`,
  bq_lpad: `(s, n, p) AS (CASE WHEN n < 0 OR p = '' THEN bq_fail_at('Invalid arguments of LPAD', n) ELSE lpad(s, CAST(n AS INTEGER), p) END)`,
  bq_rpad: `(s, n, p) AS (CASE WHEN n < 0 OR p = '' THEN bq_fail_at('Invalid arguments of RPAD', n) ELSE rpad(s, CAST(n AS INTEGER), p) END)`,
  bq_ascii: `(s) AS (CASE WHEN s = '' THEN 0 WHEN ascii(s) > 127 THEN bq_fail_at('Non-ASCII character in ASCII', s) ELSE ascii(s) END)`,
  bq_collate: `(s, c) AS (CASE WHEN c <> '' THEN bq_fail('Unsupported by the local BigQuery: collation ' || c) ELSE s END)`,
  // A string that is empty splits into one empty string, and so it does in DuckDB unless the separator is empty too.
  bq_split: `(s, d) AS (CASE WHEN s = '' THEN [''] ELSE string_split(s, d) END)`,
  // NULL if any part is NULL, where DuckDB would skip it.
  bq_concat: `(l) AS (CASE WHEN list_count(l) = len(l) THEN array_to_string(l, '') END)`,
  bq_any: `(l) AS (CASE WHEN list_contains(l, true) THEN true WHEN list_count(l) < len(l) THEN NULL ELSE false END)`,
  bq_upper: '(s) AS (CASE WHEN strlen(s) = length(s) THEN upper(s) ELSE js_upper(s) END)',
  bq_extreme:
    '(l, most) AS (CASE WHEN list_count(l) = len(l) THEN CASE WHEN most THEN list_max(l) ELSE list_min(l) END END)',
  bq_least_float: `(l) AS (CASE WHEN list_count(l) = len(l) THEN CASE WHEN list_contains(l, CAST('nan' AS DOUBLE)) THEN CAST('nan' AS DOUBLE) ELSE list_min(l) END END)`,
  bq_flatten: '(l) AS (CASE WHEN list_count(l) = len(l) THEN flatten(l) END)',
  bq_array_concat: '(a, b) AS (CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN list_concat(a, b) END)',
  // NaN is below all numbers, and NULL above or below everything; the direction may turn that round.
  bq_sort_floats: `(l, direction, high) AS list_transform(list_sort(list_transform(l, lambda x$:
    struct_pack(k := CASE WHEN x$ IS NOT NULL THEN CASE WHEN isnan(x$) THEN 1 ELSE 2 END WHEN high THEN 3 ELSE 0 END, v := x$)), direction), lambda p$: p$.v)`,
  bq_no_nan: `(x) AS list_transform([x], lambda v$: CASE WHEN isnan(v$) THEN bq_fail_at('Unsupported by the local BigQuery: NaN under a RANGE frame with an offset', v$) ELSE v$ END)[1]`,
  bq_array_text: '(l, d, n) AS js_join(list_transform(l, lambda x$: coalesce(x$, n)), d)',
  bq_is_distinct:
    '(l) AS (len(l) = len(list_distinct(l)) + CASE WHEN list_count(l) < len(l) THEN 1 ELSE 0 END)',
  bq_slice: `(l, a, b) AS list_slice(l, CASE WHEN a < 0 THEN greatest(len(l) + a, 0) ELSE a END + 1, CASE WHEN b < 0 THEN len(l) + b ELSE b END + 1)`,
  bq_series: `(a, b, s) AS (CASE WHEN s = 0 THEN bq_fail_at('Sequence step cannot be 0.', s) ELSE generate_series(a, b, s) END)`,
  bq_series_of: `(a, b, s) AS (CASE WHEN s = 0 THEN bq_fail_at('Sequence step cannot be 0.', s)
    WHEN (b - a) / s < 0 THEN [] ELSE list_transform(range(CAST(floor((b - a) / s) AS BIGINT) + 1), lambda i$: a + i$ * s) END)`,
  bq_range_bucket: `(x, l) AS (CASE WHEN x IS NOT NULL AND l IS NOT NULL THEN len(list_filter(l, lambda e$: e$ <= x)) END)`,
  bq_positive_place: `(p) AS (CASE WHEN p < 1 THEN bq_fail_at('Position and occurrence must be positive', p) ELSE p END)`,
  bq_top_count: `(l, n) AS (SELECT list(struct_pack("value" := v, "count" := c) ORDER BY c DESC, v)[1:n]
    FROM (SELECT v, count(*) AS c FROM (SELECT unnest(l) AS v) GROUP BY v))`,
  bq_top_sum: `(l, n) AS (SELECT list(struct_pack("value" := v, "sum" := c) ORDER BY c DESC, v)[1:n]
    FROM (SELECT e.v AS v, sum(e.w) AS c FROM (SELECT unnest(l) AS e) GROUP BY 1))`,
  bq_at: `(a, i) AS (CASE WHEN a IS NULL OR i IS NULL THEN NULL
    WHEN i < 0 OR i >= len(a) THEN bq_fail_at('Array index ' || CAST(i AS VARCHAR) || ' is out of bounds', len(a)) ELSE list_extract(a, i + 1) END)`,
  bq_safe_at: '(a, i) AS (CASE WHEN i < 0 THEN NULL ELSE list_extract(a, i + 1) END)',
}

export async function installMacros(connection: Connection): Promise<void> {
  await registerNatives(connection)
  const installed = new Set<string>()
  const install = async (name: string): Promise<void> => {
    if (installed.has(name)) return
    installed.add(name)
    // DuckDB wants what a macro uses to be there before it.
    for (const [used] of (MACROS[name] ?? '').matchAll(/\bbq_\w+/g)) await install(used)
    await connection.run(`CREATE OR REPLACE MACRO ${name}${MACROS[name]}`)
  }
  for (const name of Object.keys(MACROS)) await install(name)
}
