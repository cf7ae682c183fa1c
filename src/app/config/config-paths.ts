/** What a configuration names on this machine's disk, and is not there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from './config-schema.ts'

/** One sentence each. A folder may still come; a mirror whose CA is not there does not start. */
export function missingPaths({ files, mirrors, hosts, images }: Config): string[] {
  const folder =
    files === undefined || existsSync(files) ? [] : [`files: there is no folder ${files}`]
  const authorities = Object.entries(mirrors).flatMap(([name, { trust }]) =>
    trust !== undefined && 'ca' in trust && !existsSync(trust.ca)
      ? [`mirrors.${name}.trust.ca: there is no file ${trust.ca}`]
      : [],
  )
  const kickstarts = [
    ...hosts.map(({ name, kickstart }) => [`the kickstart of host ${name}`, kickstart] as const),
    ...Object.entries(images).map(
      ([name, { kickstart }]) => [`images.${name}.kickstart`, kickstart] as const,
    ),
  ].flatMap(([place, file]) =>
    file === undefined || existsSync(file) ? [] : [`${place}: there is no file ${file}`],
  )
  return [...folder, ...authorities, ...kickstarts]
}

const loadersFolder = fileURLToPath(new URL('../../../pxelinux', import.meta.url))

/** What else is not there; a running service tells of it when it is looked for. */
export function missingFiles({ files, menu, images }: Config): string[] {
  const sources = Object.entries(images).flatMap(([name, { source }]) =>
    existsSync(source) ? [] : [`images.${name}.source: there is no file or folder ${source}`],
  )
  const { background } = menu
  if (background === undefined || /^https?:/.test(background)) return sources
  const folders = [loadersFolder, ...(files === undefined ? [] : [files])]
  return folders.some((folder) => existsSync(join(folder, background)))
    ? sources
    : [...sources, `menu.background: there is no ${background} in ${folders.join(', nor in ')}`]
}
