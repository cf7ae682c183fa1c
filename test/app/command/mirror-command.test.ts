import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { mirrorCommand } from '../../../src/app/command/mirror-command.ts'
import { rewriteTramp } from '../../../src/app/command/tftp-import.ts'
import { mirrorFixture } from '../../support/mirror-fixture.ts'
import { AutoDeployOrigin } from '../../support/origin.ts'

let folder = ''
let said: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-mirror-command-'))
  said = []
  vi.spyOn(console, 'log').mockImplementation((text: string) => void said.push(text))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

function run(config: string, ...args: string[]): Promise<number> {
  const file = join(folder, 'bootlace.yaml')
  writeFileSync(file, `data: ${folder}\n${config}\n`)
  return mirrorCommand([...args, '--config', file])
}

const tramp =
  '#!gpxe\nset filename https://vc.lab:6501/vmw/rbd/tramp\nchain https://vc.lab:6501/vmw/rbd/tramp\n'
const zip = (files: Record<string, string>): string => {
  const octets = Object.entries(files).map(([name, text]) => [name, strToU8(text)] as const)
  const path = join(folder, 'deploy-tftp.zip')
  writeFileSync(path, zipSync(Object.fromEntries(octets)))
  return path
}
const files = () => {
  mkdirSync(join(folder, 'files'), { recursive: true })
  return `files: ${join(folder, 'files')}`
}
const at = (name: string) => readFileSync(join(folder, 'files', name), 'utf8')

describe('trust', () => {
  let origin: AutoDeployOrigin
  beforeEach(async () => {
    origin = new AutoDeployOrigin()
    await origin.start()
  })
  afterEach(() => origin.close())
  const config = (more = '') => `mirrors: { autodeploy: { origin: "${origin.url.origin}"${more} } }`

  test('a new certificate is shown, accepted, and taken by the running mirror', async () => {
    const pinFile = join(folder, 'mirrors', 'autodeploy.pin')
    await using f = await mirrorFixture({ startedOrigin: origin, trust: () => ({ pinFile }) })
    expect(await run(config(), 'trust', 'autodeploy')).toBe(0)
    expect(said.join('\n')).toContain('remembered: none yet')
    expect(existsSync(pinFile)).toBe(false)
    expect((await f.get('/vmw/rbd/tramp')).status).toBe(200)
    expect(await run(config(), 'trust', 'autodeploy')).toBe(0)

    await origin.close()
    await origin.replaceCertificate()
    await origin.start()
    const refused = await f.get('/vmw/rbd/tramp')
    expect(refused.status).toBe(502)
    expect(refused.body.toString()).toContain('bootlace mirror trust autodeploy --accept')
    expect(await run(config(), 'trust', 'autodeploy')).toBe(1)
    expect((await f.get('/vmw/rbd/tramp')).status).toBe(502)
    said = []
    expect(await run(config(), 'trust', 'autodeploy', '--accept', '--json')).toBe(0)
    const { fingerprint } = origin.certificate!
    expect(JSON.parse(said.join('\n'))).toMatchObject({ fingerprint, remembered: fingerprint })
    expect((await f.get('/vmw/rbd/tramp')).status).toBe(200)
  })

  test('what the configuration trusts is not overruled', async () => {
    const insecure = config(', trust: { insecure: true }')
    await expect(run(insecure, 'trust', 'autodeploy', '--accept')).rejects.toThrow(
      'mirrors.autodeploy.trust says what is trusted',
    )
  })

  test('an origin that is down, a mirror that is none, plain HTTP: a sentence each', async () => {
    const text = config()
    await origin.close()
    await expect(run(text, 'trust', 'autodeploy')).rejects.toThrow('shows no certificate')
    await expect(run(text, 'trust', 'other')).rejects.toThrow('there is no mirror other')
    const plain = 'mirrors: { a: { origin: "http://h:1" } }'
    await expect(run(plain, 'trust', 'a')).rejects.toThrow('shows no certificate')
  })
})

describe('import-tftp', () => {
  test('loaders and tramp as they are, nothing left beside them', async () => {
    const path = zip({ tramp, 'undionly.kpxe.vmw-hardwired': 'loader' })
    expect(await run(files(), 'import-tftp', path)).toBe(0)
    expect(at('tramp')).toBe(tramp)
    expect(at('undionly.kpxe.vmw-hardwired')).toBe('loader')
    expect(readdirSync(join(folder, 'files'))).toHaveLength(2)
  })

  test('tramp leads through the mirror when asked', async () => {
    const path = zip({ tramp, 'undionly.kpxe.vmw-hardwired': 'loader' })
    await run(files(), 'import-tftp', path, '--through', 'http://192.168.50.1:5100/')
    expect(at('tramp')).toBe(tramp.replaceAll('https://vc.lab:6501', 'http://192.168.50.1:5100'))
    expect(at('undionly.kpxe.vmw-hardwired')).toBe('loader')
    expect(rewriteTramp('chain https://other.example/x', 'http://a')).toContain('other.example')
  })

  test.for([
    [{ tramp: 'x', '../out': 'y' }, 'leads out of the folder'],
    [{ 'a/../../out': 'y', tramp: 'x' }, 'leads out of the folder'],
    [{ readme: 'x' }, 'holds no file tramp'],
  ] as const)('%j is refused, and nothing is written', async ([names, problem]) => {
    await expect(run(files(), 'import-tftp', zip(names))).rejects.toThrow(problem)
    expect(readdirSync(join(folder, 'files'))).toEqual([])
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  test('no zip, half a zip, no folder, a wrong URL: a sentence each', async () => {
    const path = zip({ tramp })
    await expect(run('', 'import-tftp', path)).rejects.toThrow('files: names no folder')
    await expect(run(files(), 'import-tftp', 'none.zip')).rejects.toThrow('there is no such file')
    await expect(run(files(), 'import-tftp', path, '--through', 'boot:5100')).rejects.toThrow(
      'allowed: a URL',
    )
    writeFileSync(path, readFileSync(path).subarray(0, 40))
    await expect(run(files(), 'import-tftp', path)).rejects.toThrow('cannot be unpacked')
    await expect(run('', 'trust')).rejects.toThrow('bootlace mirror trust NAME')
  })
})
