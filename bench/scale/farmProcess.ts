import { startFarm } from '../../test/ssh/machineFarm.js';

/** A process full of machines: `FIRST LAST`. Sends their ports; asked anything, it sends how often each was logged in to. */
const [first = 1, last = 1] = process.argv.slice(2).map(Number);
const machines = await startFarm(first, last);

process.on('message', () => {
  process.send?.({
    logins: machines.reduce((sum, machine) => sum + machine.logins, 0),
    most: machines.reduce((most, machine) => Math.max(most, machine.logins), 0),
  });
});
process.once('disconnect', () => process.exit());
process.send?.({ ports: machines.map(({ port }) => port) });
