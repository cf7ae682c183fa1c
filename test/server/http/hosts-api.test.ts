import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openApiToken, readApiToken } from '../../../src/io/store/api-token.ts'
import { InstallSite, neighbour, victim } from '../../support/install-site.ts'

let site: InstallSite
let token: string
beforeEach(() => {
  site = new InstallSite()
  token = readFileSync(join(site.folder, 'api-token'), 'utf8').trim()
})
afterEach(() => site[Symbol.asyncDispose]())

const arm = '/api/hosts/web-01/arm'
const disarm = '/api/hosts/web-01/disarm'
const boot = '/api/hosts/web-01/boot'

function bearer(): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

test('everybody may see how hosts stand', async () => {
  const { text } = await site.ask('/api/hosts', { ip: neighbour.ip })
  expect(JSON.parse(text)).toEqual({
    hosts: [
      {
        name: 'web-01',
        mac: victim.mac,
        boot: 'photon',
        install: { state: 'armed', entry: 'photon', since: site.now, starts: 0 },
        text: 'armed: installs photon at its next start',
        isTrouble: false,
      },
    ],
  })
})

describe('an order', () => {
  test.for([
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer x' },
    { authorization: 'Basic eDp5' },
    { cookie: 'token=x' },
  ])('with %o changes nothing and is told', async (headers) => {
    for (const path of [arm, disarm, boot]) {
      const answer = await site.ask(path, { method: 'POST', headers, payload: { entry: 'disk' } })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer')
    }
    expect(site.told('api.refused')).toMatchObject({ ip: victim.ip, method: 'POST' })
    expect(site.types()).not.toContain('install.armed')
    expect(site.types()).not.toContain('install.stopped')
    expect(site.types()).not.toContain('host.next')
  })

  test('with the token is carried out', async () => {
    const armed = await site.ask(arm, { method: 'POST', headers: bearer() })
    expect(armed).toMatchObject({ status: 200 })
    expect(JSON.parse(armed.text)).toEqual({
      text: 'web-01 is armed: it installs photon at its next start',
    })
    const disarmed = await site.ask(disarm, { method: 'POST', headers: bearer() })
    expect(JSON.parse(disarmed.text)).toEqual({
      text: 'web-01 is disarmed: it does not install itself until it is armed',
    })
    const payload = { entry: 'rescue' }
    const chosen = await site.ask(boot, { method: 'POST', headers: bearer(), payload })
    expect(chosen.status).toBe(200)
    expect(site.types()).toEqual(['install.armed', 'install.stopped', 'host.next'])
  })

  test('that makes no sense is refused in words', async () => {
    const headers = bearer()
    const ask = (path: string, payload?: object) =>
      site.ask(path, { method: 'POST', headers, ...(payload === undefined ? {} : { payload }) })
    expect((await ask('/api/hosts/nobody/arm')).status).toBe(404)
    expect((await ask(boot, { entry: 'nothing' })).status).toBe(409)
    for (const payload of [undefined, {}, { entry: 1 }, { entry: 'disk', more: 1 }]) {
      expect((await ask(boot, payload)).status).toBe(400)
    }
  })
})

describe('the token', () => {
  test('is made once, for its owner alone, and stays', () => {
    const file = join(site.folder, 'api-token')
    expect(token).toMatch(/^[\w-]{32}$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(openApiToken(file)).toBe(token)
    rmSync(file)
    expect(openApiToken(file)).not.toBe(token)
  })

  test('may be one that somebody chose; what is none is refused with what to do', () => {
    const file = join(site.folder, 'own-token')
    expect(readApiToken(file)).toBeUndefined()
    writeFileSync(file, 'a-token-of-my-own-making\n')
    expect(openApiToken(file)).toBe('a-token-of-my-own-making')
    expect(statSync(file).mode & 0o077).toBe(0)
    writeFileSync(file, '\n')
    expect(() => openApiToken(file)).toThrow(/holds no token: delete it/)
    expect(() => openApiToken(join(site.folder, 'none', 'token'))).toThrow(/cannot be made/)
  })
})
