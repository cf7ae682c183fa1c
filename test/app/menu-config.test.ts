import { expect, test } from 'vitest'
import { parseConfig } from '../../src/app/config/config.ts'
import { parseLock } from '../../src/app/config/lock-value.ts'
import { siteOf } from '../../src/app/site.ts'
import { InputError } from '../../src/core/errors.ts'

const crypt = `$6$saltsalt$${'a'.repeat(86)}`
const pbkdf2 = `grub.pbkdf2.sha512.10000.${'AB'.repeat(64)}.${'CD'.repeat(64)}`

function problemsIn(yaml: string): readonly string[] {
  try {
    parseConfig(yaml, 'x.yaml')
    return []
  } catch (error) {
    if (error instanceof InputError) {
      return error.problems.map((line) => line.replace(/^x\.yaml:\d+:\d+: /, ''))
    }
    throw error
  }
}

test('entries stand in groups in groups, each with its password and its processors', () => {
  const { catalog } = siteOf(
    parseConfig(
      `
menu:
  default: old
  graphical: true
  entries:
    - name: systems
      title: Systems
      password: ${crypt}
      entries:
        - { name: new, title: New, kernel: new/vmlinuz, key: n, arch: [arm64] }
    - name: more
      title: More
      entries:
        - name: older
          title: Older
          entries:
            - { name: old, title: Old, kernel: old/vmlinuz, initrd: old/initrd, key: n }
            - { name: wipe, title: Wipe, kernel: w, password: ['${crypt}', ${pbkdf2}] }
`,
      'x.yaml',
    ),
  )
  expect(catalog).toMatchObject({ default: 'old', graphical: true })
  expect(catalog.entries.slice(0, 2)).toMatchObject([
    {
      type: 'group',
      name: 'systems',
      lock: { crypt },
      entries: [{ type: 'linux', name: 'new', arch: ['arm64'], key: 'n' }],
    },
    {
      type: 'group',
      entries: [
        {
          type: 'group',
          entries: [
            { type: 'linux', kernel: 'old/vmlinuz', initrd: ['old/initrd'] },
            { type: 'linux', lock: { crypt, pbkdf2 } },
          ],
        },
      ],
    },
  ])
  expect(catalog.entries.map(({ name }) => name)).toEqual([
    'systems', 'more', 'tinyvm', 'tinyvm', 'memtest', 'disk', 'shell',
  ]) // prettier-ignore
})

test('what does not fit together is said with its place', () => {
  expect(
    problemsIn(`
menu:
  default: locked
  entries:
    - { name: none, title: Nothing }
    - { name: both, title: Both, kernel: k, entries: [ { name: in, title: In, kernel: k } ] }
    - { name: empty, title: Empty, entries: [] }
    - name: keys
      title: Keys
      password: ${crypt}
      entries:
        - { name: locked, title: Locked, kernel: k, key: x }
        - { name: in, title: In, kernel: k, key: X }
hosts:
  - { name: a, mac: '52:54:00:00:00:01', boot: keys }
  - { name: b, mac: '52:54:00:00:00:02', boot: locked }
`),
  ).toEqual([
    'menu.entries[0]: has neither a kernel nor entries',
    'menu.entries[1]: is a group: it boots nothing itself',
    'menu.entries[2].entries: is empty',
    'menu.entries[3].entries[1].name: is the same as menu.entries[1].entries[0].name',
    'menu.entries[3].entries[1].key: is the same as menu.entries[3].entries[0].key',
    'menu.default: locked asks for a password, so it cannot start by itself',
    'hosts[0].boot: there is no entry keys; there are menu, autodeploy, disk, tinyvm, memtest, ' +
      'shell, none, in, locked, in',
  ])
})

/** A menu with an entry for each list of processors, all of one name. */
function menuFor(...all: string[]): string {
  const entries = all.map((arch) => `{ name: live, title: Live, kernel: k, arch: [${arch}] }`)
  return `menu: { entries: [ ${entries.join(', ')} ] }`
}

test('two entries may share a name where no processor runs both', () => {
  expect(problemsIn(menuFor('x64', 'arm64'))).toEqual([])
  expect(problemsIn(menuFor('x64', 'arm64, x64'))).toHaveLength(1)
  expect(problemsIn(menuFor('x46'))[0]).toContain('allowed: x64, ia32, arm64')
})

test.for([
  'hunter2',
  '12345',
  `$1$salt$${'a'.repeat(22)}`,
  `$6$rounds=500000$salt$${'a'.repeat(86)}`,
  crypt.slice(0, -1),
  `$6$rounds=0999$salt$${'a'.repeat(86)}`,
  pbkdf2.replace('512', '256'),
  pbkdf2.replace('10000', '0'),
  `[${crypt}, hunter2]`,
  `[${crypt}, ${crypt}]`,
  '[]',
  '{ a: hunter2 }',
])('the password %s is refused, and not shown', (password) => {
  const entry = `{ name: x, title: X, kernel: k, password: ${JSON.stringify(password)} }`
  const yaml = `menu: { entries: [ ${/^[[{]/.test(password) ? entry.replace(/"/g, '') : entry} ] }`
  const [problem, ...others] = problemsIn(yaml)
  expect(others).toEqual([])
  expect(problem).toMatch(/^menu\.entries\[0\]\.password: is no hash: run "bootlace hash-password"/)
  expect(problem).not.toMatch(/hunter2|12345/)
})

test('hashes are known by their form', () => {
  expect(parseLock(crypt)).toEqual({ crypt })
  expect(parseLock([pbkdf2])).toEqual({ pbkdf2 })
  expect(parseLock(`$5$rounds=9999$s$${'b'.repeat(43)}`)).toBeDefined()
  expect(parseLock(undefined)).toBeUndefined()
})
