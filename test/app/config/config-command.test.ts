/** `config check`: what is not there, and what is wrong with unattended files, before a machine boots. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { configCommand } from '../../../src/app/command/config-command.ts'
import { testFolder, text, writeFiles } from '../../support/image-files.ts'

const output: string[] = []
beforeEach(() => {
  output.length = 0
  vi.spyOn(console, 'log').mockImplementation((line: string) => void output.push(line))
})

const redHat = { '.discinfo': '', 'images/pxeboot/vmlinuz': '', 'images/pxeboot/initrd.img': '' }

/** A configuration with one host that installs from an image; lines are added to it. */
function configWith(kickstart: string, more = ''): { file: string; folder: string } {
  const folder = testFolder()
  const octets = Object.entries(redHat).map(([path, content]) => [path, text(content)] as const)
  writeFiles(join(folder, 'rocky'), Object.fromEntries(octets))
  writeFileSync(join(folder, 'ks.cfg'), kickstart)
  const file = join(folder, 'bootlace.yaml')
  writeFileSync(
    file,
    `images:
  rocky-9: { source: ${folder}/rocky, kickstart: ${folder}/ks.cfg }
hosts:
  - { name: web-01, mac: 52:54:00:12:34:56, boot: rocky-9 }
${more}`,
  )
  return { file, folder }
}

test('a good one', async () => {
  const { file } = configWith('text\nnetwork --hostname=${name}\nreboot\n')
  expect(await configCommand(['check', file])).toBe(0)
  expect(output).toEqual([`${file}: good`])
})

test('an unattended file that the installer would not take, with key, file, line and reason', async () => {
  const { file, folder } = configWith('text\nnetwork --hostname=${nam}\n\nrebot\n')
  await expect(configCommand(['check', file])).rejects.toThrow(
    `${file}: images.rocky-9.kickstart: ${folder}/ks.cfg:2: has \${nam}, which is no variable (is it name?)`,
  )
  writeFileSync(join(folder, 'ks.cfg'), 'text\n\nrebot\n')
  await expect(configCommand(['check', file])).rejects.toThrow(
    `${folder}/ks.cfg:3: rebot: is unknown to the installer; is it reboot? (host web-01)`,
  )
})

test('a host that has a file of its own is told of that', async () => {
  const { file, folder } = configWith('reboot\n')
  const own = join(folder, 'own.ks')
  writeFileSync(own, '%post\n')
  writeFileSync(
    file,
    `images:\n  rocky-9: { source: ${folder}/rocky }\nhosts:\n  - { name: a, mac: 52:54:00:12:34:56, boot: rocky-9, kickstart: ${own} }\n`,
  )
  await expect(configCommand(['check', file])).rejects.toThrow(
    `${file}: hosts[0].kickstart: ${own}:1: %post has no %end (host a)`,
  )
})

test('what the configuration names and is not there', async () => {
  const { file, folder } = configWith('reboot\n', 'menu: { background: nowhere.png }\n')
  await expect(configCommand(['check', file])).rejects.toThrow(
    `${file}: menu.background: there is no nowhere.png in `,
  )
  writeFileSync(file, `images:\n  rocky-9: { source: ${folder}/none.iso }\n`)
  await expect(configCommand(['check', file])).rejects.toThrow(
    `${file}: images.rocky-9.source: there is no file or folder ${folder}/none.iso`,
  )
})

test('an image that is damaged', async () => {
  const { file, folder } = configWith('reboot\n')
  writeFileSync(join(folder, 'empty.iso'), '')
  writeFileSync(
    file,
    `images:\n  it: { source: ${folder}/empty.iso, kickstart: ${folder}/ks.cfg }\nhosts:\n  - { name: a, mac: 52:54:00:12:34:56, boot: it }\n`,
  )
  await expect(configCommand(['check', file])).rejects.toThrow(
    `${file}: hosts[0]: ${folder}/empty.iso: is empty`,
  )
})
