import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { InputError } from '../../../src/core/errors.ts'
import type { InstallState } from '../../../src/boot/install/install-state.ts'
import {
  InstallSite,
  macOf,
  neighbour,
  photonEntry,
  server,
  victim,
} from '../../support/install-site.ts'

const plainMenu = `repo=${server}/boot/photon/RPMS`

/** Brings the machine there, as it comes there in life. */
const ways: Readonly<Record<InstallState, (site: InstallSite) => Promise<void>>> = {
  armed: () => Promise.resolve(),
  booting: async (site) => void (await site.answersPath()),
  installing: async (site) => void (await site.ask(`${await site.answersPath()}/ks.json`)),
  installed: async (site) => {
    const path = await site.answersPath()
    await site.ask(`${path}/ks.json`)
    await site.ask(`${path}/done`)
  },
  disk: async (site) => {
    await ways.installed(site)
    site.power()
    await site.menu()
  },
  stopped: async (site) => {
    await ways.installing(site)
    site.power()
    await site.menu()
  },
}
const states = ['armed', 'booting', 'installing', 'installed', 'disk', 'stopped'] as const

describe('the whole way', () => {
  test('a machine installs itself once, and then boots from its disk', async () => {
    await using site = new InstallSite()
    site.power()
    const menu = await site.menu()
    expect(menu).toMatch(
      /repo=http:\/\/192\.168\.50\.1\/boot\/photon\/RPMS ks=http:\/\/192\.168\.50\.1\/ks\/[\w-]{32}\/ks\.json /,
    )
    const path = await site.answersPath()
    const given = await site.ask(`${path}/ks.json`)
    expect(given.status).toBe(200)
    expect(given.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
    })
    expect(JSON.parse(given.text)).toEqual({
      host: 'web-01',
      url: server,
      answers: server + path,
      done: `${server}${path}/done`,
      image: `${server}/boot/photon`,
    })
    expect(await site.ask(`${path}/done`)).toMatchObject({ status: 200, text: 'ok\n' })
    for (let cycle = 0; cycle < 10; cycle += 1) {
      site.power()
      expect(await site.menu()).toContain(':boot_disk')
    }
    expect(site.types().filter((type) => type.startsWith('install.'))).toEqual([
      'install.started',
      'install.running',
      'install.done',
      'install.disk',
    ])
  })

  test('armed again it installs exactly once more, with another secret', async () => {
    await using site = new InstallSite()
    const before = await site.answersPath()
    await site.ask(`${before}/ks.json`)
    await site.ask(`${before}/done`)
    const ordered = await site.installs.api.orders.arm('web-01')
    expect(ordered.text).toBe('web-01 is armed: it installs photon at its next start')
    site.power()
    const path = await site.answersPath()
    expect(path).not.toBe(before)
    expect((await site.ask(`${before}/ks.json`)).status).toBe(403)
    expect((await site.ask(`${path}/ks.json`)).status).toBe(200)
    await site.ask(`${path}/done`)
    site.power()
    expect(await site.menu()).toContain(':boot_disk')
  })

  test('armed while it reports that it is installed, it is known to have been', async () => {
    let meanwhile: (() => Promise<unknown>) | undefined
    await using site = new InstallSite({
      answersOf: async () => {
        await meanwhile?.()
        return [{ name: 'ks.json', type: 'application/json', text: '{}' }]
      },
    })
    const path = await site.answersPath()
    await site.ask(`${path}/ks.json`)
    meanwhile = () => site.ask(`${path}/done`)
    await site.installs.api.orders.arm('web-01')
    expect(site.installs.api.orders.list()[0]?.install).toMatchObject({
      state: 'armed',
      installedAt: site.now,
    })
  })

  test.for(['pxelinux.cfg/01-52-54-00-00-00-01', `grub/machine/${victim.mac}/x86_64-efi.cfg`])(
    '%s leads to the same answers',
    async (file) => {
      await using site = new InstallSite()
      const { text } = await site.ask(`/${file}`)
      expect(text).toContain(`ks=${server}${await site.answersPath()}/ks.json`)
      expect(site.state()).toBe('booting')
    },
  )
})

