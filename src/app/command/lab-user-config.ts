/** A user's own configuration in the lab: all that it says of booting, without its network. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { InputError } from '../../core/errors.ts'
import type { LabOptions } from '../../lab/lab.ts'
import type { Config } from '../config/config-schema.ts'
import { loadConfig } from '../config/config.ts'
import type { LabArguments } from './lab-options.ts'
import type { EntryConfig } from '../config/menu-schema.ts'

type Wanted = Pick<LabArguments, 'config' | 'host' | 'boot' | 'loader'>

/** Throws InputError when the file or the host's name is wrong. */
export function userConfig(
  wanted: Wanted,
): Pick<LabOptions, 'boot' | 'config' | 'mac' | 'menuTitle'> {
  const { config: file, host, boot } = wanted
  if (file === undefined) {
    if (host !== undefined) throw new InputError(['--host: needs --config, which knows the hosts'])
    return { boot: boot ?? 'tinyvm' }
  }
  const config = loadConfig({ file })
  return {
    boot,
    config: sectionsOf(file, wanted),
    mac: host === undefined ? undefined : macOf(config, host),
    menuTitle: titlesOf(config.menu),
  }
}

/** The menu's own title, as GRUB shows it first, and that of the group which opens first elsewhere. */
function titlesOf({ title, entries, default: choice }: Config['menu']): RegExp {
  const titles = [title, titleAbove(entries, choice, title) ?? title]
  return new RegExp(titles.map((text) => text.replaceAll(/[^\w ]/g, '.')).join('|'))
}

/** The title of the menu or group that the entry stands in; undefined when it is in none of them. */
function titleAbove(
  entries: readonly EntryConfig[],
  choice: string,
  above: string,
): string | undefined {
  for (const { name, title, entries: inner = [] } of entries) {
    const found = name === choice ? above : titleAbove(inner, choice, title)
    if (found !== undefined) return found
  }
  return undefined
}

/** As they were written. Interfaces, DHCP, data and cache are the lab's own. */
function sectionsOf(file: string, wanted: Wanted): Readonly<Record<string, unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- loadConfig found it good
  const written = (parse(readFileSync(file, 'utf8')) ?? {}) as Partial<Record<string, unknown>>
  const { interfaces: _i, dhcp: _d, data: _data, cache: _c, ...sections } = written
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- likewise
  const hosts = (sections['hosts'] ?? []) as readonly { readonly name?: string }[]
  return { menu: {}, ...sections, hosts: hosts.map((host) => hostInLab(host, wanted)) }
}

/** Its reserved address is one of another network. */
function hostInLab(
  host: { readonly name?: string; readonly address?: string },
  { host: name, boot, loader }: Wanted,
): object {
  const { address: _address, ...rest } = host
  if (host.name !== name) return rest
  return { ...rest, ...(boot && { boot }), ...(loader && { loader }) }
}

function macOf(config: Config, name: string): string {
  const host = config.hosts.find((one) => one.name === name)
  if (host !== undefined) return host.mac
  const names = config.hosts.map((one) => one.name).join(', ')
  throw new InputError([`--host: allowed is ${names === '' ? 'none: it has no hosts' : names}`])
}
