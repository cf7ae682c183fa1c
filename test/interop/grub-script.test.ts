/** GRUB's own parser reads what we render for it. */
import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMac } from '../../src/core/address.ts'
import type { Entry } from '../../src/boot/menu/catalog.ts'
import type { MenuContext } from '../../src/boot/menu/menu.ts'
import { renderGrubMenu, renderGrubStart } from '../../src/boot/menu/menu-grub.ts'

const url = 'http://192.168.50.1:8080'
const pbkdf2 = `grub.pbkdf2.sha512.10000.${'AB'.repeat(64)}.${'CD'.repeat(64)}`

function contextWith(entries: readonly Entry[]): MenuContext {
  return {
    catalog: { title: 'Lab', timeout: 5, default: 'disk', graphical: true, entries },
    url,
    trampUrl: `${url}/vmw/rbd/tramp`,
    loaders: new Set(['memtest64.efi', 'snponly64.efi.vmw-hardwired']),
    architecture: 'x64',
    variables: { server: url },
  }
}

/** What the parser complains of; undefined when it does not. */
function complaintOf(script: string): string | undefined {
  const { status, stderr } = spawnSync('grub-script-check', { input: script, encoding: 'utf8' })
  return status === 0 ? undefined : `${stderr}\n${script}`
}

const kernel = { type: 'linux', kernel: 'k', initrd: ['i'], args: 'a="b c" d' } as const

test('the parser complains of what is wrong', () => {
  expect(complaintOf('if true; then\n')).toContain('Syntax error')
})

test('the first stage', () => {
  expect(complaintOf(renderGrubStart(url))).toBeUndefined()
})

test('every kind of entry, in groups, with passwords', () => {
  const entries: readonly Entry[] = [
    { ...kernel, name: 'one', title: "It's one", lock: { pbkdf2 } },
    {
      type: 'group',
      name: 'more',
      title: 'More',
      lock: { pbkdf2 },
      entries: [
        { type: 'memtest', name: 'memtest', title: 'Memory' },
        {
          type: 'group',
          name: 'inner',
          title: 'Inner',
          entries: [{ ...kernel, name: 'two', title: 'Two' }],
        },
      ],
    },
    { type: 'autodeploy', name: 'autodeploy', title: 'Auto Deploy' },
    { type: 'disk', name: 'disk', title: 'Disk' },
  ]
  const text = renderGrubMenu(contextWith(entries))
  expect(complaintOf(text)).toBeUndefined()
  for (const name of ['one', 'more', 'memtest', 'inner', 'two', 'autodeploy', 'disk']) {
    expect(text).toContain(`--id='${name}'`)
  }
})

const nasty = fc
  .array(
    fc.constantFrom(
      "'",
      '"',
      '\\',
      '\n',
      '$',
      '${root}',
      ';',
      '{',
      '}',
      '#',
      ' ',
      '|',
      '&&',
      'fi',
      'ü',
      '`',
    ),
  )
  .map((parts) => parts.join(''))

test('whatever people write', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(nasty, nasty, nasty, (title, file, args) => {
      const entry: Entry = { type: 'linux', name: 'odd', title, kernel: file, initrd: [file], args }
      for (const boot of ['menu', 'odd']) {
        const host = {
          name: 'x',
          mac: parseMac('52:54:00:12:34:56')!,
          boot,
          loader: 'grub',
        } as const
        expect(complaintOf(renderGrubMenu({ ...contextWith([entry]), host }))).toBeUndefined()
      }
    }),
    { numRuns: 100 },
  )
})
