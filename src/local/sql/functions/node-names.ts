// The parser gives many functions a node kind of their own. This table turns them back into a name and
// arguments, so that one list decides what exists.

/** Functions that the parser reads with too few arguments go past it under a name it does not know. */
export const UNREAD: readonly string[] = ['INSTR']
export const unreadName = (name: string): string => `${name}__`
export const readName = (name: string): string =>
  UNREAD.some((one) => name.toUpperCase().endsWith(unreadName(one))) ? name.slice(0, -2) : name

/** Kind, then the function's name and the keys of its arguments in order. */
export const FUNCTION_NODES: Readonly<Record<string, readonly [name: string, ...keys: string[]]>> = {
  abs: ['ABS', 'this'],
  round: ['ROUND', 'this', 'decimals'],
  lower: ['LOWER', 'this'],
  upper: ['UPPER', 'this'],
  length: ['LENGTH', 'this'],
  substring: ['SUBSTR', 'this', 'start', 'length'],
  trim: ['TRIM', 'this', 'characters'],
  starts_with: ['STARTS_WITH', 'this', 'expression'],
  ends_with: ['ENDS_WITH', 'this', 'expression'],
  str_position: ['INSTR', 'this', 'substr', 'position', 'occurrence'],
  json_value: ['JSON_VALUE', 'this', 'path'],
  json_query: ['JSON_QUERY', 'this', 'path'],
  json_extract: ['JSON_EXTRACT', 'this', 'path'],
  json_extract_scalar: ['JSON_EXTRACT_SCALAR', 'this', 'path'],
  parse_json: ['PARSE_JSON', 'this'],
  mod_func: ['MOD', 'this', 'expression'],
  power: ['POW', 'this', 'expression'],
  safe_divide: ['SAFE_DIVIDE', 'this', 'expression'],
  array_length: ['ARRAY_LENGTH', 'this'],
  array_reverse: ['ARRAY_REVERSE', 'this'],
  rand: ['RAND'],
  sqrt: ['SQRT', 'this'],
  ln: ['LN', 'this'],
  log: ['LOG', 'this', 'base'],
  exp: ['EXP', 'this'],
  floor: ['FLOOR', 'this'],
  ceil: ['CEIL', 'this'],
  sin: ['SIN', 'this'],
  cos: ['COS', 'this'],
  tan: ['TAN', 'this'],
  asin: ['ASIN', 'this'],
  acos: ['ACOS', 'this'],
  atan: ['ATAN', 'this'],
  atan2: ['ATAN2', 'this', 'expression'],
  timestamp: ['TIMESTAMP', 'this', 'zone'],
  nvl: ['NVL', 'this', 'expression'],
  to_json: ['TO_JSON', 'this'],
  json_type: ['JSON_TYPE', 'this'],
  json_keys: ['JSON_KEYS', 'this'],
  initcap: ['INITCAP', 'this', 'delimiters'],
  normalize: ['NORMALIZE', 'this', 'form'],
  radians: ['RADIANS', 'this'],
}

export const AGGREGATE_NODES: Readonly<Record<string, string>> = {
  count: 'COUNT',
  count_if: 'COUNTIF',
  sum: 'SUM',
  avg: 'AVG',
  min: 'MIN',
  max: 'MAX',
  any_value: 'ANY_VALUE',
  array_agg: 'ARRAY_AGG',
  string_agg: 'STRING_AGG',
  array_concat_agg: 'ARRAY_CONCAT_AGG',
  approx_count_distinct: 'APPROX_COUNT_DISTINCT',
  stddev: 'STDDEV',
  stddev_samp: 'STDDEV_SAMP',
  stddev_pop: 'STDDEV_POP',
  variance: 'VARIANCE',
  var_samp: 'VAR_SAMP',
  var_pop: 'VAR_POP',
  logical_or: 'LOGICAL_OR',
  logical_and: 'LOGICAL_AND',
  bitwise_and_agg: 'BIT_AND',
  bitwise_or_agg: 'BIT_OR',
  bitwise_xor_agg: 'BIT_XOR',
}

/** Aggregates that the parser takes for functions like any other. */
export const UNREAD_AGGREGATES: readonly string[] = ['APPROX_TOP_SUM']

/** Window functions, with the keys of their arguments. */
export const WINDOW_NODES: Readonly<Record<string, readonly [name: string, ...keys: string[]]>> = {
  row_number: ['row_number'],
  rank: ['rank'],
  dense_rank: ['dense_rank'],
  percent_rank: ['percent_rank'],
  cume_dist: ['cume_dist'],
  n_tile: ['ntile', 'num_buckets'],
  lag: ['lag', 'this', 'offset', 'default'],
  lead: ['lead', 'this', 'offset', 'default'],
  first_value: ['first_value', 'this'],
  last_value: ['last_value', 'this'],
  nth_value: ['nth_value', 'this', 'offset'],
}
