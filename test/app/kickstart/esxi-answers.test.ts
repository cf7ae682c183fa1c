import { expect, test } from 'vitest'
import { renderAnswers } from '../../../src/app/kickstart/answer-files.ts'

const done = 'http://192.168.50.1/ks/token/done'
const source = [
  'vmaccepteula',
  `rootpw --iscrypted $6$salt$${'a'.repeat(86)}`,
  'install --firstdisk --overwritevmfs --dpupcislots=1',
  '%firstboot',
  'reboot',
].join('\n')

function render(version: string | undefined) {
  return renderAnswers(source, new Map([['done', done]]), { format: 'esxi', version })
}

test('an ESXi kickstart is checked as the release of its image reads it', () => {
  expect(render('7.0.3').problems).toMatchObject([{ line: 3, key: 'install --dpupcislots' }])
  expect(render('8.0.3').problems).toEqual([])
  expect(render(undefined).problems).toEqual([])
})

test('what it only warns of is told apart, and it reports when it is done', () => {
  const { files, warnings } = render('8.0.3')
  expect(warnings).toMatchObject([{ key: 'reboot' }, { line: 4, key: '%firstboot' }])
  expect(files).toMatchObject([{ name: 'ks.cfg', type: 'text/plain; charset=utf-8' }])
  expect(files[0]?.text).toContain(done)
})