describe.for(states)('Bootlace starts anew while a machine is %s', (state) => {
  test('and nothing has changed', async () => {
    await using site = new InstallSite()
    await ways[state](site)
    const [before] = site.installs.api.orders.list()
    await site.restart()
    expect(site.installs.api.orders.list()[0]?.install?.state).toBe(state)
    if (state !== 'armed') expect(site.installs.api.orders.list()).toEqual([before])
  })
})

describe('answers', () => {
  test('are the same at each of six tries, also after a restart', async () => {
    await using site = new InstallSite()
    const path = `${await site.answersPath()}/ks.json`
    const given = []
    for (let tries = 0; tries < 6; tries += 1) {
      if (tries === 3) await site.restart()
      given.push(await site.ask(path))
    }
    expect(given.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(new Set(given.map(({ text }) => text)).size).toBe(1)
  })

  test('stay as they were when their file is changed in the middle', async () => {
    let text = 'first'
    const answersOf = () => Promise.resolve([{ name: 'ks.json', type: 'text/plain', text }])
    await using site = new InstallSite({ answersOf })
    const path = `${await site.answersPath()}/ks.json`
    text = 'second'
    expect((await site.ask(path)).text).toBe('first')
    expect((await site.ask(path)).text).toBe('first')
  })

  test('that are no text are handed out as they are', async () => {
    const octets = Uint8Array.of(0x1f, 0x8b, 0x00, 0xff)
    const file = { name: 'a.tar.gz', type: 'application/gzip', text: '', octets }
    await using site = new InstallSite({ answersOf: () => Promise.resolve([file]) })
    const given = await site.ask(`${await site.answersPath()}/a.tar.gz`)
    expect(given.headers).toMatchObject({ 'content-type': file.type, 'content-length': '4' })
    expect(given.text).toBe(new TextDecoder().decode(octets))
  })

  test('are looked at by their size alone without being handed out', async () => {
    await using site = new InstallSite()
    const path = `${await site.answersPath()}/ks.json`
    const head = await site.ask(path, { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, text: '' })
    expect(site.state()).toBe('booting')
    expect(head.headers['content-length']).toBe(String((await site.ask(path)).text.length))
    expect(site.state()).toBe('installing')
  })

  test('by another name are missing, which nobody is blamed for', async () => {
    await using site = new InstallSite()
    const path = await site.answersPath()
    const missing = await site.ask(`${path}/vendor-data`)
    expect(missing.status).toBe(404)
    expect(missing.text).toContain('ks.json')
    expect(site.state()).toBe('booting')
    expect(site.types()).not.toContain('answers.refused')
  })

  test.for(['armed', 'installed', 'disk', 'stopped'] as const)(
    'are refused to the machine itself that is %s, and that is told',
    async (state) => {
      await using site = new InstallSite()
      const path = await site.answersPath()
      await site.restart()
      await ways[state === 'armed' ? 'booting' : state](site)
      if (state === 'armed') await site.installs.api.orders.arm('web-01')
      expect((await site.ask(`${path}/ks.json`)).status).toBe(403)
      expect(site.told('answers.refused')).toMatchObject({ mac: victim.mac })
    },
  )

  test.for(['/ks/', '/ks/x', '/ks/x/', '/ks/x/ks.json', '/ks/x/y/z', '/ks/x/done'])(
    '%s leads nowhere and is told',
    async (path) => {
      await using site = new InstallSite()
      expect((await site.ask(path)).status).toBe(403)
      expect(site.types()).toContain('answers.refused')
    },
  )
})

describe('a neighbour', () => {
  const ip = neighbour.ip

  test('who copied the URL is refused and told, while the six tries succeed', async () => {
    await using site = new InstallSite()
    const path = `${await site.answersPath()}/ks.json`
    for (let tries = 0; tries < 6; tries += 1) {
      expect(await site.ask(path, { ip })).toMatchObject({ status: 403 })
      expect(await site.ask(path)).toMatchObject({ status: 200 })
    }
    expect(site.events.filter(({ type }) => type === 'answers.refused')).toHaveLength(1)
    expect(site.told('answers.refused')).toMatchObject({
      ip,
      mac: neighbour.mac,
      reason: `the answers of web-01, from the address of ${neighbour.mac}`,
    })
  })

  test('who asks again and again is told once a minute, for each reason', async () => {
    await using site = new InstallSite()
    const all = () =>
      site.events.filter(({ type }) => type === 'answers.refused' || type === 'install.withheld')
    for (let tries = 0; tries < 20; tries += 1) {
      await site.ask(`/ks/x/${tries}`, { ip })
      await site.menu(ip)
    }
    expect(all()).toHaveLength(2)
    site.now += 60_000
    await site.menu(ip)
    await site.menu('192.0.2.9')
    expect(all().slice(2)).toMatchObject([
      {
        type: 'install.withheld',
        ip,
        reason: expect.stringMatching(/own \(and 19 times before\)$/),
      },
      { type: 'install.withheld', ip: '192.0.2.9', reason: expect.stringMatching(/own$/) },
    ])
  })

  test('cannot report the end in the name of the machine', async () => {
    await using site = new InstallSite()
    const path = await site.answersPath()
    await site.ask(`${path}/ks.json`)
    expect((await site.ask(`${path}/done`, { ip })).status).toBe(403)
    expect(site.state()).toBe('installing')
  })

  test('gets the menu of another without the way to its answers, and moves nothing', async () => {
    await using site = new InstallSite()
    for (const file of [
      `menu.ipxe?mac=${victim.mac}`,
      'pxelinux.cfg/01-52-54-00-00-00-01',
      `grub/machine/${victim.mac}/x86_64-efi.cfg`,
    ]) {
      const { text } = await site.ask(`/${file}`, { ip })
      expect(text).toContain(plainMenu)
      expect(text).not.toContain('/ks/')
    }
    expect(site.state()).toBe('armed')
    const told = site.told('install.withheld')
    expect(told).toMatchObject({
      ip,
      mac: neighbour.mac,
      reason: expect.stringContaining('web-01'),
    })
  })

  test('does not stop an installation by asking for the menu in its name', async () => {
    await using site = new InstallSite()
    await ways.installing(site)
    site.power()
    await site.menu(ip)
    expect(site.state()).toBe('installing')
  })

  test('who locks an entry open still gets no answers', async () => {
    const locked = { ...photonEntry, lock: { crypt: 'x' } }
    await using site = new InstallSite()
    site.entries = [locked]
    const { text } = await site.ask(`/menu/photon.ipxe?mac=${victim.mac}`, { ip })
    expect(text).not.toContain('/ks/')
  })

  test('whom nobody knows by its address is no better', async () => {
    await using site = new InstallSite()
    const path = await site.answersPath()
    const far = '192.0.2.9'
    expect((await site.ask(`${path}/ks.json`, { ip: far })).status).toBe(403)
    expect(site.told('answers.refused')?.reason).toBe(
      'the answers of web-01, from an address that nobody knows',
    )
    expect(await site.menu(far)).not.toContain('/ks/')
  })
})

test('a guessed token costs one look at what is stored, however many hosts there are', async () => {
  const hosts = Array.from({ length: 50 }, (_, index) => ({
    mac: `52:54:00:00:01:${index.toString(16).padStart(2, '0')}`,
    name: `web-${index}`,
    boot: 'photon',
    kickstart: 'ks.json',
  }))
  await using site = new InstallSite({ config: { hosts } })
  site.reads = 0
  expect((await site.ask('/ks/x/y')).status).toBe(403)
  expect(site.reads).toBe(1)
})

test('no event holds a secret, wherever somebody writes it', async () => {
  await using site = new InstallSite()
  const path = await site.answersPath()
  const token = path.slice('/ks/'.length)
  for (const asked of [
    `${path}/ks.json`, `${path}/none`, `${path}/done`, `/files${path}`, `/x${path}/y`, `/%6bs/${token}/x`,
    `/KS/${token}/x`, path,
  ]) {
    await site.ask(asked)
    await site.ask(asked, { ip: neighbour.ip })
  } // prettier-ignore
  expect(JSON.stringify(site.events)).not.toContain(token)
  expect((await site.ask('/api/hosts')).text).not.toContain(token)
  expect((await site.ask('/api/images')).text).not.toContain(token)
  expect((await site.ask('/')).text).not.toContain(token)
  for (const name of ['machines.db', 'api-token']) {
    expect(statSync(join(site.folder, name)).mode & 0o077).toBe(0)
  }
})

describe('reporting the end', () => {
  test.for(['GET', 'HEAD', 'POST', 'PUT'] as const)(
    'by %s, as often as it likes',
    async (method) => {
      await using site = new InstallSite()
      const path = await site.answersPath()
      await site.ask(`${path}/ks.json`)
      for (let tries = 0; tries < 3; tries += 1) {
        expect((await site.ask(`${path}/done`, { method })).status).toBe(200)
      }
      expect(site.state()).toBe('installed')
      expect(site.types().filter((type) => type === 'install.done')).toHaveLength(1)
    },
  )

  test('with whatever a small client sends along', async () => {
    await using site = new InstallSite()
    const path = await site.answersPath()
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'a/b']) {
      const sent = { method: 'POST', payload: '{', headers: { 'content-type': type } } as const
      expect((await site.ask(`${path}/done`, sent)).status).toBe(200)
    }
  })

  test('from the installed system at an address that nobody knows', async () => {
    await using site = new InstallSite()
    const path = await site.answersPath()
    await site.ask(`${path}/ks.json`)
    expect((await site.ask(`${path}/done`, { ip: '192.0.2.77' })).status).toBe(200)
  })

  test('late, after the machine was sent to its disk', async () => {
    await using site = new InstallSite()
    const path = await site.answersPath()
    await site.ask(`${path}/ks.json`)
    site.power()
    expect(await site.menu()).toContain(':boot_disk')
    expect(site.state()).toBe('stopped')
    expect((await site.ask(`${path}/done`)).status).toBe(200)
    expect(site.state()).toBe('installed')
  })
})

