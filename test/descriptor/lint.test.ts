import { describe, expect, it } from 'vitest'
import { lintDescriptor } from '../../src/descriptor/lint.ts'
import { createConnector } from '../../src/index.ts'

type Json = Record<string, unknown>

const $schema = 'https://json-schema.org/draft/2020-12/schema'
const field = (more: Json = {}): Json => ({
  title: 'A field',
  description: 'What it is.',
  type: 'string',
  ...more,
})
const form = (properties: Json, more: Json = {}): Json => ({
  $schema,
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
})
const operation = (options: Json, more: Json = {}): Json => ({
  id: 'move',
  label: 'Move',
  help: 'Moves things.',
  facts: {
    direction: 'in',
    request: 'json',
    results: 'none',
    idempotent: true,
    cancels: false,
    dryRun: false,
  },
  objectTypes: { tables: ['TABLE'] },
  options,
  ...more,
})
const factsWith = (...variants: Json[]): Json => ({ ...(operation({})['facts'] as Json), variants })
const withField = (more: Json, formMore: Json = {}) =>
  operation(form({ a: field(more), b: field() }, formMore))

describe('a descriptor that is sound', () => {
  const everything = operation(
    form(
      {
        a: field({
          type: 'integer',
          default: 2,
          'x-group': 'main',
          'x-order': 1,
          'x-per-document': true,
          'x-presets': [{ label: 'Few', value: 2 }],
        }),
        b: field({
          oneOf: [
            { const: 'x', title: 'The x' },
            { const: 'y', title: 'The y' },
          ],
          'x-visible-when': { a: [1, 2] },
          'x-lookup': { list: 'datasets', scope: { projectIdOverride: 'c' } },
        }),
        c: field({
          pattern: '^c',
          'x-pattern-help': 'must begin with c',
          'x-secret': true,
          examples: ['cd'],
        }),
      },
      {
        'x-groups': [{ id: 'main', label: 'Main', collapsed: true }],
        allOf: [{ if: { properties: { a: { const: 1 } } }, else: { required: ['c'], 'x-reason': 'of a' } }],
      },
    ),
    {
      scope: form({ datasetId: field() }),
      facts: factsWith({ when: { a: [2], b: ['x'] }, request: 'file', idempotent: false }),
    },
  )

  it.each<[string, unknown]>([
    ['an operation with every word of the language', everything],
    ['a connection', { id: 'c', label: 'C', help: 'A c.', config: form({ a: field() }) }],
    ['what a connector hands out', createConnector().descriptor],
  ])('has no faults: %s', (_, descriptor) => {
    expect(lintDescriptor(descriptor)).toEqual([])
  })
})

