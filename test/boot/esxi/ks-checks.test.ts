import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkEsxiKickstart } from '../../../src/boot/esxi/ks-checks.ts'
import { renderEsxiKickstart } from '../../../src/boot/esxi/ks-render.ts'
import type { Variables } from '../../../src/boot/kickstart/template-reference.ts'

const hash = `$6$salt$${'a'.repeat(86)}`
const good = [
  'vmaccepteula',
  `rootpw --iscrypted ${hash}`,
  'install --firstdisk --overwritevmfs',
  'network --bootproto=dhcp',
  'reboot',
]

function findingsOf(lines: readonly string[], version?: string): string[] {
  return checkEsxiKickstart(lines.join('\n'), version).map(
    ({ severity, line, key, says }) =>
      `${line}: ${severity === 'warning' ? 'warning: ' : ''}${key}: ${says}`,
  )
}

/** The good one with other lines, by their first word; none takes the line away. */
function withLine(word: string, ...lines: readonly string[]): string[] {
  return good.flatMap((line) => (line.startsWith(word) ? lines : line))
}

test('a good one', () => {
  expect(findingsOf(good)).toEqual([])
  expect(findingsOf(['# comment', '', ...good, '%post', 'echo %x'])).toEqual([])
})

test.for([
  'install --firstdisk=localesx,local,usb --overwritevmfs',
  "install --firstdisk='ST3120814A model,mptsas' --preservevmfs",
  'install --disk=naa.6d09466044143600247aee55ca2a6405 --overwritevmfs --novmfsondisk',
  'install --disk mpx.vmhba1:C0:T0:L0 --overwritevmfs --ignoressd',
  'install --disk=/vmfs/devices/disks/t10.NVMe____SSD --overwritevmfs --overwritevsan',
  'installorupgrade --drive=eui.0025385b91502f3a --overwritevmfs --forceunsupportedinstall',
])('%s', (line) => {
  expect(findingsOf(withLine('install', line))).toEqual([])
})

test.for([
  'network --bootproto=static --ip=10.0.0.5 --netmask=255.255.254.0 --gateway=10.0.0.1 --nameserver="10.0.0.2,10.0.0.3" --hostname=esx-01.lab --vlanid=12 --device=vmnic0 --addvmportgroup=0',
  'network --bootproto=dhcp --device=52:54:00:12:34:56',
  'network',
])('%s', (line) => {
  expect(findingsOf(withLine('network', line))).toEqual([])
})

