import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withoutServices } from '../../src/setup/tools.ts'

let folder: string
let policy: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootlace-tools-'))
  policy = join(folder, 'policy-rc.d')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('no service may start while packages are installed, and the machine is as it was', async () => {
  let text = ''
  await withoutServices(async () => {
    text = await readFile(policy, 'utf8')
    expect((await stat(policy)).mode & 0o111).toBe(0o111)
  }, policy)
  expect(text).toContain('exit 101')
  expect(existsSync(policy)).toBe(false)
})

test('also after an installation that failed', async () => {
  const failing = withoutServices(() => Promise.reject(new Error('no network')), policy)
  await expect(failing).rejects.toThrow('no network')
  expect(existsSync(policy)).toBe(false)
})

test('what a killed set-up left behind goes with the next one', async () => {
  let left = ''
  await withoutServices(async () => void (left = await readFile(policy, 'utf8')), policy)
  await writeFile(policy, left)
  await withoutServices(() => Promise.resolve(), policy)
  expect(existsSync(policy)).toBe(false)
})

test('the machine’s own policy stays', async () => {
  await writeFile(policy, '#!/bin/sh\nexit 0\n')
  await withoutServices(() => Promise.resolve(), policy)
  expect(await readFile(policy, 'utf8')).toBe('#!/bin/sh\nexit 0\n')
})
