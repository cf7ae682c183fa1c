/** What a configuration names on this machine's disk, and is not there. */
import { existsSync } from 'node:fs'
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
