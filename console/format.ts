/** `1.5 s`, `42 s`, `3 min 5 s`, `2 h 10 min`: as the command line writes them. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${String(whole)} s`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`;
  return `${String(Math.floor(whole / 3600))} h ${String(Math.floor((whole % 3600) / 60))} min`;
}

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function age(at: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(at)) / 1000);
  if (Number.isNaN(seconds)) return '';
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${String(seconds)} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${String(hours)} h ago` : `${String(Math.floor(hours / 24))} d ago`;
}

/** `in 340 d`, `in 5 h`; `is over` for what was. */
export function distance(at: string, now: number): string {
  const hours = Math.floor((Date.parse(at) - now) / 3_600_000);
  if (Number.isNaN(hours)) return '';
  if (hours < 0) return 'is over';
  return hours < 48 ? `in ${String(hours)} h` : `in ${String(Math.floor(hours / 24))} d`;
}

let local: Intl.DateTimeFormat | undefined;

/** In the reader's own way and time zone; until `readMoments` has found out what that is, as it came. */
export function moment(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : (local?.format(time) ?? at);
}

/** Takes a browser tens of milliseconds: for when something is to be seen. */
export function readMoments(): void {
  local = new Intl.DateTimeFormat(undefined, {
    ...({ year: 'numeric', month: 'numeric', day: 'numeric' } as const),
    ...({ hour: 'numeric', minute: 'numeric', second: 'numeric' } as const),
  });
}

/** `NodeAddition` → `Node addition`. */
export function words(name: string): string {
  const spaced = name.replaceAll(
    /([a-z])([A-Z])/g,
    (_all, a: string, b: string) => `${a} ${b.toLowerCase()}`,
  );
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** `7.8 GiB`. */
export function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${String(number)} ${number === 1 ? one : many}`;
}
