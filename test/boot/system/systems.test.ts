/** Kernel, initrds and arguments of each system, word for word. */
import { expect, test } from 'vitest'
import type { ImageFacts, SystemBoot } from '../../../src/boot/system/system.ts'
import { systemOf } from '../../../src/boot/system/systems.ts'

function factsOf(id: string, files: readonly string[] = []): ImageFacts {
  const has = (path: string) => files.some((file) => file === path || file.startsWith(`${path}/`))
  return { id, version: undefined, label: '', name: 'it', has, isDisc: true }
}

function bootsOf(id: string, files?: readonly string[]): readonly SystemBoot[] {
  return systemOf(id)?.boots(factsOf(id, files)) ?? []
}

test('Red Hat family', () => {
  const files = { kernel: 'images/pxeboot/vmlinuz', initrd: ['images/pxeboot/initrd.img'] }
  expect(bootsOf('redhat')).toEqual([
    {
      ...files,
      suffix: '',
      title: '',
      args: 'inst.repo=${image} ip=dhcp',
      install: 'inst.repo=${image} ip=dhcp inst.ks=${answers}/ks.cfg',
    },
    {
      ...files,
      suffix: 'rescue',
      title: 'rescue',
      args: 'inst.repo=${image} ip=dhcp inst.rescue',
    },
  ])
})