describe('loops', () => {
  test('a machine that comes back without reporting is sent to its disk, loudly', async () => {
    await using site = new InstallSite()
    await ways.stopped(site)
    expect(await site.menu()).toContain(':boot_disk')
    expect(site.told('install.stopped')).toMatchObject({
      name: 'web-01',
      reason: 'it fetched its answers and came back without reporting that it is done',
    })
    const page = (await site.ask('/')).text
    expect(page).toContain('bootlace host arm web-01')
    expect(page).toContain('<span class="trouble">boots from its disk: it fetched')
  })

  test('a machine that never fetches its answers may try three times', async () => {
    await using site = new InstallSite()
    for (let tries = 0; tries < 3; tries += 1) {
      site.power()
      expect(await site.menu()).toContain('/ks/')
      expect(await site.menu()).toContain('/ks/')
    }
    site.power()
    expect(await site.menu()).toContain(':boot_disk')
    expect(site.state()).toBe('stopped')
  })

  test('with once: false each start installs', async () => {
    await using site = new InstallSite({ host: { once: false } })
    const paths = new Set<string>()
    for (let cycle = 0; cycle < 4; cycle += 1) {
      site.power()
      const path = await site.answersPath()
      paths.add(path)
      expect((await site.ask(`${path}/ks.json`)).status).toBe(200)
      if (cycle % 2 === 0) await site.ask(`${path}/done`)
    }
    expect(paths.size).toBe(4)
  })
})

