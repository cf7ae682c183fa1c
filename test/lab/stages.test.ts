import { expect, test } from 'vitest'
import type { EventType, ServiceEvent } from '../../src/core/events.ts'
import { Progress } from '../../src/lab/stages.ts'

function event(type: EventType, file?: string): ServiceEvent {
  return { type, at: 0, file }
}

const wholeBoot: readonly (readonly [EventType, string?])[] = [
  ['dhcp.discover'],
  ['dhcp.offer'],
  ['dhcp.ack'],
  ['tftp.done', 'lpxelinux.0'],
  ['menu.served', 'pxelinux.cfg/01-52-54-00-b0-07-01'],
  ['http.done', 'boot/tinyvm/vmlinuz'],
  ['http.done', 'boot/tinyvm/initrd'],
  ['machine.up'],
]

test('a boot that goes through is up and misses nothing', () => {
  const progress = new Progress('bios')
  for (const [index, [type, file]] of wholeBoot.entries()) {
    expect(progress.isUp).toBe(false)
    progress.observe(event(type, file), index)
  }
  expect(progress.isUp).toBe(true)
  expect(progress.missing).toBeUndefined()
  expect(progress.stalled(1000)).toBeUndefined()
})

test('silence is told by the first stage that was not reached, once its time is over', () => {
  const progress = new Progress('bios')
  expect(progress.stalled(19)).toBeUndefined()
  expect(progress.stalled(20)).toBe('it has not asked for an address within 20 s')
  progress.observe(event('dhcp.offer'), 15)
  expect(progress.stalled(34)).toBeUndefined()
  expect(progress.stalled(35)).toBe('it did not accept an address and a boot file within 20 s')
})

test('UEFI has twice the time until it asks for an address', () => {
  expect(new Progress('uefi').stalled(39)).toBeUndefined()
  expect(new Progress('uefi').stalled(40)).toContain('has not asked')
})

test('on a busy machine each stage can have more time', () => {
  expect(new Progress('bios', 2.5).stalled(49)).toBeUndefined()
  expect(new Progress('bios', 2.5).stalled(50)).toContain(
    'has not asked for an address within 50 s',
  )
})

test('a stage that a path does not have is passed with the next one', () => {
  const progress = new Progress('uefi')
  progress.observe(event('proxy.offer'), 4)
  progress.observe(event('menu.served'), 9)
  expect(progress.missing?.missing).toBe('it did not fetch the kernel')
})

test('an earlier event never takes a boot back', () => {
  const progress = new Progress('bios')
  progress.observe(event('menu.served'), 5)
  progress.observe(event('dhcp.discover'), 6)
  expect(progress.missing?.missing).toBe('it did not fetch the kernel')
})

test.for(['lpxelinux.0', 'ldlinux.c32', 'pxelinux.cfg/default'])('%s is no kernel', (file) => {
  const progress = new Progress('bios')
  for (const seconds of [1, 2, 3]) progress.observe(event('http.done', file), seconds)
  expect(progress.stalled(3)).toBeUndefined()
  expect(progress.missing?.name).toBe('got its menu or boot script')
})

test('a kernel that is fetched again and again ends the boot at once', () => {
  const progress = new Progress('bios')
  for (const seconds of [5, 6, 7]) {
    progress.observe(event('http.done', 'boot/tinyvm/vmlinuz'), seconds)
  }
  expect(progress.stalled(7)).toContain('again and again')
})
