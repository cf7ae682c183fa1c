/** What an origin sent more of than it had said: which of the objects are taken back, and at what cost. */
import { expect, test } from 'vitest'
import type { Fill, FillEnd } from '../../../src/io/cache/fill.ts'
import { ExcessWatch } from '../../../src/server/mirror/mirror-excess.ts'
import type { MirrorParts } from '../../../src/server/mirror/mirror-exchange.ts'

/** A watch with a clock that the test moves, and what it has taken back. */
function watching() {
  const state = { now: 1_000_000, looks: 0 }
  const forgotten: string[] = []
  const told: (string | undefined)[] = []
  const parts: Pick<MirrorParts, 'name' | 'emit' | 'clock'> = {
    name: 'm',
    emit: ({ file }) => void told.push(file),
    clock: () => {
      state.looks += 1
      return state.now
    },
  }
  const watch = new ExcessWatch(parts, (key) => void forgotten.push(key))
  const begin = (key: string) => {
    const end = Promise.withResolvers<FillEnd>()
    const fill: Pick<Fill, 'ended'> = { ended: end.promise }
    const over = watch.watch({ key, file: `/${key}` }, fill)
    return async (type: 'stored' | 'broken' = 'stored') => {
      end.resolve(type === 'stored' ? { type, bytes: 1 } : { type, bytes: 1, reason: 'x' })
      await over
    }
  }
  return { state, forgotten, told, watch, begin }
}

test('what was stored a moment ago goes, what is older stays', async () => {
  const { state, forgotten, told, watch, begin } = watching()
  await begin('old')()
  state.now += 2001
  await begin('young')()
  await begin('failed')('broken')
  watch.found()
  watch.found()
  expect([forgotten, told]).toEqual([['young'], ['/young']])
})

test('what is being stored just then goes, too; what comes to its end later stays', async () => {
  const { state, forgotten, watch, begin } = watching()
  const [soon, late] = [begin('soon'), begin('late')]
  watch.found()
  await soon()
  state.now += 2001
  await late()
  expect(forgotten).toEqual(['soon'])
})

test('what has another key by then goes under that', async () => {
  const { forgotten, told, watch, begin } = watching()
  await begin('next a')()
  await begin('a')()
  watch.renamed([
    { from: 'a', to: 'former a' },
    { from: 'next a', to: 'a' },
  ])
  watch.found()
  expect([forgotten, told]).toEqual([
    ['a', 'former a'],
    ['/next a', '/a'],
  ])
})

test('each object costs the same, however many are under way or were just stored', async () => {
  const { state, forgotten, watch, begin } = watching()
  const ends = Array.from({ length: 500 }, (_, number) => begin(`${number}`))
  for (const end of ends) await end()
  expect(state.looks).toBeLessThanOrEqual(3 * ends.length)
  watch.found()
  expect(forgotten).toHaveLength(ends.length)
})