describe('answers that are wrong', () => {
  const problem = 'ks.yaml:3: disk: is missing'

  test('keep the machine from being installed, with the reason, until they are mended', async () => {
    let isWrong = true
    const answersOf = () =>
      isWrong
        ? Promise.reject(new InputError([problem]))
        : Promise.resolve([{ name: 'ks.json', type: 'text/plain', text: 'x' }])
    await using site = new InstallSite({ answersOf })
    await site.installs.check()
    expect(site.events).toMatchObject([
      { type: 'install.refused', reason: problem, name: 'web-01' },
    ])
    expect(await site.menu()).toContain(':boot_disk')
    expect(site.state()).toBe('armed')
    expect((await site.ask('/')).text).toContain(problem)
    expect(await site.installs.api.orders.arm('web-01')).toEqual({
      status: 409,
      text: `web-01 is not armed: ${problem}`,
    })
    isWrong = false
    expect(await site.menu()).toContain('/ks/')
    expect(site.state()).toBe('booting')
  })

  test('that are none at all are wrong, too', async () => {
    await using site = new InstallSite({ answersOf: () => Promise.resolve([]) })
    expect(await site.menu()).toContain(':boot_disk')
  })
})

/** The reasons of what a person was told to know. */
function hints(site: InstallSite): (string | undefined)[] {
  return site.events.filter(({ type }) => type === 'service.hint').map(({ reason }) => reason)
}

