import { expect, test } from 'vitest'
import {
  findInstaller,
  isStrict,
  knownText,
  knows,
} from '../../../src/boot/kickstart/installers.ts'

test.for([
  ['2.3', '2.3'],
  ['v2.3', '2.3'],
  ['master', 'master'],
  ['photon3.0', 'photon3.0'],
  ['3.0', 'photon3.0'],
  ['4.0', '2.0'],
  ['5.0', '2.3'],
  ['Photon5.0', '2.3'],
  ['6.0', '2.7'],
  ['1.0', '1.0'],
  ['photon1.0', 'photon1.0'],
  ['1.0-tp2', 'tp2'],
] as const)('%s is %s', ([name, installer]) => {
  expect(findInstaller(name)).toBe(installer)
})

test.for(['', '7.0', 'photon', 'constructor'])('there is no installer "%s"', (name) => {
  expect(findInstaller(name)).toBeUndefined()
})

test('a range, with one beside it', () => {
  const known = { from: '2.7', and: ['photon3.0'] } as const
  expect(knows('photon3.0', known)).toBe(true)
  expect(knows('2.6', known)).toBe(false)
  expect(knows('master', known)).toBe(true)
  expect(knownText(known)).toBe('in photon3.0 and from 2.7 on')
  expect(knownText({ from: '2.1', until: '2.8' })).toBe('from 2.1 on up to 2.8')
})

test('from the revised 3.0 on they check', () => {
  expect(isStrict('photon3.0-ga')).toBe(false)
  expect(isStrict('photon3.0')).toBe(true)
})
