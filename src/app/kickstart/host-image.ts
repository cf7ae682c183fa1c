/** The image that a host's entry boots from, opened for a look, where no service has it open. */
import { existsSync } from 'node:fs'
import { openNetbootImage } from '../../io/image/netboot-image.ts'
import { namedImages } from '../command/image-names.ts'
import type { Config } from '../config/config-schema.ts'
import { type KnownImage, imageEntries } from '../image-entries.ts'

/** Throws InputError where the image is damaged; undefined where none has such an entry. */
export async function openImageOf(
  config: Pick<Config, 'images'>,
  entry: string,
): Promise<(KnownImage & AsyncDisposable) | undefined> {
  const candidates = namedImages(config).filter(
    ({ name, source }) => (entry === name || entry.startsWith(`${name}-`)) && existsSync(source),
  )
  for (const named of candidates) {
    const image = await openNetbootImage(named.source, {
      name: named.name,
      repository: named.repository,
    })
    const has = imageEntries(named, image).some(({ name }) => name === entry)
    if (has) return { name: named.name, image, [Symbol.asyncDispose]: () => image.close() }
    await image.close()
  }
  return undefined
}
