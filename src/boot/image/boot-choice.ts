/** What a boot loader's configuration offers: each thing that could be started, as it stands there. */
export interface BootChoice {
  readonly title: string
  /** Path in the image, from its root. */
  readonly kernel: string
  readonly initrd: readonly string[]
  /** Kernel arguments, without those that only name the initrd. */
  readonly args: string
  readonly isDefault: boolean
}

export interface LoaderConfig {
  readonly choices: readonly BootChoice[]
  /** Further files that belong to this one, in order. */
  readonly includes: readonly string[]
}

/** A path as written in a configuration that lies in `folder`, from the root of its file system. */
export function fromRoot(path: string, folder: string): string {
  const names: string[] = []
  const whole = /^[/\\]/.test(path) ? path : `${folder}/${path}`
  for (const name of whole.split(/[/\\]/)) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return names.join('/')
}

/** Arguments in one line, and the initrds that they name (`initrd=a,b`) apart. */
export function splitInitrd(args: string): { args: string; initrd: string[] } {
  const words = args.split(/\s+/).filter((word) => word !== '')
  const initrd = words
    .filter((word) => word.startsWith('initrd='))
    .flatMap((word) => word.slice('initrd='.length).split(','))
    .filter((name) => name !== '')
  return { args: words.filter((word) => !word.startsWith('initrd=')).join(' '), initrd }
}
