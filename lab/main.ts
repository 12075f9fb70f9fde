import { spawn } from 'node:child_process';
import { labDown } from './down.js';
import { readLab } from './labFile.js';
import { LabBusyError, lockOwner } from './lock.js';
import { isOn } from './machine.js';
import { labPaths } from './paths.js';
import { labUp } from './up.js';
import { labAvailable } from './available.js';

const USAGE = `npm run lab -- COMMAND
  up N            bring up machines m1 … mN (--bare: with empty disks; --no-bundle: do not build it)
  down            switch them off and clean the host (--purge: delete their disks, too)
  ssh NAME [CMD]  log in, or run a command, as ops
  status          what is up
  build [V …]     build the bundle for these Kubernetes versions (default: v1.34.4)`;

const log = (line: string) => process.stdout.write(`${line}\n`);

async function main(command: string | undefined, args: string[]): Promise<number> {
  const unavailable = command === undefined || command === 'help' ? undefined : labAvailable();
  if (unavailable !== undefined) throw new Error(`no lab on this computer: ${unavailable}`);
  const flags = args.filter((arg) => arg.startsWith('--'));
  const words = args.filter((arg) => !arg.startsWith('--'));
  switch (command) {
    case 'up': {
      const options = {
        log,
        bare: flags.includes('--bare'),
        bundle: !flags.includes('--no-bundle'),
      };
      const started = Date.now();
      const lab = await labUp(Number(words[0] ?? 3), options);
      log(`${lab.machines.length} machines up in ${((Date.now() - started) / 1000).toFixed(1)} s`);
      return 0;
    }
    case 'down':
      await labDown({ purge: flags.includes('--purge'), log });
      return 0;
    case 'ssh':
      return ssh(args);
    case 'status':
      return status();
    case 'build': {
      const { buildBundle } = await import('./build/bundle.js');
      await buildBundle({ log, ...(words.length > 0 ? { versions: words } : {}) });
      return 0;
    }
    default:
      log(USAGE);
      return command === undefined || command === 'help' ? 0 : 64;
  }
}

function ssh([name, ...command]: string[]): Promise<number> {
  const machine = readLab().machines.find((one) => one.name === name);
  if (machine === undefined) throw new Error(`no machine ${name ?? ''} is up`);
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  const login = [...options.flatMap((option) => ['-o', option]), '-i', labPaths().privateKey];
  const child = spawn('ssh', [...login, `${machine.user}@${machine.ip}`, ...command], {
    stdio: 'inherit',
  });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 255)));
}

function status(): number {
  const owner = lockOwner();
  if (owner !== undefined) log(`in use by process ${owner.pid}: ${owner.purpose}`);
  for (const machine of readLab().machines) {
    log(
      `${machine.name}  ${machine.ip}  ${isOn(machine.name) ? 'on' : 'off'}  ${machine.fingerprint}`,
    );
  }
  return 0;
}

main(process.argv[2], process.argv.slice(3)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof LabBusyError ? 75 : 1;
  },
);
