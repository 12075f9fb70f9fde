/**
 * Imported first by the API's and the worker's main: when the process that started them is gone, however it
 * died, they end in order, as on SIGTERM. The next start stops what is left after that.
 */
if (process.channel !== undefined) {
  process.channel.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}
