import { beforeEach, describe, expect, test } from 'vitest'
import { type Mac, parseMac } from '../../../src/core/address.ts'
import type { Catalog } from '../../../src/boot/menu/catalog.ts'
import type { Host } from '../../../src/boot/host.ts'
import { type Client, type FileTree, memoryFile, overlay } from '../../../src/io/files/file-tree.ts'
import {
  type GeneratedTreeOptions,
  generatedTree,
  syslinuxTree,
  trampTree,
} from '../../../src/server/boot/boot-tree.ts'

const mac = parseMac('52:54:00:12:34:56')!
const client: Client = { via: 'tftp', ip: '192.168.50.100', server: '192.168.50.1' }
const byHttp: Client = { ...client, via: 'http' }
const ownName = 'pxelinux.cfg/01-52-54-00-12-34-56'

const catalog: Catalog = {
  title: 'Lab',
  timeout: 5,
  default: 'disk',
  entries: [
    { type: 'linux', name: 'tinyvm', title: 'TinyVM', kernel: 'k', initrd: [], args: '${server}' },
    { type: 'disk', name: 'disk', title: 'Local disk' },
    { type: 'autodeploy', name: 'autodeploy', title: 'Auto Deploy' },
  ],
}

const emitted: object[] = []
beforeEach(() => void (emitted.length = 0))

function options(own: Partial<GeneratedTreeOptions> = {}): GeneratedTreeOptions {
  return {
    catalog,
    hosts: new Map<Mac, Host>([[mac, { name: 'web-01', mac, boot: 'tinyvm', loader: 'auto' }]]),
    loaders: new Set(),
    httpPort: 80,
    macOf: () => undefined,
    firmwareOf: () => undefined,
    emit: (event) => void emitted.push(event),
    ...own,
  }
}

/** A folder with these names; the content of each is its name. */
function folder(...names: string[]): FileTree {
  return {
    open: (path) =>
      Promise.resolve(
        names.includes(path) ? memoryFile(new TextEncoder().encode(path), 'x') : undefined,
      ),
    list: () => Promise.resolve(names),
  }
}

async function textOf(
  tree: FileTree,
  path: string,
  who: Client = client,
): Promise<string | undefined> {
  const file = await tree.open(path, who)
  if (file === undefined) return undefined
  const octets = new Uint8Array(file.size)
  await file.read(octets, 0)
  return new TextDecoder().decode(octets)
}

describe('PXELINUX menus', () => {
  test('the name with the hardware address says whose menu it is', async () => {
    const text = await textOf(generatedTree(options()), `/${ownName}`)
    expect(text).toContain('DEFAULT tinyvm')
    expect(text).toContain('APPEND http://192.168.50.1\n')
    expect(emitted).toEqual([
      { type: 'menu.served', mac, ip: client.ip, file: ownName, entry: 'tinyvm' },
    ])
  })

  test('default is for whoever has the address that asks', async () => {
    const tree = generatedTree(options({ macOf: (ip) => (ip === client.ip ? mac : undefined) }))
    expect(await textOf(tree, 'pxelinux.cfg/default')).toContain('DEFAULT tinyvm')
    expect(await textOf(generatedTree(options()), 'pxelinux.cfg/default')).toContain('menu.c32')
    expect(emitted).toMatchObject([{ entry: 'tinyvm' }, { entry: 'menu', mac: undefined }])
  })

  test.for([
    'pxelinux.cfg/12345678-9abc-def0-1234-56789abcdef0',
    'pxelinux.cfg/C0A83264',
    'pxelinux.cfg/C',
    'pxelinux.cfg/../menu.c32',
    'pxelinux.cfg/graphics.conf',
    'pxelinux.cfg',
    '../menu.ipxe',
  ])('%s is a miss, without an event', async (path) => {
    expect(await textOf(generatedTree(options()), path)).toBeUndefined()
    expect(emitted).toEqual([])
  })

  test.for(['pxelinux.cfg/default', 'pxelinux.cfg/C0A8', ownName])(
    'they give way to the user’s own %s',
    async (own) => {
      const userFiles = folder(own)
      const tree = overlay([userFiles, generatedTree(options({ userFiles }))])
      const asked = [ownName, 'pxelinux.cfg/C0A83264', 'pxelinux.cfg/C0A8', 'pxelinux.cfg/default']
      let first: string | undefined
      for (const path of asked) first ??= await textOf(tree, path)
      expect(first).toBe(own)
      expect(emitted).toEqual([])
    },
  )

  test('another machine’s name in the user’s folder does not count', async () => {
    const userFiles = folder('pxelinux.cfg/01-52-54-00-00-00-09')
    expect(await textOf(generatedTree(options({ userFiles })), ownName)).toContain('DEFAULT tinyvm')
  })
})

