/** The pages of systems: every configuration in them loads, every file that they name is there. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/app/config/config.ts'
import { imageKinds } from '../../src/boot/image/image-kinds.ts'
import { systemOf } from '../../src/boot/system/systems.ts'

const pages = globSync('docs/systems/*.md').toSorted()

function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(page, 'utf8')
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))
  return [...blocks].map(([, block = '']) => block)
}

test.for(pages)('%s: its configurations load', (page) => {
  for (const block of blocksOf(page, 'yaml').filter((each) =>
    /^(images|hosts|mirrors):/m.test(each),
  )) {
    const config = parseConfig(block, page)
    const kickstarts = [
      ...config.hosts.map(({ kickstart }) => kickstart),
      ...Object.values(config.images).map(({ kickstart }) => kickstart),
    ]
    for (const file of kickstarts.filter((each) => each?.startsWith('kickstarts/') === true)) {
      expect([file, existsSync(file ?? '')]).toEqual([file, true])
    }
    // What a host boots is an image of the same example.
    for (const { boot } of config.hosts.filter((host) => !['menu', 'disk'].includes(host.boot))) {
      expect(Object.keys(config.images)).toContain(boot)
    }
  }
})

test.for(pages.filter((page) => basename(page) !== 'README.md'))(
  '%s: says whether it was booted here',
  (page) => {
    expect(readFileSync(page, 'utf8')).toMatch(/booted here|seen|tested|Not offered/i)
  },
)

test('every kind of image has a page', () => {
  const index = readFileSync('docs/systems/README.md', 'utf8')
  for (const { id, title } of imageKinds) {
    const isKnown = systemOf(id) !== undefined || id === 'tinycore'
    expect([title, isKnown, index.includes(`\`${id}\``)]).toEqual([title, true, true])
  }
  for (const [, page = ''] of index.matchAll(/\]\(([\w-]+\.md)\)/g)) {
    expect([page, existsSync(`docs/systems/${page}`)]).toEqual([page, true])
  }
})