describe('a data folder that is lost', () => {
  const other = { mac: neighbour.mac, name: 'db-01', boot: 'photon', kickstart: 'ks.json' }
  const first = { ...other, mac: victim.mac, name: victim.name }
  test('is told with the hosts that install themselves for that', async () => {
    await using site = new InstallSite({ config: { hosts: [first, other] } })
    await site.installs.check()
    expect(hints(site)).toEqual([
      `web-01, db-01 install themselves at their next start: nothing is known of them in ${site.folder}`,
    ])
  })

  test('is not told of those of whom something is known', async () => {
    await using site = new InstallSite({ config: { hosts: [first, other] } })
    await ways.disk(site)
    await site.restart()
    await site.installs.check()
    expect(hints(site)).toEqual([
      `db-01 installs itself at its next start: nothing is known of it in ${site.folder}`,
    ])
  })

  test('is not told of hosts that somebody armed', async () => {
    await using site = new InstallSite()
    await site.installs.api.orders.arm('web-01')
    await site.installs.check()
    expect(hints(site)).toEqual([])
  })
})

describe('the configuration changes', () => {
  const debian = { ...photonEntry, name: 'debian', kernel: 'boot/debian/linux' }

  test('a host that was installed is not installed by another image before it is armed', async () => {
    await using site = new InstallSite()
    await ways.disk(site)
    site.entries = [photonEntry, debian]
    await site.restart({ host: { boot: 'debian' } })
    await site.installs.check()
    expect(site.events.at(-1)).toMatchObject({
      type: 'install.stopped',
      reason: 'it has installed photon before',
    })
    expect(await site.menu()).toContain(':boot_disk')
    await site.installs.api.orders.arm('web-01')
    expect(await site.menu()).toContain('/ks/')
    expect(site.installs.api.orders.list()[0]?.install?.entry).toBe('debian')
  })

  test('a host that never installed anything takes the other image', async () => {
    await using site = new InstallSite()
    await site.menu()
    site.entries = [photonEntry, debian]
    await site.restart({ host: { boot: 'debian' } })
    expect(await site.menu()).toContain(`${server}/boot/debian/linux`)
    expect(await site.menu()).toContain('/ks/')
  })

  test('a new name is the same machine', async () => {
    await using site = new InstallSite()
    await ways.disk(site)
    await site.restart({ host: { name: 'db-01' } })
    expect(await site.menu()).toContain(':boot_disk')
    expect(site.installs.api.orders.list()[0]?.name).toBe('db-01')
  })

  test('a new network card is not a new machine', async () => {
    await using site = new InstallSite()
    await ways.disk(site)
    const card = macOf('52:54:00:00:00:02')
    site.machines.set(victim.ip, card)
    await site.restart({ host: { mac: card } })
    expect(site.state()).toBe('stopped')
    expect((await site.ask(`/menu.ipxe?mac=${card}`)).text).toContain(':boot_disk')
  })

  test('an image that is away does not forget what it installed', async () => {
    await using site = new InstallSite()
    await ways.disk(site)
    site.entries = []
    expect(await site.menu()).toContain(':boot_disk')
    expect(await site.installs.api.orders.arm('web-01')).toMatchObject({ status: 409 })
  })

  test.for(['armed', 'installing', 'disk', 'stopped'] as const)(
    'a host that is to boot something else boots it, also where it is %s',
    async (state) => {
      await using site = new InstallSite()
      await ways[state](site)
      await site.restart({ host: { boot: 'rescue' } })
      expect(await site.menu()).toContain(':boot_rescue')
      expect(site.state()).toBeUndefined()
      await site.restart({})
      expect(site.state()).toBe(state)
    },
  )

  test.for([
    { boot: 'rescue', before: 'armed' },
    { boot: 'rescue', before: 'booting' },
    { boot: 'debian', before: 'armed' },
  ] as const)(
    'a host that is $before again and is to boot $boot for a while is not armed afterwards',
    async ({ boot, before }) => {
      await using site = new InstallSite()
      await ways.disk(site)
      await site.installs.api.orders.arm('web-01')
      if (before === 'booting') await site.menu()
      site.entries = [...site.entries, debian]
      await site.restart({ host: { boot } })
      await site.installs.check()
      expect(site.told('install.stopped')?.reason).toBe(
        `it was to install photon, and then to boot ${boot} instead`,
      )
      await site.restart({})
      expect(site.state()).toBe('stopped')
      expect(await site.menu()).toContain(':boot_disk')
    },
  )

  test('another image, ready or not, takes the place of one that never was installed', async () => {
    await using site = new InstallSite()
    await site.installs.api.orders.arm('web-01')
    await site.restart({ host: { boot: 'debian' } })
    await site.installs.check()
    site.entries = [photonEntry, debian]
    await site.installs.check()
    expect(await site.menu()).toContain('/ks/')
    expect(site.types()).not.toContain('install.stopped')
  })

  test('without a kickstart an image just boots, and what was stored does not matter', async () => {
    await using site = new InstallSite()
    await ways.disk(site)
    await site.restart({ host: { kickstart: undefined } })
    expect(await site.menu()).toContain(plainMenu)
    expect(await site.menu()).not.toContain('/ks/')
    expect(await site.installs.api.orders.arm('web-01')).toMatchObject({ status: 409 })
  })

  test('the kickstart of the image is that of its hosts', async () => {
    const config = { images: { photon: { source: 'photon.iso', kickstart: 'ks.json' } } }
    await using site = new InstallSite({ host: { kickstart: undefined }, config })
    expect(await site.menu()).toContain('/ks/')
  })
})

