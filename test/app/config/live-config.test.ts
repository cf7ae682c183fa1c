import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../../../src/app/config/config.ts'
import { liveConfig } from '../../../src/app/config/live-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'bootlace-live-'))
afterAll(() => rmSync(folder, { recursive: true }))

function mirrorWith(trust: string): string {
  return `mirrors: { autodeploy: { origin: 'https://vcsa.lab.test', trust: ${trust} } }\n`
}

test('a changed file is read again; a wrong one is told once and changes nothing', () => {
  const file = join(folder, 'bootlace.yaml')
  writeFileSync(file, mirrorWith('{ insecure: true }'))
  const first = loadConfig({ file })
  const live = liveConfig({ file }, first)
  const said: string[] = []
  const look = () => live((reason) => said.push(reason))
  expect(look()).toBe(first)

  const fingerprint = `sha1:${'ab'.repeat(20)}`
  writeFileSync(file, mirrorWith(`{ fingerprint: '${fingerprint}' }`))
  expect(look().mirrors['autodeploy']?.trust).toEqual({ fingerprint })
  expect(look()).toBe(look())

  writeFileSync(file, 'mirrors: { autodeploy: { origin: 5 } }\n')
  expect(look().mirrors['autodeploy']?.trust).toEqual({ fingerprint })
  rmSync(file)
  expect(look().mirrors['autodeploy']?.trust).toEqual({ fingerprint })
  expect(said).toHaveLength(2)
  expect(said[0]).toMatch(/^the configuration has changed, and is not taken: .*origin/s)

  writeFileSync(file, mirrorWith('{ ca: vmca.pem }'))
  expect(look().mirrors['autodeploy']?.trust).toMatchObject({
    ca: expect.stringMatching(/vmca\.pem$/),
  })
})

test('without a file there is nothing to follow', () => {
  const first = loadConfig({})
  expect(liveConfig({}, first)(() => expect.unreachable())).toBe(first)
})