describe('iPXE scripts', () => {
  test('the menu is for the machine that is named, on a port of its own', async () => {
    const tree = generatedTree(options({ httpPort: 8080 }))
    const text = await textOf(tree, 'menu.ipxe', { ...byHttp, mac })
    expect(text).toContain('kernel http://192.168.50.1:8080/k http://192.168.50.1:8080 ||')
    expect(emitted).toMatchObject([{ type: 'menu.served', mac, entry: 'tinyvm' }])
  })

  test('URLs have the port that the machine used, not ours behind a container’s mapping', async () => {
    const tree = generatedTree(options({ httpPort: 8080 }))
    const text = await textOf(tree, 'menu.ipxe', { ...byHttp, mac, port: 80 })
    expect(text).toContain('kernel http://192.168.50.1/k http://192.168.50.1 ||')
  })

  test('what iPXE says of its processor decides which entries it sees', async () => {
    const tree = generatedTree(options({ hosts: new Map(), firmwareOf: () => 'uefi-x64' }))
    const who = { ...byHttp, mac }
    expect(await textOf(tree, 'menu.ipxe', who)).toContain('TinyVM')
    expect(await textOf(tree, 'menu.ipxe', { ...who, firmware: 'uefi-arm64' })).not.toContain(
      'TinyVM',
    )
  })

  test('a machine that nobody knows is asked who it is', async () => {
    expect(await textOf(generatedTree(options()), 'menu.ipxe', byHttp)).toContain(
      'http://192.168.50.1/menu.ipxe?mac=${netX/mac}',
    )
    expect(emitted).toEqual([])
  })

  test('autoexec is not for Auto Deploy, which goes by `tramp`', async () => {
    const host: Host = { name: 'esx-01', mac, boot: 'autodeploy', loader: 'auto' }
    const tree = generatedTree(options({ hosts: new Map([[mac, host]]), macOf: () => mac }))
    expect(await textOf(tree, 'autoexec.ipxe')).toBeUndefined()
  })

  test('autoexec asks for an address first', async () => {
    const text = await textOf(generatedTree(options()), 'autoexec.ipxe')
    expect(text).toMatch(/^#!ipxe\ndhcp .*\nchain .*menu\.ipxe\?mac=/)
  })
})

describe('GRUB', () => {
  const own = 'grub/machine/52:54:00:12:34:56/x86_64-efi.cfg'

  test('is sent to ask for its machine, over HTTP, on the port by which we were reached', async () => {
    const text = await textOf(generatedTree(options()), '/grub/grub.cfg')
    expect(text).toContain("set files='(http,192.168.50.1)'")
    expect(emitted).toEqual([])
    const mapped = { ...byHttp, port: 8080 }
    expect(await textOf(generatedTree(options()), 'grub/grub.cfg', mapped)).toContain(
      "set files='(http,192.168.50.1:8080)'",
    )
    const overIpv6 = { ...byHttp, server: 'fd77::1' }
    expect(await textOf(generatedTree(options()), 'grub/grub.cfg', overIpv6)).toContain(
      "set files='(http,fd77::1)'",
    )
  })

  test('gets the menu of the machine that it names', async () => {
    expect(await textOf(generatedTree(options()), own)).toContain('linux "$files"\'/k\'')
    expect(emitted).toEqual([
      { type: 'menu.served', mac, ip: client.ip, file: own, entry: 'tinyvm' },
    ])
  })

  test('is known by its address when it names none', async () => {
    const tree = generatedTree(options({ macOf: (ip) => (ip === client.ip ? mac : undefined) }))
    expect(await textOf(tree, 'grub/machine//x86_64-efi.cfg')).toContain('set again=1')
    expect(emitted).toMatchObject([{ mac, entry: 'tinyvm' }])
  })

  test('knows its processor better than we do', async () => {
    const tree = generatedTree(options({ hosts: new Map(), firmwareOf: () => 'uefi-x64' }))
    expect(await textOf(tree, own)).toContain('TinyVM')
    expect(await textOf(tree, own.replace('x86_64', 'arm64'))).not.toContain('TinyVM')
  })

  test.for([
    'grub/grub.cfg-01-52-54-00-12-34-56',
    'grub/x86_64-efi/command.lst',
    'grub/grub.cfg-C0',
  ])('%s is a miss: the user’s own grub.cfg must not be hidden', async (path) => {
    expect(await textOf(generatedTree(options()), path)).toBeUndefined()
  })
})

/** The tree of SYSLINUX for UEFI, with the user's own folder. */
function efiTree(own: FileTree = folder()): FileTree {
  return syslinuxTree(overlay([own, generatedTree(options({ userFiles: own })), folder('k')]))
}

describe('SYSLINUX for UEFI', () => {
  test('finds its menu and everything that the menu names in its own folder, too', async () => {
    expect(await textOf(efiTree(), `efi64/${ownName}`)).toContain('DEFAULT tinyvm')
    expect(await textOf(efiTree(), 'efi64//k')).toBe('k')
    expect(await textOf(efiTree(), 'efi32/k')).toBe('k')
    expect(await textOf(efiTree(), 'k')).toBe('k')
    expect(await textOf(efiTree(), 'efi64/nothing')).toBeUndefined()
    expect(await textOf(efiTree(), 'efi64/efi64/k')).toBeUndefined()
  })

  test('gets the user’s own menu, and the user’s own files of its folder first', async () => {
    expect(
      await textOf(efiTree(folder('pxelinux.cfg/default')), 'efi64/pxelinux.cfg/default'),
    ).toBe('pxelinux.cfg/default')
    expect(await textOf(efiTree(folder('efi64/k')), 'efi64/k')).toBe('efi64/k')
  })
})

describe('tramp', () => {
  const autodeploy = { port: 5100 }

  test('points at the mirror, before the user’s own', async () => {
    const tree = overlay([trampTree(options({ autodeploy })), folder('tramp')])
    expect(await textOf(tree, '/tramp')).toBe(
      '#!gpxe\nchain http://192.168.50.1:5100/vmw/rbd/tramp\n',
    )
    expect(emitted).toMatchObject([{ type: 'menu.served', entry: 'autodeploy' }])
  })

  test('without a mirror the user’s own stays', async () => {
    const tree = overlay([trampTree(options()), folder('tramp')])
    expect(await textOf(tree, 'tramp')).toBe('tramp')
  })

  test('menus offer Auto Deploy only with a mirror', async () => {
    const who = { ...byHttp, mac: parseMac('52:54:00:00:00:09')! }
    expect(await textOf(generatedTree(options({ autodeploy })), 'menu.ipxe', who)).toContain(
      'chain --autofree http://192.168.50.1:5100/vmw/rbd/tramp',
    )
    expect(await textOf(generatedTree(options()), 'menu.ipxe', who)).not.toContain('Auto Deploy')
  })
})

test('the same text has the same tag', async () => {
  const tree = generatedTree(options())
  const tags = [await tree.open(ownName, client), await tree.open(ownName, client)]
  expect(tags[0]?.etag).toBe(tags[1]?.etag)
  expect((await tree.open('pxelinux.cfg/default', client))?.etag).not.toBe(tags[0]?.etag)
})
