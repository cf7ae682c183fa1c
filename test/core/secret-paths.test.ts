import { expect, test } from 'vitest'
import { withoutTokens } from '../../src/core/secret-paths.ts'

const token = 'kB3x-_9fQ2mZr7LwT1aYcV5uJ8sNdE0h'

test.for([
  [`ks/${token}/ks.cfg`, 'ks/…/ks.cfg'],
  [`/ks/${token}`, '/ks/…'],
  [`no such file: x/KS/${token}/done?x`, 'no such file: x/KS/…/done?x'],
  [`ks%2F${token}%2Fks.cfg`, 'ks%2F…%2Fks.cfg'],
  [`ks/${token} ks/${token}`, 'ks/… ks/…'],
] as const)('%s is told as %s', ([text, told]) => {
  expect(withoutTokens(text)).toBe(told)
})

test.for(['ks/photon.cfg', 'weeks/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'boot/photon/vmlinuz', ''])(
  '%s is no secret',
  (text) => {
    expect(withoutTokens(text)).toBe(text)
  },
)
