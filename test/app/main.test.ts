import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

function serve(settings: Record<string, string>) {
  const env = { ...process.env, ...settings }
  return spawnSync(process.execPath, ['src/main.ts', 'serve'], { env, timeout: 10_000 })
}

test('a word that is no command is the person’s mistake, also one that every object knows', () => {
  for (const word of ['bot', 'toString', '__proto__']) {
    const { status, stderr } = spawnSync(process.execPath, ['src/main.ts', word])
    expect(status).toBe(2)
    expect(stderr.toString()).toContain(`there is no command ${word}`)
  }
})

test('a folder that cannot be used is named with its setting, before anything is opened', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'bootlace-main-'))
  const file = join(scratch, 'file')
  writeFileSync(file, '')
  const data = serve({ BOOTLACE_DATA: file })
  expect(data.status).toBe(1)
  expect(data.stderr.toString()).toMatch(/^bootlace: data: .*file cannot be used: .*\n$/)
  const cache = serve({
    AUTO_DEPLOY: 'vcsa.invalid:6501',
    BOOTLACE_DATA: join(scratch, 'data'),
    BOOTLACE_CACHE_DIRECTORY: file,
  })
  expect(cache.status).toBe(1)
  expect(cache.stderr.toString()).toMatch(
    /^bootlace: cache\.directory: .*file cannot be used: .*\n$/,
  )
  rmSync(scratch, { recursive: true })
})
