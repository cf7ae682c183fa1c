/** `image`: what an image is and what would be served of it; images added, listed and removed. */
import { constants, existsSync } from 'node:fs'
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { InputError, messageOf } from '../../core/errors.ts'
import { visible } from '../../core/visible.ts'
import { type NetbootImage, isUsable, openNetbootImage } from '../../io/image/netboot-image.ts'
import { loadConfig } from '../config/config.ts'
import { nameValue } from '../config/config-values.ts'
import {
  droppedImages,
  imageEndings,
  imagesFolders,
  namedImages,
  takenNames,
} from './image-names.ts'
import { imageReport, reportLines } from './image-report.ts'

const help = `bootlace image inspect SOURCE [--json]
bootlace image add NAME SOURCE [--config FILE]
bootlace image list [--config FILE] [--json]
bootlace image remove NAME

An image is an OVA, an OVF with its disks beside it, a VMDK, a raw disk, an ISO or a folder. inspect says
what it is, which kernel, initrd and arguments it boots and what would be served; add checks it and
copies it into images/, where a running service finds it; remove deletes it there. An image that is
put into images/ by hand is there without a command.

Exit code 0 when it is done, 2 when SOURCE is damaged or nothing in it boots.

Example: bootlace image add tinyvm-2.7 TinyVM.ova`

export async function imageCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      config: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const [verb = '', ...words] = positionals
  const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined
  if (command === undefined || words.length !== command.words) throw new InputError([help])
  await command.run(words, values)
  return 0
}

interface Values {
  readonly json: boolean
  readonly config?: string | undefined
}

interface ImageCommand {
  /** How many words follow it. */
  readonly words: number
  readonly run: (words: readonly string[], values: Values) => Promise<void>
}

const commands: Readonly<Record<string, ImageCommand>> = {
  inspect: { words: 1, run: ([source = ''], values) => inspect(source, values) },
  add: { words: 2, run: ([name = '', source = ''], values) => add(name, source, values) },
  list: { words: 0, run: (_words, values) => listImages(values) },
  remove: { words: 1, run: ([name = '']) => remove(name) },
}

async function inspect(source: string, { json }: Values): Promise<void> {
  await using image = await opened(source)
  const report = imageReport(image, nameOf(source))
  console.log(json ? JSON.stringify(report, undefined, 2) : reportLines(report).join('\n'))
  if (!isUsable(image)) throw new InputError([`${source}: nothing in it boots`])
}

function nameOf(source: string): string {
  return basename(source, extname(source))
}

/** Written aside, then renamed: a service that runs never sees half of it. */
async function add(name: string, source: string, { config }: Values): Promise<void> {
  checkName(name, config)
  await using image = await opened(source)
  if (!isUsable(image)) throw new InputError([`${source}: ${image.notes.join('; ')}`])
  const folder = ownFolder()
  const target = join(folder, await fileNameOf(name, source))
  const aside = join(folder, `.${name}.${process.pid}.part`)
  await mkdir(folder, { recursive: true })
  try {
    await cp(source, aside, {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
      dereference: true,
    })
    await rename(aside, target)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  const { kernel, initrd = [] } = image.boot ?? {}
  const files = kernel === undefined ? 'all its files' : [kernel, ...initrd].join(', ')
  console.log(`${target}: serves ${files} below boot/${name}/`)
}

function checkName(name: string, config: string | undefined): void {
  if (!nameValue.safeParse(name).success) {
    throw new InputError([`${name}: a name has letters, digits, ".", "_" and "-" only`])
  }
  if (named(name) !== undefined) {
    throw new InputError([`there is an image ${name}: bootlace image remove ${name}`])
  }
  if (takenNames(loadConfig({ file: config, environment: process.env })).has(name)) {
    throw new InputError([`an entry of the menu is called ${name}: take another name`])
  }
}

/** That of the program where there is none in the working directory. */
function ownFolder(): string {
  return imagesFolders().find((folder) => existsSync(folder)) ?? imagesFolders().at(-1) ?? 'images'
}

async function fileNameOf(name: string, source: string): Promise<string> {
  if ((await stat(source)).isDirectory()) return name
  const ending = extname(source).toLowerCase()
  if (imageEndings.some((known) => known === ending)) return name + ending
  if (ending !== '.ovf') return `${name}.img`
  throw new InputError([`${source}: add the folder that it and its disks are in`])
}

async function listImages({ config, json }: Values): Promise<void> {
  const images = namedImages(loadConfig({ file: config, environment: process.env }))
  const rows: { name: string; source: string; what: string }[] = []
  for (const { name, source } of images)
    rows.push({ name, source, what: await whatIs(source, name) })
  if (json) console.log(JSON.stringify(rows, undefined, 2))
  else
    for (const { name, source, what } of rows)
      console.log(`${name}  ${visible(what)}\n    ${visible(source)}`)
}

async function whatIs(source: string, name: string): Promise<string> {
  try {
    await using image = await opened(source)
    const { title, format, kind, boot } = imageReport(image, name)
    return boot === undefined && kind === undefined
      ? `${format}: nothing in it boots by itself`
      : `${title}: ${format}`
  } catch (error) {
    if (error instanceof InputError) return messageOf(error)
    throw error
  }
}

async function remove(name: string): Promise<void> {
  const image = named(name)
  if (image === undefined) throw new InputError([`there is no image ${name} in ${ownFolder()}`])
  await rm(image.source, { recursive: true })
  console.log(`removed ${image.source}`)
}

function named(name: string) {
  return droppedImages().find((image) => image.name === name && existsSync(image.source))
}

async function opened(source: string): Promise<NetbootImage & AsyncDisposable> {
  const image = await openNetbootImage(source)
  return { ...image, [Symbol.asyncDispose]: () => image.close() }
}