describe('disarming', () => {
  test.for(['armed', 'booting', 'installing'] as const)(
    'keeps a host that is %s on its disk, over a restart, until it is armed',
    async (state) => {
      await using site = new InstallSite()
      await ways[state](site)
      expect(site.installs.api.orders.disarm('web-01')).toEqual({
        status: 200,
        text: 'web-01 is disarmed: it does not install itself until it is armed',
      })
      expect(site.told('install.stopped')?.reason).toBe('somebody disarmed it')
      await site.restart()
      site.power()
      expect(await site.menu()).toContain(':boot_disk')
      expect(site.state()).toBe('stopped')
      await site.installs.api.orders.arm('web-01')
      expect(await site.menu()).toContain('/ks/')
    },
  )

  test('takes the answers away at once', async () => {
    await using site = new InstallSite()
    const path = await site.answersPath()
    site.installs.api.orders.disarm('web-01')
    expect((await site.ask(`${path}/ks.json`)).status).toBe(403)
  })

  test('ends what installs at each start, and changes nothing for one that has installed', async () => {
    await using site = new InstallSite()
    await ways.disk(site)
    expect(site.installs.api.orders.disarm('web-01').text).toBe('web-01 is not armed')
    expect(site.state()).toBe('disk')
    await site.restart({ host: { once: false } })
    expect(site.installs.api.orders.disarm('web-01').text).toContain('is disarmed')
    expect(await site.menu()).toContain(':boot_disk')
  })

  test('holds for an image that is not there yet, and for the one after it', async () => {
    await using site = new InstallSite()
    site.entries = []
    expect(site.installs.api.orders.disarm('web-01').text).toContain('is disarmed')
    site.entries = [photonEntry]
    expect(await site.menu()).toContain(':boot_disk')
    site.entries = [{ ...photonEntry, name: 'debian' }]
    await site.restart({ host: { boot: 'debian' } })
    expect(site.installs.api.orders.list()[0]?.install?.reason).toBe('somebody disarmed it')
  })

  test('is for hosts that are there and have a kickstart', async () => {
    await using site = new InstallSite({ host: { kickstart: undefined } })
    expect(site.installs.api.orders.disarm('nobody').status).toBe(404)
    expect(site.installs.api.orders.disarm('web-01')).toEqual({
      status: 409,
      text: 'web-01 cannot be disarmed: it has no kickstart, so it never installs itself',
    })
  })
})