describe('refused, with line, key and reason', () => {
  const install = 'install'
  const missingDisk = 'needs one of --firstdisk and --disk, and not both'
  const disk =
    'allowed: a disk as ESXi names it: naa.…, t10.…, eui.…, mpx.…, vml.… or a path below /vmfs/devices/disks/'
  test.for<readonly [string, readonly string[], string]>([
    ['vmaccepteula', [], "1: vmaccepteula: is missing: without accepting VMware's licence nothing installs"],
    ['vmaccepteula', ['accepteula yes'], '1: accepteula: takes nothing but options, found yes'],
    ['vmaccepteula', ['vmaccepteulas'], "1: vmaccepteulas: is unknown to ESXi's installer; is it vmaccepteula?"],
    ['rootpw', [], '1: rootpw: is missing'],
    ['rootpw', ['rootpw --iscrypted hello'], '2: rootpw: is no hash $6$SALT$HASH: bootlace hash-password makes one'],
    ['rootpw', ['rootpw'], '2: rootpw: takes a password, once'],
    ['rootpw', [`rootpw --is-crypted ${hash}`], '2: rootpw --is-crypted: is unknown; is it --iscrypted?'],
    ['rootpw', ['rootpw "secret'], '2: the line: has a quote that does not end'],
    [install, [], '1: install: is missing, and upgrade and installorupgrade, too'],
    [install, ['install --overwritevmfs'], `3: install: ${missingDisk}`],
    [install, ['install --firstdisk --disk=naa.1 --overwritevmfs'], `3: install: ${missingDisk}`],
    [install, ['install --disk=/dev/sda --overwritevmfs'], `3: install --disk: found /dev/sda, ${disk}`],
    [install, ['install --disk= --overwritevmfs'], '3: install --disk: has no value'],
    [install, ['install --firstdisk --overwritevmfs=yes'], '3: install --overwritevmfs: takes no value'],
    [install, ['install --firstdisk --firstdisk --overwritevmfs'], '3: install --firstdisk: stands twice'],
    [install, ['install --firstdisk --overwritevmsf'], '3: install --overwritevmsf: is unknown; is it --overwritevmfs?'],
    [install, ['install --firstdisk --overwritevmfs --preservevmfs'], '3: install --preservevmfs: beside --overwritevmfs: one of them'],
    [install, ['install --firstdisk --preservevmfs --novmfsondisk'], '3: install --preservevmfs: beside --novmfsondisk: one of them'],
    [install, [...good.slice(2, 3), 'upgrade --firstdisk'], '4: upgrade: beside install: only one of them'],
    [install, [...good.slice(2, 3), ...good.slice(2, 3)], '4: install: stands twice'],
    [install, ['upgrade --firstdisk', 'clearpart --alldrives'], '4: clearpart: needs install beside it'],
    [install, [...good.slice(2, 3), 'part datastore1'], '4: part: needs one of --ondisk and --onfirstdisk'],
    [install, [...good.slice(2, 3), 'part --onfirstdisk'], '4: part: takes the name of a datastore, once'],
    [install, [...good.slice(2, 3), 'autopart'], "4: autopart: is unknown to ESXi's installer"],
    ['network', ['network --bootproto=bootp'], '4: network --bootproto: found bootp, allowed: dhcp or static'],
    ['network', ['network --bootproto=static --ip=10.0.0.5'], '4: network --netmask: is missing'],
    ['network', ['network --bootproto=static --netmask=255.0.0.0'], '4: network --ip: is missing'],
    ['network', ['network --ip=10.0.0.5'], '4: network --ip: needs --bootproto=static'],
    ['network', ['network --bootproto=dhcp --gateway=10.0.0.1'], '4: network --gateway: needs --bootproto=static'],
    ['network', ['network --bootproto=static --ip=10.0.0.500 --netmask=255.0.0.0'], '4: network --ip: found 10.0.0.500, allowed: an IPv4 address'],
    ['network', ['network --bootproto=static --ip=10.0.0.5 --netmask=255.0.255.0'], '4: network --netmask: found 255.0.255.0, allowed: a netmask such as 255.255.255.0'],
    ['network', ['network --vlanid=5000'], '4: network --vlanid: found 5000, allowed: a number from 0 to 4095'],
    ['network', ['network --device=eth0'], '4: network --device: found eth0, allowed: vmnic and a number, or a MAC address'],
    ['network', ['network --addvmportgroup=yes'], '4: network --addvmportgroup: found yes, allowed: 0 or 1'],
    ['network', ['network --hostname=-x'], '4: network --hostname: found -x, allowed: a host name'],
    ['network', ['network --nameserver=1.1.1.1,2.2.2.2,3.3.3.3 --bootproto=static --ip=1.2.3.4 --netmask=255.0.0.0'], '4: network --nameserver: found 1.1.1.1,2.2.2.2,3.3.3.3, allowed: one or two IPv4 addresses with a comma between'],
    ['reboot', ['reboot now'], '5: reboot: takes nothing but options, found now'],
    ['reboot', ['reboot', '%end'], '6: %end: is unknown to ESXi: a section goes on to the next one'],
    ['reboot', ['reboot', '%post', 'echo', '%end'], '8: %end: is unknown to ESXi: a section goes on to the next one'],
    ['reboot', ['reboot', '%pre --interpreter=perl', 'x'], '6: %pre --interpreter: found perl, allowed: busybox or python'],
    ['reboot', ['reboot', '%post --timeout=soon', 'x'], '6: %post --timeout: found soon, allowed: seconds'],
    ['reboot', ['reboot', '%pre --ignorefailure=true', 'x'], '6: %pre --ignorefailure: is unknown; there are --interpreter'],
    ['reboot', ['reboot', 'serialnum --esx=12345'], '6: serialnum --esx: is not right, allowed: a key XXXXX-XXXXX-XXXXX-XXXXX-XXXXX'],
    ['reboot', ['reboot', 'lang en_US'], "6: lang: is unknown to ESXi's installer"],
  ])('%s %j', ([word, lines, wanted]) => {
    const text = withLine(word, ...lines)
    expect(findingsOf(text)).toContain(wanted)
  }) // prettier-ignore

  test.for(['vmware', 'VMware1', 'vmware1234', 'Vmware12', 'a1!', `aB3$${'x'.repeat(40)}`])(
    'the password %s is too weak, and stands in no message',
    (password) => {
      const [says] = findingsOf(withLine('rootpw', `rootpw ${password}`))
      expect(says).toContain('2: rootpw: is too weak for ESXi')
      expect(says).not.toContain(password)
    },
  )

  test('what a release does not have yet', () => {
    const lines = withLine('install', 'install --firstdisk --overwritevmfs --dpupcislots=1')
    expect(findingsOf(lines, '7.0.3')).toEqual([
      '3: install --dpupcislots: is there from 8.0 on, and the image is 7.0.3',
    ])
    expect(findingsOf(lines, '8.0.0')).toEqual([])
    expect(findingsOf(lines)).toEqual([])
  })
})

