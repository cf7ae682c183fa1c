/** The schema of the section `menu`. */
import { z } from 'zod'
import { arches } from '../../boot/menu/catalog.ts'
import { durationValue, lineValue, nameValue, section } from './config-values.ts'

const bootPath = z
  .string({ error: 'a path in the boot tree, or a URL' })
  .min(1, { error: 'a path in the boot tree, or a URL' })
  .pipe(lineValue)

const entryKeys = {
  name: nameValue.describe('Unique; what `hosts[].boot` refers to.'),
  title: lineValue.describe('The line in the menu.'),
  key: z
    .string({ error: 'one letter or digit' })
    .regex(/^[a-z0-9]$/i, { error: 'one letter or digit' })
    .optional()
    .describe('Hotkey: one letter or digit.'),
  kernel: bootPath
    .optional()
    .describe('A path in the boot tree (as in your `files` folder), or a URL.'),
  initrd: z
    .union([lineValue, z.array(lineValue)], { error: 'a path, or a list of paths' })
    .default([])
    .describe('Initrds, in order.'),
  args: lineValue
    .default('')
    .describe('Kernel arguments; `${server}` stands for the URL of Bootlace.'),
  arch: z
    .array(z.enum(arches, { error: arches.join(', ') }), { error: 'a list of processors' })
    .optional()
    .describe(`Processors that it runs on, of ${arches.join(', ')}. Default: x64 and ia32.`),
  password: z
    .unknown()
    .optional()
    .describe(
      'Who picks it is asked for a password: its hash as `hash-password` prints it, or a list of ' +
        'that one and one for GRUB. See [menus](menus.md).',
    ),
}

/** What stands in a group. */
function entriesOf<T extends z.ZodType>(entry: T) {
  return z
    .array(entry, { error: 'a list of menu entries' })
    .optional()
    .describe('Makes it a group, a menu of its own, with these entries; three levels at most.')
}

const innermost = section(entryKeys)
const inner = section({ ...entryKeys, entries: entriesOf(innermost) })
const entry = section({ ...entryKeys, entries: entriesOf(inner) })

export const menuSchema = section({
  title: lineValue.default('Bootlace').describe('Shown above the menu.'),
  timeout: durationValue
    // The most that PXELINUX takes (doc/syslinux.txt, TIMEOUT).
    .refine((seconds) => seconds < 3600, { error: 'a duration of less than 60m' })
    .prefault('20s')
    .describe('Until the default starts; 0s waits for ever.'),
  default: nameValue
    .default('disk')
    .describe(
      'The entry that starts by itself: `disk`, `tinyvm` or one of your own, in any group.',
    ),
  graphical: z
    .boolean({ error: 'true or false' })
    .default(false)
    .describe('Menus in pixels, where the boot loader can; else, and elsewhere, in text.'),
  background: lineValue
    .optional()
    .describe('A picture behind a graphical menu: a PNG of 800x600 in your `files` folder.'),
  entries: z.array(entry, { error: 'a list of menu entries' }).default([]).describe('Your own.'),
})

/** An entry or a group, at whichever level. */
export interface EntryConfig extends z.output<typeof innermost> {
  readonly entries?: readonly EntryConfig[] | undefined
}
