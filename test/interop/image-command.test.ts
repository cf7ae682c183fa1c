/** `bootlace image` as a person runs it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { fixtureImage, testFolder } from '../support/image-files.ts'
import { ovaOf } from '../support/ova.ts'
import { writeStandIn } from '../support/stand-in.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))

function image(...args: string[]) {
  const argv = ['src/main.ts', 'image', ...args]
  const { status, stdout, stderr } = spawnSync(join(home, 'node_modules/.bin/node'), argv, {
    cwd: home,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

// Each command is a start of its own.
const options = { timeout: 120_000 }

test('inspect, add, list, remove: the way of TinyVM.ova', options, async () => {
  const ova = await writeStandIn(testFolder(), 'MBR, FAT16, syslinux')
  const told = image('inspect', ova)
  expect(told).toMatchObject({ status: 0, stderr: '' })
  expect(told.stdout).toContain('image       TinyVM & tools 2.7: OVA with VMDK (streamOptimized)\n')
  expect(told.stdout).toContain('manifest    every file is as it says\n')
  expect(told.stdout).toContain('serves      tce/boot/vmlinuz, tce/boot/core.gz, overlay.cpio\n')
  expect(JSON.parse(image('inspect', ova, '--json').stdout)).toMatchObject({
    boot: { system: 'Tiny Core Linux', bits: 64 },
    notes: [],
  })

  const name = `test-${process.pid}`
  const target = join(home, 'images', `${name}.ova`)
  onTestFinished(() => rmSync(target, { force: true }))
  expect(image('add', name, ova)).toMatchObject({ status: 0, stderr: '' })
  expect(readFileSync(target).equals(readFileSync(ova))).toBe(true)
  expect(image('add', name, ova)).toMatchObject({
    status: 2,
    stderr: `there is an image ${name}: bootlace image remove ${name}\n`,
  })
  const rows = JSON.parse(image('list', '--json').stdout) as { name: string }[]
  const what = 'TinyVM & tools 2.7: OVA with VMDK (streamOptimized)'
  expect(rows.find((row) => row.name === name)).toEqual({ name, source: target, what })
  expect(image('remove', name)).toMatchObject({ status: 0, stdout: `removed ${target}\n` })
  expect(existsSync(target)).toBe(false)
})

test('what is damaged, boots nothing or is misspelt is refused with exit code 2', options, () => {
  const folder = testFolder()
  const whole = ovaOf({ disk: fixtureImage('stream.vmdk') })
  const damaged = whole.slice()
  damaged.set([1, 2, 3], Buffer.from(whole).indexOf('KDMV') + 65_600)
  const [broken, unbootable] = [join(folder, 'broken.ova'), join(folder, 'data.ova')]
  writeFileSync(broken, damaged)
  writeFileSync(unbootable, whole)
  const refused = image('inspect', broken)
  expect(refused.status).toBe(2)
  expect(refused.stderr).toMatch(/broken\.ova: TinyVM-disk1\.vmdk: is damaged: its SHA256 is /)
  expect(image('inspect', unbootable).stderr).toContain('nothing in it boots')
  expect(image('add', 'a/b', broken).stderr).toContain('a name has letters, digits')
  expect(image('add', 'memtest', broken).stderr).toContain('an entry of the menu is called memtest')
  expect(image('inspect', '/nowhere').stderr).toContain('/nowhere: cannot be read')
  expect(image('nonsense').stderr).toContain('Example: bootlace image add')
  expect(image('--help')).toMatchObject({ status: 0, stderr: '' })
})
