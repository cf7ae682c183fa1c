/** Debian's installer: what boots from the network, with the arguments that make it ask nothing. */
import { expect, test } from 'vitest'
import type { ImageFacts } from '../../../src/boot/system/system.ts'
import { debian, debianInstaller } from '../../../src/boot/system/debian.ts'

function factsOf(...files: readonly string[]): ImageFacts {
  const base = { id: 'debian-installer', version: '12', label: '', name: 'debian-12' }
  const has = (path: string) => files.includes(path)
  return { ...base, isDisc: false, discSize: undefined, has }
}

test('its network installer is an entry that installs, and one that rescues', () => {
  const folder = 'debian-installer/amd64'
  const base = { kernel: `${folder}/linux`, initrd: [`${folder}/initrd.gz`] }
  expect(debianInstaller.boots(factsOf(`${folder}/linux`))).toEqual([
    {
      ...base,
      suffix: '',
      title: '',
      args: '${bootif}',
      install:
        'auto=true priority=critical ${bootif} interface=auto netcfg/no_default_route=true ' +
        'netcfg/get_nameservers= netcfg/dhcp_timeout=60 url=${answers}/preseed.cfg',
    },
    { ...base, suffix: 'rescue', title: 'rescue', args: '${bootif} rescue/enable=true' },
  ])
})

test('each processor that it is there for has its own, and Ubuntu’s lies elsewhere', () => {
  const files = ['debian-installer/amd64/linux', 'debian-installer/arm64/linux']
  const ubuntu = 'ubuntu-installer/amd64/linux'
  const kernels = debianInstaller.boots(factsOf(...files, ubuntu)).map(({ kernel }) => kernel)
  expect(new Set(kernels)).toEqual(new Set([...files, ubuntu]))
})

test('a disc says what to take in its place', () => {
  const facts = { ...factsOf('install.amd/vmlinuz'), isDisc: true }
  expect(debian.boots(facts)).toEqual([])
  expect(debian.says?.(facts)).toEqual([expect.stringContaining('netboot.tar.gz')])
})