describe('an entry of an image with another name than the image', () => {
  const hwe = { ...photonEntry, name: 'photon-hwe' }
  const images = {
    phot: { source: 'other.iso' },
    photon: { source: 'photon.iso', kickstart: 'ks.json' },
  }
  const options = { host: { boot: 'photon-hwe', kickstart: undefined }, config: { images } }

  test('installs itself by the kickstart of the image', async () => {
    await using site = new InstallSite(options)
    site.entries = [photonEntry, hwe]
    expect(await site.menu()).toContain('/ks/')
  })

  test('stays installed while the image is away', async () => {
    await using site = new InstallSite(options)
    site.entries = [photonEntry, hwe]
    await ways.disk(site)
    site.entries = []
    expect(await site.menu()).toContain(':boot_disk')
  })
})

describe('what the user chose for the next boot', () => {
  test('is for that boot alone, however often it asks in it', async () => {
    await using site = new InstallSite()
    await ways.disk(site)
    expect(site.installs.api.orders.boot('web-01', 'menu').status).toBe(200)
    site.power()
    expect(await site.menu()).toContain('choose')
    expect(await site.menu()).toContain('choose')
    await site.restart()
    site.now += 5000
    expect(await site.menu()).toContain('choose')
    site.power()
    expect(await site.menu()).toContain(':boot_disk')
    expect(site.state()).toBe('disk')
  })

  test('never installs by itself', async () => {
    await using site = new InstallSite()
    const { text } = site.installs.api.orders.boot('web-01', 'photon')
    expect(text).toContain('bootlace host arm web-01')
    site.power()
    expect(await site.menu()).toContain(plainMenu)
    expect(site.state()).toBe('armed')
    site.power()
    expect(await site.menu()).toContain('/ks/')
  })

  test('is not used up by a neighbour', async () => {
    await using site = new InstallSite()
    site.installs.api.orders.boot('web-01', 'rescue')
    await site.menu(neighbour.ip)
    site.power()
    expect(await site.menu()).toContain(':boot_rescue')
  })

  test('is used up by a machine whose address nobody knows, where it installs nothing', async () => {
    await using site = new InstallSite({ host: { kickstart: undefined } })
    site.installs.api.orders.boot('web-01', 'rescue')
    expect(await site.menu('192.0.2.9')).toContain(':boot_rescue')
    site.power()
    expect(await site.menu('192.0.2.9')).toContain(':boot_photon')
  })

  test('is used up by nobody but the machine itself where it would install itself then', async () => {
    await using site = new InstallSite()
    site.installs.api.orders.boot('web-01', 'rescue')
    expect(await site.menu('192.0.2.9')).toContain(':boot_rescue')
    site.power()
    expect(await site.menu()).toContain(':boot_rescue')
    expect(site.state()).toBe('armed')
  })

  test('keeps an armed host on its disk however often DHCP is asked in its name', async () => {
    await using site = new InstallSite()
    site.installs.api.orders.boot('web-01', 'disk')
    expect(await site.menu()).toContain(':boot_disk')
    site.power()
    site.power()
    expect(await site.menu()).toContain(':boot_disk')
    expect(site.state()).toBe('armed')
    site.now += 600_000
    expect(await site.menu()).toContain('/ks/')
  })

  test('stops an installation that came back', async () => {
    await using site = new InstallSite()
    await ways.installing(site)
    site.installs.api.orders.boot('web-01', 'rescue')
    site.power()
    expect(await site.menu()).toContain(':boot_rescue')
    expect(site.state()).toBe('stopped')
  })

  test('has to be there', () => {
    const site = new InstallSite()
    expect(site.installs.api.orders.boot('web-01', 'nothing')).toMatchObject({ status: 409 })
    expect(site.installs.api.orders.boot('nobody', 'disk')).toMatchObject({ status: 404 })
    return site[Symbol.asyncDispose]()
  })
})

