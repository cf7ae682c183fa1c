/** What is read out of the configurations of boot loaders that people's images have. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromRoot, splitInitrd } from '../../../src/boot/image/boot-choice.ts'
import { parseGrubConfig } from '../../../src/boot/image/grub-config.ts'
import { parseSyslinuxConfig } from '../../../src/boot/image/syslinux-config.ts'

describe('syslinux', () => {
  test('Tiny Core, as its installer writes extlinux.conf', () => {
    const text = `DEFAULT core
LABEL core
KERNEL /tce/boot/vmlinuz
INITRD /tce/boot/core.gz
APPEND quiet  waitusb=5:UUID="0b001ace-1" tce=UUID="0b001ace-1"
`
    expect(parseSyslinuxConfig(text, 'tce/boot/extlinux')).toEqual({
      choices: [
        {
          title: 'core',
          kernel: 'tce/boot/vmlinuz',
          initrd: ['tce/boot/core.gz'],
          args: 'quiet waitusb=5:UUID="0b001ace-1" tce=UUID="0b001ace-1"',
          isDefault: true,
        },
      ],
      includes: [],
    })
  })

  test('an isolinux.cfg with a menu program, common arguments and a marked default', () => {
    const text = [
      'display boot.msg',
      'default menu.c32',
      'append console=ttyS0',
      'menu include more.cfg title',
      'include /boot/last.cfg',
      'label one',
      '  menu label ^One system',
      '  kernel vmlinuz',
      '  append initrd=core.gz,extra.gz quiet',
      'label two',
      '  menu default',
      '  linux ../vmlinuz64',
      'label three',
      '  kernel /boot/vmlinuz',
      '  append -',
      'label test',
      '  kernel memtest.bin',
      'label disk',
      '  localboot 0x80',
    ].join('\r\n')
    const { choices, includes } = parseSyslinuxConfig(text, 'boot/isolinux')
    expect(includes).toEqual(['boot/isolinux/more.cfg', 'boot/last.cfg'])
    expect(choices).toEqual([
      {
        title: 'One system',
        kernel: 'boot/isolinux/vmlinuz',
        initrd: ['boot/isolinux/core.gz', 'boot/isolinux/extra.gz'],
        args: 'quiet',
        isDefault: false,
      },
      {
        title: 'two',
        kernel: 'boot/vmlinuz64',
        initrd: [],
        args: 'console=ttyS0',
        isDefault: true,
      },
      { title: 'three', kernel: 'boot/vmlinuz', initrd: [], args: '', isDefault: false },
    ])
  })

  test('a default that is no label is the kernel itself', () => {
    const { choices } = parseSyslinuxConfig('default vmlinuz initrd=core.gz base\n', '')
    expect(choices).toEqual([
      { title: 'vmlinuz', kernel: 'vmlinuz', initrd: ['core.gz'], args: 'base', isDefault: true },
    ])
  })
})

describe('GRUB', () => {
  test('a grub.cfg as distributions generate it', () => {
    const text = `
set default="1"
set kernel=vmlinuz-6.1.0
if [ x$feature = xy ]; then # a comment with 'a quote
  insmod all_video
fi
menuentry 'It''s GNU/Linux' --class debian $menuentry_id_option 'gnulinux' {
	linux	/boot/$kernel root=UUID=abc ro  quiet \\
	  splash
	initrd	/boot/intel.img /boot/initrd.img-6.1.0
}
submenu "Advanced" {
  menuentry "With \\"quotes\\" # and more" {
    linuxefi ($root)/vmlinuz opt="two words" initrd=ignored
    initrdefi (hd0,gpt2)/initrd.img
  }
}
menuentry 'Firmware' { fwsetup }
`
    expect(parseGrubConfig(text).choices).toEqual([
      {
        title: 'Its GNU/Linux',
        kernel: 'boot/vmlinuz-6.1.0',
        initrd: ['boot/intel.img', 'boot/initrd.img-6.1.0'],
        args: 'root=UUID=abc ro quiet splash',
        isDefault: false,
      },
      {
        title: 'With "quotes" # and more',
        kernel: 'vmlinuz',
        initrd: ['initrd.img'],
        args: '"opt=two words"',
        isDefault: true,
      },
    ])
  })

  test('menu.lst of GRUB Legacy', () => {
    const text = `default 0
timeout 5
title Tiny Core
kernel (hd0,0)/boot/vmlinuz quiet tce=sda1
initrd /boot/core.gz
`
    expect(parseGrubConfig(text).choices).toEqual([
      {
        title: 'Tiny Core',
        kernel: 'boot/vmlinuz',
        initrd: ['boot/core.gz'],
        args: 'quiet tce=sda1',
        isDefault: true,
      },
    ])
  })
})

test('paths begin at the root or at the folder of the configuration, and never leave it', () => {
  expect(fromRoot('/a//./b', 'x')).toBe('a/b')
  expect(fromRoot('../../../a', 'x/y')).toBe('a')
  expect(fromRoot('kernel\\vmlinuz', 'boot')).toBe('boot/kernel/vmlinuz')
  expect(splitInitrd(' a  initrd=x,y b initrd= ')).toEqual({ args: 'a b', initrd: ['x', 'y'] })
})

test('any text is a configuration, of whatever many choices', () => {
  const words = fc.constantFrom(
    'label', 'kernel', 'append', 'menu', 'default', 'include', 'initrd=', '-', 'menuentry', 'linux',
    'title', 'set', 'default=', '{', '}', '"', "'", '\\', '$', '${', '#', ';', '\n', ' ', '/', '..',
  ) // prettier-ignore
  const text = fc.array(fc.oneof(words, fc.string()), { maxLength: 60 }).map((all) => all.join(' '))
  fc.assert(
    fc.property(text, (config) => {
      for (const { choices } of [parseSyslinuxConfig(config, 'x'), parseGrubConfig(config)]) {
        for (const { kernel } of choices) expect(kernel).not.toMatch(/^\/|\.\.\//)
      }
    }),
  )
})

test('a configuration that was made to take long, or to grow, does neither', () => {
  const spaces = ' '.repeat(200_000)
  const [choice] = parseSyslinuxConfig(`label a\nkernel b\nappend x${spaces}y`, '').choices
  expect(choice?.args).toBe('x y')
  expect(parseSyslinuxConfig('label a\nkernel b\n'.repeat(15_000), '').choices).toHaveLength(15_000)
  const doubled = `set a=words\n${'set a=$a$a\n'.repeat(60)}menuentry a {\nlinux /k $a\n}`
  expect(parseGrubConfig(doubled).choices[0]?.args.length).toBeLessThan(2000)
})