describe('warned of, and taken', () => {
  test.for<readonly [string, readonly string[], string]>([
    ['install', ['install --firstdisk'], '3: warning: install: has neither --overwritevmfs nor --preservevmfs: on a disk with a datastore it stops'],
    ['reboot', [], '1: warning: reboot: is missing: when it is installed it waits for somebody'],
    ['rootpw', ['rootpw myp@ssw0rd'], '2: warning: rootpw: stands in the file as it is: rootpw --iscrypted with bootlace hash-password'],
    ['reboot', ['reboot', 'dryrun'], '6: warning: dryrun: installs nothing'],
    ['reboot', ['reboot', '%firstboot', 'x'], '6: warning: %firstboot: does not run on a machine with Secure Boot'],
    ['reboot', ['reboot', '%post', '# x'], '6: warning: %post: is empty'],
    ['network', ['network --bootproto=static --ip=10.0.0.5 --netmask=255.0.0.0 --nameserver=1.1.1.1'], '4: warning: network --gateway: is missing'],
  ])('%s %j', ([word, lines, wanted]) => {
    expect(findingsOf(withLine(word, ...lines))).toEqual([wanted])
  }) // prettier-ignore

  test('a licence, from 9.0 on', () => {
    const lines = [...good, 'serialnum --esx=AAAAA-BBBBB-CCCCC-DDDDD-EEEEE']
    expect(findingsOf(lines, '8.0.3')).toEqual([])
    expect(findingsOf(lines, '9.0.0')).toEqual([
      '6: warning: serialnum: from 9.0 on vCenter gives the licence',
    ])
  })
})

test('what is included may have what is missing', () => {
  expect(findingsOf(['vmaccepteula', '%include /tmp/disk.cfg', 'reboot'])).toEqual([])
})

test('nothing that stands in a file is too much for it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
      for (const text of [one, `install ${one}\n${other}`, `rootpw ${one}\n%post ${other}`]) {
        expect(Array.isArray(checkEsxiKickstart(text))).toBe(true)
      }
    }),
  )
})

describe('rendered for a host', () => {
  const done = 'http://192.168.50.1/ks/token/done'
  const variables: Variables = new Map<string, string | number>([
    ['name', 'esx-01'],
    ['mac', '52:54:00:12:34:56'],
    ['address', '192.168.50.20'],
    ['netmask', '255.255.255.0'],
    ['gateway', '192.168.50.1'],
    ['dns', '192.168.50.1'],
    ['domain', 'lab.example'],
    ['server', '192.168.50.1'],
    ['done', done],
    ['vars.password_hash', hash],
  ])
  const report = [
    '',
    '%post --interpreter=busybox --ignorefailure=true',
    'for try in 1 2 3 4 5; do',
    `  wget -q -O /dev/null '${done}' && break`,
    '  sleep 3',
    'done',
    '',
  ]

  test('filled in, and reporting when it is done', () => {
    const text = [
      'vmaccepteula',
      'rootpw --iscrypted ${vars.password_hash|quote}',
      'install --firstdisk --overwritevmfs',
      'network --bootproto=static --ip=${address} --netmask=${netmask} --gateway=${gateway} --nameserver=${dns} --hostname=${name}',
      'reboot',
      '',
    ].join('\n')
    expect(renderEsxiKickstart(text, variables)).toEqual({
      text: [
        'vmaccepteula',
        `rootpw --iscrypted '${hash}'`,
        'install --firstdisk --overwritevmfs',
        'network --bootproto=static --ip=192.168.50.20 --netmask=255.255.255.0 --gateway=192.168.50.1 --nameserver=192.168.50.1 --hostname=esx-01',
        'reboot',
        ...report,
      ].join('\n'),
      findings: [],
    })
  })

  test('one that reports by itself is left as it is', () => {
    const text = [...good, '%post', 'wget -O /dev/null ${done}', ''].join('\n')
    const rendered = renderEsxiKickstart(text, variables)
    expect(rendered.text).toBe(text.replace('${done}', done))
  })

  test('a name that is none, with its line and word', () => {
    const text = [...good, 'keyboard ${vars.layout}'].join('\n')
    expect(renderEsxiKickstart(text, variables).findings).toMatchObject([
      { severity: 'error', line: 6, key: 'keyboard' },
    ])
  })

  test('lines are those of the source, whatever is left out', () => {
    const text = ['keyboard ${vars.layout?}', ...good, 'lang de'].join('\n')
    expect(renderEsxiKickstart(text, variables).findings).toMatchObject([{ line: 7, key: 'lang' }])
  })

  test.for(['minimal', 'static', 'script'])('the sample esxi-%s.cfg works as it stands', (name) => {
    const file = new URL(`../../../kickstarts/esxi-${name}.cfg`, import.meta.url)
    for (const version of ['6.7.0', '7.0.3', '8.0.3', '9.0.0']) {
      const { text, findings } = renderEsxiKickstart(readFileSync(file, 'utf8'), variables, version)
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(text).toContain(`wget -q -O /dev/null '${done}'`)
      // Comments aside, nothing is left to fill in.
      expect(text.replaceAll(/^#.*$/gm, '')).not.toContain('${')
    }
  })
})