test('DHCP sees the host as it is to boot now, and only hosts that are configured', async () => {
  await using site = new InstallSite()
  const { hosts } = site.installs
  expect(hosts.get(victim.mac)).toMatchObject({ boot: 'photon', answers: expect.any(String) })
  await ways.disk(site)
  expect(hosts.get(victim.mac)?.boot).toBe('disk')
  expect([...hosts.values()].map(({ boot }) => boot)).toEqual(['disk'])
  expect(Array.from(hosts, ([mac]) => mac)).toEqual([victim.mac])
  expect(hosts.get(neighbour.mac)).toBeUndefined()
  expect(hosts.has(neighbour.mac)).toBe(false)
})

describe('what DHCP names a boot file for, before the machine asks for any menu', () => {
  test.for(states)('of a machine that is %s', async (state) => {
    await using site = new InstallSite()
    await ways[state](site)
    expect(site.installs.nextBoot(victim.mac)).toBe(
      state === 'armed' || state === 'booting' ? 'photon' : 'disk',
    )
  })

  test.for(states)('of a machine that is %s and installs itself at each start', async (state) => {
    await using site = new InstallSite()
    await ways[state](site)
    await site.restart({ host: { once: false } })
    expect(site.installs.nextBoot(victim.mac)).toBe(state === 'stopped' ? 'disk' : 'photon')
  })

  test('is what the user chose; nothing of a machine that nobody named', async () => {
    await using site = new InstallSite()
    await ways.installing(site)
    site.installs.api.orders.boot('web-01', 'rescue')
    expect(site.installs.nextBoot(victim.mac)).toBe('rescue')
    expect(site.installs.nextBoot(neighbour.mac)).toBeUndefined()
  })
})

test('two questions at once start one installation, and both lead to the same answers', async () => {
  await using site = new InstallSite()
  const [one, other] = await Promise.all([site.menu(), site.menu()])
  expect(one).toBe(other)
  expect(site.types().filter((type) => type === 'install.started')).toHaveLength(1)
})

describe('nothing can be stored', () => {
  test('so nothing starts that would be forgotten, and the disk still boots', async () => {
    await using site = new InstallSite()
    site.isDiskFull = true
    expect(await site.ask(`/menu.ipxe?mac=${victim.mac}`)).toMatchObject({
      status: 500,
      text: 'internal error\n',
    })
    expect(site.told('service.hint')?.reason).toContain('disk full')
    site.isDiskFull = false
    await ways.disk(site)
    site.isDiskFull = true
    expect(await site.menu()).toContain(':boot_disk')
  })

  test('so no answers are handed out, and the next try succeeds', async () => {
    await using site = new InstallSite()
    const path = `${await site.answersPath()}/ks.json`
    site.isDiskFull = true
    expect((await site.ask(path)).status).toBe(500)
    site.power() // which is told, and does no harm
    site.isDiskFull = false
    expect((await site.ask(path)).status).toBe(200)
  })
})
