/**
 * Which Debian archive this machine uses: read from its own apt sources, so that a mirror or a
 * proxy that somebody set up is used for other releases, too. Sources: sources.list(5).
 */

/** One line of meaning in a sources file, whichever form it was written in. */
interface AptSource {
  readonly addresses: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
}

const releases =
  /^(stable|oldstable|oldoldstable|testing|unstable|sid|bullseye|bookworm|trixie|forky)$/

/**
 * The address of Debian's main archive in these sources files (their names decide the form), or
 * undefined. Third parties name other suites; security and updates are other archives.
 */
export function archiveAddress(
  files: readonly { readonly name: string; readonly text: string }[],
): string | undefined {
  const sources = files.flatMap(({ name, text }) =>
    name.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text),
  )
  const debian = sources.filter(
    ({ suites, components }) =>
      suites.some((suite) => releases.test(suite)) && components.includes('main'),
  )
  return debian
    .flatMap(({ addresses }) => addresses)
    .find((address) => !address.startsWith('cdrom:'))
    ?.replace(/\/$/, '')
}

/** `Types: deb` paragraphs; a `#` line may stand anywhere, a leading space continues a field. */
function parseDeb822(text: string): AptSource[] {
  const paragraphs = text.replaceAll(/^#.*\n?/gm, '').split(/\n\s*\n/)
  return paragraphs.flatMap((paragraph) => {
    const fields = new Map(
      [...paragraph.matchAll(/^([\w-]+):((?:.*)(?:\n[ \t]+.*)*)/gm)].map(
        ([, key = '', value = '']) => [key.toLowerCase(), words(value)],
      ),
    )
    const field = (key: string) => fields.get(key) ?? []
    if (!field('types').includes('deb') || field('enabled')[0] === 'no') return []
    return [{ addresses: field('uris'), suites: field('suites'), components: field('components') }]
  })
}

/** `deb [options] ADDRESS SUITE COMPONENT…` */
function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line)
    if (match === null) return []
    const [, address = '', suite = '', components = ''] = match
    return [{ addresses: [address], suites: [suite], components: words(components) }]
  })
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
