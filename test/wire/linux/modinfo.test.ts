import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import { fromLatin1 } from '../../../src/wire/bytes.ts'
import { elfSection } from '../../../src/wire/linux/elf.ts'
import {
  type ModuleInfo,
  loadOrder,
  moduleName,
  modulesAlias,
  modulesDep,
  parseModinfo,
  readModuleInfo,
} from '../../../src/wire/linux/modinfo.ts'
import { elfFile } from '../../support/elf-file.ts'

const r8169 =
  'alias=pci:v000010ECd00008168sv*sd*bc*sc*i*\0alias=pci:v000010ECd00008169sv*sd*bc*sc*i*\0\0' +
  'softdep=pre: realtek\0license=GPL\0depends=libphy,mdio_devres\0name=r8169\0' +
  'vermagic=6.12.107+deb13-amd64 SMP preempt mod_unload modversions \0'

describe('a section of an ELF file', () => {
  const file = elfFile({ '.text': 'code', '.modinfo': r8169 })

  test('is found by its name', () => {
    expect(elfSection(file, '.text')).toEqual(fromLatin1('code'))
    expect(elfSection(file, '.data')).toBeUndefined()
  })

  test('is never read past the end of the file', () => {
    for (let length = 0; length < file.length; length += 1) {
      expect(() => elfSection(file.subarray(0, length), '.text')).toThrow(ProtocolError)
    }
  })

  test('is only looked for in 64-bit little-endian files', () => {
    const other = file.slice()
    other[4] = 1
    expect(() => elfSection(other, '.text')).toThrow('not a 64-bit little-endian ELF file')
  })

  test('random damage throws nothing else', () => {
    const byte = fc.tuple(fc.nat(file.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (changes) => {
        const damaged = file.slice()
        for (const [at, value] of changes) damaged[at] = value
        try {
          elfSection(damaged, '.text')
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})

test('a module says what it needs and what it drives', () => {
  expect(readModuleInfo(elfFile({ '.modinfo': r8169 }), 'kernel/r8169.ko.xz')).toEqual({
    name: 'r8169',
    depends: ['libphy', 'mdio_devres'],
    before: ['realtek'],
    aliases: ['pci:v000010ECd00008168sv*sd*bc*sc*i*', 'pci:v000010ECd00008169sv*sd*bc*sc*i*'],
  })
})

test('a module without a name takes that of its file, as the kernel writes it', () => {
  expect(readModuleInfo(elfFile({ '.modinfo': 'depends=\0' }), 'a/i2c-algo-bit.ko.xz')).toEqual({
    name: 'i2c_algo_bit',
    depends: [],
    before: [],
    aliases: [],
  })
})

test.for([
  ['pre: a b-c post: d', ['a', 'b_c']],
  ['post: d', []],
  ['pre: a', ['a']],
])('of "softdep=%s" the modules before it are %j', ([text, before]) => {
  const file = elfFile({ '.modinfo': `softdep=${String(text)}\0` })
  expect(readModuleInfo(file, 'x.ko').before).toEqual(before)
})

test('values keep their equals signs', () => {
  expect(parseModinfo(fromLatin1('parm=debug:a=b\0\0junk\0'))).toEqual([['parm', 'debug:a=b']])
})

test.for([
  ['kernel/drivers/net/virtio_net.ko.xz', 'virtio_net'],
  ['xhci-pci.ko', 'xhci_pci'],
  ['8139cp.ko.zst', '8139cp'],
])('the module in %s is %s', ([path, name]) => {
  expect(moduleName(String(path))).toBe(name)
})

function module(name: string, depends: string[], before: string[] = []): ModuleInfo {
  return { name, depends, before, aliases: [`pci:${name}*`] }
}

describe('of modules that need each other', () => {
  const all = new Map(
    [
      module('virtio_net', ['net_failover']),
      module('net_failover', ['failover', 'builtin']),
      module('failover', []),
      module('r8169', ['libphy'], ['realtek']),
      module('realtek', ['libphy']),
      module('libphy', []),
      module('loop_a', ['loop_b']),
      module('loop_b', ['loop_a']),
    ].map((one) => [one.name, one]),
  )
  const order = (...wanted: string[]) => loadOrder(wanted, (name) => all.get(name))
  const names = (...wanted: string[]) => order(...wanted).map(({ name }) => name)

  test('each comes after what it needs; what is built in is left out', () => {
    expect(names('virtio-net')).toEqual(['failover', 'net_failover', 'virtio_net'])
  })

  test('a soft dependency comes first, too, and nothing comes twice', () => {
    expect(names('r8169', 'realtek')).toEqual(['libphy', 'realtek', 'r8169'])
  })

  test('a circle ends', () => {
    expect(names('loop_a')).toEqual(['loop_b', 'loop_a'])
  })

  test('modules.dep names the files, the one needed first last', () => {
    expect(modulesDep(order('virtio_net', 'r8169'), (name) => `kernel/${name}.ko.xz`)).toBe(
      [
        'kernel/failover.ko.xz:',
        'kernel/net_failover.ko.xz: kernel/failover.ko.xz',
        'kernel/virtio_net.ko.xz: kernel/net_failover.ko.xz kernel/failover.ko.xz',
        'kernel/libphy.ko.xz:',
        'kernel/realtek.ko.xz: kernel/libphy.ko.xz',
        'kernel/r8169.ko.xz: kernel/realtek.ko.xz kernel/libphy.ko.xz',
        '',
      ].join('\n'),
    )
  })

  test('modules.alias names the module for each pattern', () => {
    expect(modulesAlias(order('failover'))).toBe('alias pci:failover* failover\n')
  })
})
