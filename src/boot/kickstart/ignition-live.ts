/**
 * The live system's Ignition configuration that installs Fedora CoreOS or Flatcar: one unit that
 * writes the disk with the user's own configuration in it, reports, and restarts the machine.
 *
 * Sources: coreos-installer(8) `install --ignition-url`; flatcar-install(8) `-d`, `-i`.
 */
import type { AnswerUrls } from '../install/answers.ts'

const installers: Readonly<Record<string, (disk: string, config: string) => readonly string[]>> = {
  coreos: (disk, config) => [
    `/usr/bin/coreos-installer install ${disk} --insecure-ignition --ignition-url ${config}`,
  ],
  flatcar: (disk, config) => [
    `/usr/bin/curl -fsS -o /run/config.ign ${config}`,
    `/usr/bin/flatcar-install -d ${disk} -i /run/config.ign`,
  ],
}

/** `system` is an image's kind; `disk` as `/dev/sda`. */
export function liveIgnition(
  system: string,
  disk: string,
  { answers, done }: Pick<AnswerUrls, 'answers' | 'done'>,
): string {
  const steps = installers[system]?.(disk, `${answers}/config.ign`) ?? []
  const unit = [
    '[Unit]',
    'Description=Install to the disk',
    'Wants=network-online.target',
    'After=network-online.target',
    '[Service]',
    'Type=oneshot',
    ...[...steps, `-/usr/bin/curl -fsS ${done}`, '/usr/bin/systemctl reboot'].map(
      (step) => `ExecStart=${step}`,
    ),
    'StandardOutput=journal+console',
    'StandardError=journal+console',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n')
  const units = [{ name: 'bootlace-install.service', enabled: true, contents: unit }]
  return `${JSON.stringify({ ignition: { version: '3.3.0' }, systemd: { units } }, undefined, 2)}\n`
}