describe('a fault of a descriptor is told with its place', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['no object', [], '', /^must be a descriptor: of a connector/],
    ['nothing of ours', { name: 'x' }, '', /^must be a descriptor/],
    ['a part is missing', operation(form({}), { facts: undefined }), '/facts', /^is missing$/],
    ['a part is unknown', operation(form({}), { colour: 1 }), '/colour', /^is unknown; known are .*facts/],
    [
      'a fact is no word',
      operation(form({}), { facts: { ...(operation({})['facts'] as Json), direction: 'up' } }),
      '/facts/direction',
      /^must be one of in, out, both$/,
    ],
    [
      'facts depend on no field',
      operation(form({ a: field() }), { facts: factsWith({ when: { z: ['1'] }, request: 'file' }) }),
      '/facts/variants/0/when/z',
      /^must be a field of the form$/,
    ],
    [
      'facts wait for what cannot be',
      {
        ...createConnector().descriptor,
        operations: [
          operation(form({ a: field() }), { facts: factsWith({ when: { a: [1] }, request: 'file' }) }),
        ],
      },
      '/operations/0/facts/variants/0/when/a/0',
      /^is no value of a$/,
    ],
    [
      'a label is missing',
      operation(form({ a: { type: 'string', description: 'x' } })),
      '/options/properties/a/title',
      /^is missing$/,
    ],
    [
      'a hint is unknown',
      withField({ 'x-colour': 'red' }),
      '/options/properties/a/x-colour',
      /^is unknown; known are x-actions, .*x-visible-when$/,
    ],
    [
      'a keyword is misspelt',
      withField({ minimun: 3 }),
      '/options/properties/a',
      /unknown keyword: "minimun"/,
    ],
    [
      'a pattern is none',
      withField({ pattern: '(', 'x-pattern-help': 'x' }),
      '/options/properties/a',
      /Invalid regular expression/,
    ],
    [
      'a pattern is not explained',
      withField({ pattern: 'a' }),
      '/options/properties/a/x-pattern-help',
      /^is needed beside pattern$/,
    ],
    [
      'a format is unknown',
      withField({ format: 'colour' }),
      '/options/properties/a',
      /unknown format "colour"/,
    ],
    [
      'a default does not fit',
      withField({ default: 5 }),
      '/options/properties/a/default',
      /not what the field itself allows/,
    ],
    [
      'an example does not fit',
      withField({ examples: ['a', 5] }),
      '/options/properties/a/examples/1',
      /not what the field/,
    ],
    [
      'a preset does not fit',
      withField({ 'x-presets': [{ label: 'L', value: 1 }] }),
      '/options/properties/a/x-presets/0/value',
      /not what the field/,
    ],
    [
      'a labelled value does not fit',
      withField({ oneOf: [{ const: 5, title: 'Five' }] }),
      '/options/properties/a/oneOf/0/const',
      /not what the field/,
    ],
    [
      'a condition looks at no field',
      withField({ 'x-visible-when': { z: ['1'] } }),
      '/options/properties/a/x-visible-when/z',
      /^must be a field of the form$/,
    ],
    [
      'a condition waits for what cannot be',
      withField({ 'x-visible-when': { b: ['1', 2] } }),
      '/options/properties/a/x-visible-when/b/1',
      /^is no value of b$/,
    ],
    [
      'a look-up depends on no field',
      withField({ 'x-lookup': { list: 'tables', scope: { datasetId: 'z' } } }),
      '/options/properties/a/x-lookup/scope/datasetId',
      /^must be a field of the form$/,
    ],
    [
      'a look-up has an unknown list',
      withField({ 'x-lookup': { list: 'cities', scope: {} } }),
      '/options/properties/a/x-lookup/list',
      /^must be one of .*datasets/,
    ],
    [
      'a group is not there',
      withField({ 'x-group': 'g' }),
      '/options/properties/a/x-group',
      /^needs x-groups/,
    ],
    [
      'a group is another',
      withField({ 'x-group': 'g' }, { 'x-groups': [{ id: 'h', label: 'H' }] }),
      '/options/properties/a/x-group',
      /^must be one of x-groups: h$/,
    ],
    [
      'a group is empty',
      withField({}, { 'x-groups': [{ id: 'h', label: 'H' }] }),
      '/options/x-groups/0',
      /^is a group without fields$/,
    ],
    [
      'a stranger is required',
      withField({}, { required: ['z'] }),
      '/options/required/0',
      /^must be a field of the form$/,
    ],
    [
      'a condition names a stranger',
      withField({}, { allOf: [{ if: { properties: { z: { const: 1 } } }, else: { required: ['y'] } }] }),
      '/options/allOf/0/else/required/0',
      /^must be a field of the form$/,
    ],
    [
      'a keyword of a condition is misspelt',
      withField({}, { allOf: [{ iff: {} }] }),
      '/options',
      /unknown keyword: "iff"/,
    ],
  ])('%s', (_, descriptor, path, message) => {
    const plain = JSON.parse(JSON.stringify(descriptor))

    const [first] = lintDescriptor(plain)

    expect(first).toMatchObject({ path, message: expect.stringMatching(message) })
  })

  it('within the whole that a connector hands out, too', () => {
    const whole = structuredClone(createConnector().descriptor) as unknown as {
      operations: { options: { properties: Record<string, Json> } }[]
    }
    const [insert] = whole.operations
    Object.assign(insert?.options.properties['batchCount'] ?? {}, { default: 0 })

    expect(lintDescriptor(whole)).toEqual([
      {
        path: '/operations/0/options/properties/batchCount/default',
        value: 0,
        message: 'is not what the field itself allows',
      },
    ])
  })

  it('all at once, in the order of their places', () => {
    const faults = lintDescriptor(
      operation(form({ a: field({ default: 1 }), b: field({ 'x-group': 'g' }) }), { id: 'A' }),
    )

    expect(faults.map(({ path }) => path)).toEqual([
      '/id',
      '/options/properties/a/default',
      '/options/properties/b/x-group',
    ])
  })
})
