import { describe, expect, test } from 'vitest'
import { parseRepomd } from '../../../src/io/cache/repomd.ts'

const sum = 'a'.repeat(64)

function repomd(...data: string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1</revision>
  ${data.join('\n')}
</repomd>`
}

const primary = `<data type="primary">
  <checksum type="sha256">${sum}</checksum>
  <open-checksum type="sha256">${'b'.repeat(64)}</open-checksum>
  <location href="repodata/${sum}-primary.xml.gz"/>
  <size>5</size>
</data>`

test('what the index names, with its checksums', () => {
  const group =
    '<data type="group"><checksum type="sha">12</checksum><location href="repodata/c.xml"/></data>'
  expect(parseRepomd(repomd(primary, group))).toEqual([
    { href: `repodata/${sum}-primary.xml.gz`, sha256: sum },
    { href: 'repodata/c.xml', sha256: undefined },
  ])
  expect(parseRepomd(repomd(primary))).toHaveLength(1)
})

describe('is no index', () => {
  test.for([
    '',
    'not xml <',
    '<html><body>404</body></html>',
    repomd(),
    repomd('<data type="primary"></data>'),
    repomd('<data><location href="../x"/></data>'),
    repomd('<data><location href="/etc/passwd"/></data>'),
    repomd('<data><location href="http://evil/x"/></data>'),
    repomd('<data><location href="repodata/../../x"/></data>'),
    repomd('<data><location href="repodata/a?b"/></data>'),
    repomd('<data><location href="repodata/a%2fb"/></data>'),
  ])('%s', (text) => {
    expect(parseRepomd(text)).toBeUndefined()
  })
})
