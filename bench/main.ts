import { api } from './api.js';
import { dayTwo } from './dayTwo.js';
import { fanout } from './fanout/fanout.js';
import { people } from './people.js';
import { provision } from './provision.js';
import { scale } from './scale/scale.js';
import { watch } from './watch.js';

/** A measurement: takes its options, prints a table and, last, one JSON line. */
type Bench = (options: string[]) => Promise<void>;

const benches: Readonly<Record<string, { run: Bench; about: string }>> = {
  api: {
    run: api,
    about:
      'status and list with 10,000 clusters stored, beside a bare route of one findOne ' +
      '[--clusters N] [--rounds N] [--seconds N] [--connections N]',
  },
  day2: {
    run: dayTwo,
    about:
      'a cluster on lab machines: applied again, workers added and removed, one minor further under calls ' +
      '[--runs N] [--rounds N] [--no-upgrade]',
  },
  fanout: {
    run: fanout,
    about:
      'the same 30 commands over 40 sshd on loopback, beside Ansible [--machines N] [--rounds N]',
  },
  people: {
    run: people,
    about:
      'how long people wait with 10,000 clusters stored: the command line, the first page, a line of a step [--clusters N] [--rounds N] [--only PART]',
  },
  provision: {
    run: provision,
    about:
      'three bare machines from POST to READY; the same scripts by hand [--runs N] [--no-by-hand]',
  },
  watch: {
    run: watch,
    about:
      'what watching clusters costs, and how soon the status tells the truth [--clusters N] [--seconds N]',
  },
  scale: {
    run: scale,
    about:
      'one cluster of 10, 100 and 1,000 machines that play recorded steps, from POST to READY [--sizes N,N,…]',
  },
};

const [name = '', ...options] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined) {
  const list = Object.entries(benches).map(([key, { about }]) => `  ${key.padEnd(12)} ${about}`);
  process.stderr.write(`npm run bench -- NAME\n${list.join('\n')}\n`);
  // sysexits(3) EX_USAGE.
  process.exitCode = 64;
} else {
  try {
    await bench.run(options);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
