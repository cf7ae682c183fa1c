/**
 * The images that are served: opens each when it is whole, lets go of it when it changes or goes,
 * and offers what is in it as entries of the menu and as files below `boot/`. Nothing is copied.
 */
import { InputError, messageOf } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { BootEntry } from '../boot/menu/catalog.ts'
import { treePath } from '../boot/tree-path.ts'
import type { FileTree } from '../io/files/file-tree.ts'
import { fingerprintOf } from '../io/image/fingerprint.ts'
import { type NetbootImage, isUsable, openNetbootImage } from '../io/image/netboot-image.ts'
import { type NamedImage, isImageFile } from './command/image-names.ts'
import { imageTitle } from './command/image-report.ts'
import { type KnownImage, imageEntries } from './image-entries.ts'

interface Held {
  readonly named: NamedImage
  /** Of its file; another one means that it was replaced. */
  readonly fingerprint: string
  /** Undefined where it cannot be used, which was said. */
  readonly image: NetbootImage | undefined
}

export interface ImageLibraryOptions {
  /** The images that there are now. */
  readonly named: () => readonly NamedImage[]
  /** Names that entries of the menu have: those win. */
  readonly taken: ReadonlySet<string>
  readonly emit: Emit
  readonly clock: () => number
}

/** A file that changed less than this ago may still be being copied. Milliseconds. */
const settling = 2000

/** The fingerprint of what is not there. */
const missing = 'missing'

export class ImageLibrary {
  readonly #options: ImageLibraryOptions
  readonly #held = new Map<string, Held>()
  /** Fingerprints of what was not whole yet at the last look. */
  readonly #waiting = new Map<string, string>()
  readonly #stopping = new AbortController()
  #refreshing: Promise<void> | undefined

  constructor(options: ImageLibraryOptions) {
    this.#options = options
  }

  /** What can be booted, in the order of the names. */
  entries(): readonly BootEntry[] {
    return [...this.#held.values()]
      .flatMap(({ named, image }) => (image === undefined ? [] : imageEntries(named, image)))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The image that an entry of this name boots from. */
  imageOf(entry: string): KnownImage | undefined {
    for (const { named, image } of this.#held.values()) {
      if (image === undefined) continue
      const entries = imageEntries(named, image)
      if (entries.some(({ name }) => name === entry)) return { name: named.name, image }
    }
    return undefined
  }

  /** The boot.cfg of an ESXi image, as it stands there. */
  bootCfgOf(name: string): string | undefined {
    return this.#held.get(name)?.image?.offers?.esxi?.bootCfg
  }

  /** The files of each image, in a folder by its name. */
  get tree(): FileTree {
    return {
      open: (path, client) => {
        const [name = '', ...inner] = treePath(path) ?? []
        const tree = this.#held.get(name)?.image?.tree
        return inner.length === 0 || tree === undefined
          ? Promise.resolve(undefined)
          : tree.open(inner.join('/'), client)
      },
      list: async () => {
        const lists = [...this.#held].map(async ([name, { image }]) =>
          ((await image?.tree.list()) ?? []).map((path) => `${name}/${path}`),
        )
        return (await Promise.all(lists)).flat()
      },
    }
  }

  /** Looks what came, changed or went; one look at a time. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#look().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /** An image that is being opened is given up. */
  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#refreshing?.catch(() => undefined)
    for (const { image } of this.#held.values()) await image?.close()
    this.#held.clear()
  }

  async #look(): Promise<void> {
    const wanted = new Map(this.#options.named().map((one) => [one.name, one]))
    for (const name of this.#held.keys()) if (!wanted.has(name)) await this.#drop(name)
    for (const name of this.#waiting.keys()) if (!wanted.has(name)) this.#waiting.delete(name)
    const bugs: unknown[] = []
    for (const one of wanted.values()) {
      if (this.#stopping.signal.aborted) return
      if (this.#options.taken.has(one.name)) this.#sayTaken(one)
      // What goes wrong with one image is no reason to leave the others out.
      else await this.#check(one).catch((error: unknown) => bugs.push(error))
    }
    if (bugs.length > 0) throw bugs[0]
  }

  /** A folder of such a name is what the entry boots from. */
  #sayTaken(named: NamedImage): void {
    if (this.#held.has(named.name) || !isImageFile(named.source)) return
    const reason = `${named.source}: an entry of the menu has this name, give the file another one`
    this.#hold(named, 'taken', reason)
  }

  async #check(named: NamedImage): Promise<void> {
    const { name, source } = named
    const found = await fingerprintOf(source)
    const held = this.#held.get(name)
    if (held?.fingerprint === (found?.text ?? missing)) return
    if (found === undefined) {
      await this.#drop(name)
      if (named.isConfigured) this.#hold(named, missing, `there is no file ${source}`)
      return
    }
    const age = this.#options.clock() - found.changed
    const isSettled = age >= settling || this.#waiting.get(name) === found.text
    this.#waiting.set(name, found.text)
    // What is in a folder is served as it is, whatever else is put into it.
    if (isSettled || !found.isFolder) await this.#drop(name)
    if (isSettled) await this.#open(named, found.text)
  }

  async #open(named: NamedImage, fingerprint: string): Promise<void> {
    this.#waiting.delete(named.name)
    const { signal } = this.#stopping
    let image: NetbootImage
    try {
      const { name, repository, source } = named
      image = await openNetbootImage(source, { name, repository, signal })
    } catch (error) {
      if (signal.aborted) return
      this.#hold(named, fingerprint, messageOf(error))
      if (!isRefusal(error)) throw error
      return
    }
    this.#held.set(named.name, { named, fingerprint, image })
    this.#say(named, image)
  }

  /** Remembered as it is, so that it is said once. */
  #hold(named: NamedImage, fingerprint: string, reason: string): void {
    this.#held.set(named.name, { named, fingerprint, image: undefined })
    this.#options.emit({ type: 'image.refused', entry: named.name, reason })
  }

  #say({ name, source, isConfigured }: NamedImage, image: NetbootImage): void {
    const { emit } = this.#options
    const { contents, notes } = image
    if (isUsable(image)) {
      const what = `image ${name}: ${imageTitle(image, name)}, ${contents.format}`
      const detail = [what, ...notes].join('; ')
      emit({ type: 'image.ready', entry: name, detail })
    } else if (isConfigured || contents.folder === undefined) {
      // A folder that boots nothing by itself is one that entries of the menu refer to.
      emit({ type: 'image.refused', entry: name, reason: `${source}: ${notes.join('; ')}` })
    }
  }

  async #drop(name: string): Promise<void> {
    const { image } = this.#held.get(name) ?? {}
    this.#held.delete(name)
    if (image === undefined) return
    const detail = `image ${name}: taken away, or replaced`
    if (isUsable(image)) this.#options.emit({ type: 'image.gone', entry: name, detail })
    await image.close()
  }
}

/** The image is wrong, or the machine does not let us read it: either is said, and no bug. */
function isRefusal(error: unknown): boolean {
  return error instanceof InputError || (error instanceof Error && 'code' in error)
}
