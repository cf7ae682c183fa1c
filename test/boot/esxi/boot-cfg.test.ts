import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bootCfgFiles, namedFiles, renderBootCfg } from '../../../src/boot/esxi/boot-cfg.ts'

const prefix = 'http://192.168.50.1/boot/esxi'

describe('what a boot.cfg names', () => {
  test('from the root of the disc, as on an ISO', () => {
    const text = 'title=t\nprefix=\nkernel=/b.b00\nmodules=/jumpstrt.gz --- /s.v00\n'
    expect(bootCfgFiles(text)).toEqual(['/b.b00', '/jumpstrt.gz', '/s.v00'])
    expect(namedFiles(text)).toEqual({ prefix: '', names: ['/b.b00', '/jumpstrt.gz', '/s.v00'] })
  })

  test('options behind a module are none of its name; white space is of any size', () => {
    const text =
      'Kernel = b.b00\r\nMODULES=  a.gz  --- s.v00 one two---t.t00 ---\r\ncrypto=c.efi\r\n'
    expect(bootCfgFiles(text, '/d')).toEqual([
      '/d/c.efi',
      '/d/b.b00',
      '/d/a.gz',
      '/d/s.v00',
      '/d/t.t00',
    ])
  })

  test('tables of ACPI are files, too', () => {
    expect(bootCfgFiles('kernel=k\nacpitables=/x.aml --- http://h/y.aml')).toEqual([
      '/k', '/x.aml', 'http://h/y.aml',
    ]) // prettier-ignore
  })

  test.for(['', '#kernel=k', 'kernel=', 'kernel', 'modules=a --- b'])('%o is none', (text) => {
    expect(namedFiles(text)).toBeUndefined()
  })
})

describe('rendered for one machine', () => {
  test('the title, the order and what is unknown stay; what is a CD’s goes', () => {
    const text = [
      '# a comment = with a sign',
      'bootstate=0',
      'title=Loading ESXi installer',
      'timeout=5',
      'prefix=',
      'kernel=/b.b00',
      'kernelopt=runweasel cdromBoot ks=cdrom:/KS.CFG',
      'modules=/a.gz --- /s.v00 with options --- /tools.t00',
      'build=8.0.3-0.0.24022510',
      'updated=0',
    ].join('\r\n')
    expect(renderBootCfg(text, { prefix, options: ['ks=http://192.168.50.1/ks/x/ks.cfg'] })).toBe(
      [
        '# a comment = with a sign',
        'bootstate=0',
        'title=Loading ESXi installer',
        'timeout=5',
        `prefix=${prefix}`,
        'kernel=b.b00',
        'kernelopt=runweasel ks=http://192.168.50.1/ks/x/ks.cfg',
        'modules=a.gz --- s.v00 with options --- tools.t00',
        'build=8.0.3-0.0.24022510',
        'updated=0',
        'errtimeout=10',
        '',
      ].join('\n'),
    )
  })

  test('lines that an ISO has not are added, and a time that it has is kept', () => {
    expect(renderBootCfg('kernel=/k\nerrtimeout=3', { prefix, options: ['x'] })).toBe(
      `kernel=k\nerrtimeout=3\nprefix=${prefix}\nkernelopt=x\n`,
    )
  })

  test('one that loads nothing says so', () => {
    const text = 'kernel=/k\nskip=0'
    expect(renderBootCfg(text, { prefix, options: [], skip: true })).toContain('\nskip=1\n')
    expect(renderBootCfg(text, { prefix, options: [] })).toContain('\nskip=0\n')
  })

  test('whatever the text was, every file is below the prefix, and once more changes nothing', () => {
    const word = fc.stringMatching(/^[\w./]{1,12}$/)
    const line = fc.oneof(
      fc.string().map((text) => text.replaceAll(/[\r\n]/g, '')),
      fc.tuple(fc.constantFrom('title', 'prefix', 'x'), word).map((pair) => pair.join('=')),
      fc.tuple(fc.constantFrom('modules', 'MODULES'), fc.array(word)).map(([key, names]) => `${key}=${names.join(' --- ')}`),
      fc.tuple(fc.constantFrom('kernelopt'), fc.array(word)).map(([key, words]) => `${key}=${words.join(' ')}`),
    ) // prettier-ignore
    fc.assert(
      fc.property(fc.array(line), word, (lines, kernel) => {
        const text = [...lines, `kernel=/k${kernel}`].join('\n')
        const once = renderBootCfg(text, { prefix, options: [] })
        expect(namedFiles(once)?.prefix).toBe(prefix)
        expect(namedFiles(once)?.names.filter((name) => name.startsWith('/'))).toEqual([])
        expect(renderBootCfg(once, { prefix, options: [] })).toBe(once)
      }),
    )
  })
})
