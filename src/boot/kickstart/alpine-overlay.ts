/**
 * The settings with which Alpine installs itself: an overlay (apkovl) with the answers of
 * setup-alpine and a script that runs it once, reports, and restarts the machine.
 *
 * Sources: alpinelinux/mkinitfs, initramfs-init.in (`.default_boot_services`); alpine-conf,
 * setup-alpine.in (`-e`: does not ask for root's password) and setup-disk.in (`ERASE_DISKS`).
 */
import type { TarItem } from '../../wire/disk/tar-writer.ts'
import { shellQuoted } from './template-reference.ts'

interface Overlay {
  /** The user's file, filled in. */
  readonly answers: string
  /** URL that is fetched at the end. */
  readonly done: string
  /** Of root's password; `*` for none. */
  readonly hash: string
}

export function alpineOverlay(overlay: Overlay): readonly TarItem[] {
  return [
    ...['etc', 'etc/local.d', 'etc/runlevels', 'etc/runlevels/default'].map((path): TarItem => ({
      type: 'folder',
      path,
      mode: 0o755,
    })),
    file('etc/.default_boot_services', ''),
    file('etc/bootlace.answers', overlay.answers, 0o600),
    file('etc/local.d/bootlace.start', script(overlay), 0o700),
    {
      type: 'link',
      path: 'etc/runlevels/default/local',
      mode: 0o777,
      target: '/etc/init.d/local',
    },
  ]
}

function file(path: string, text: string, mode = 0o644): TarItem {
  return { type: 'file', path, mode, text }
}

function script({ answers, done, hash }: Overlay): string {
  return [
    '#!/bin/sh',
    '# Installs this machine as /etc/bootlace.answers say; the console shows what it does',
    'exec >/dev/console 2>&1',
    `export ERASE_DISKS=${shellQuoted(disksOf(answers))}`,
    // What is set here goes along to the disk; without it root would have no password at all.
    `echo ${shellQuoted(`root:${hash}`)} | chpasswd -e`,
    'setup-alpine -e -f /etc/bootlace.answers || exit 1',
    `wget -q -O /dev/null ${shellQuoted(done)}`,
    'reboot',
    '',
  ].join('\n')
}

/** What DISKOPTS names: setup-disk wipes these without asking. */
function disksOf(answers: string): string {
  const [, options = ''] = /^DISKOPTS=(.*)$/m.exec(answers) ?? []
  return (options.match(/\/dev\/[\w/-]+/g) ?? []).join(' ')
}
