import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/**
 * The law of the house: a file imports its own layer and the layers to its left. The first four
 * are pure: no `node:` modules, no packages, no clock, no randomness.
 */
const layers = ['core', 'wire', 'protocol', 'boot', 'io', 'server', 'app']
const pure = new Set(layers.slice(0, 4))
/** Rooms at the level of `app`: they may use everything. */
const appRooms = new Set(['app', 'setup', 'lab', 'main.ts', 'docs.ts'])

const files = globSync('src/**/*.ts').map((file) => normalize(file))

function layerOf(file: string): string {
  const room = file.split('/')[1] ?? ''
  return appRooms.has(room) ? 'app' : room
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s+'([^']+)'|import\('([^']+)'\)/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  )
}

test.for(files)('%s keeps the law', (file) => {
  const layer = layerOf(file)
  expect(layers, `${file} is in no layer`).toContain(layer)
  for (const target of importsOf(file)) {
    if (target.startsWith('.')) {
      const other = layerOf(join(dirname(file), target))
      expect(layers.indexOf(other), `${file} imports ${target}`).toBeLessThanOrEqual(
        layers.indexOf(layer),
      )
    } else expect(pure.has(layer), `${file} imports ${target}`).toBe(false)
  }
})

test.for(files.filter((file) => pure.has(layerOf(file))))('%s is pure', (file) => {
  const code = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  expect(code).not.toMatch(
    /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|process\.|console\.|Buffer\b|fetch\()/,
  )
})

test('base names are unique, so that "go to file" never offers two', () => {
  const names = files.map((file) => file.split('/').at(-1))
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
