import type { Exclusion } from '../../lab/lab.js';

/** What a deleted cluster may leave behind: each a single file, each with its reason. */
export const EXCLUSIONS: readonly Exclusion[] = [
  { section: 'files', key: '/var/log/dpkg.log', reason: "dpkg's log of what it did" },
  {
    section: 'files',
    key: '/var/log/alternatives.log',
    reason: "update-alternatives' log of what it did",
  },
  {
    section: 'files',
    key: '/home/ops/.sudo_as_admin_successful',
    reason: "sudo's own note at a login's first sudo, before any step of ours",
  },
  { section: 'files', key: '/var/log/wtmp', reason: "the machine's log of logins" },
  { section: 'files', key: '/var/log/lastlog', reason: "the machine's log of last logins" },
];
