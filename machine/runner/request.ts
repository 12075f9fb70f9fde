import { AppError, ErrorCode } from '../../core/errors.js';
import type { StepRun } from '../types.js';
import { launcher, sha256, wrapper } from './scripts.js';

const PARAM_NAME = /^[A-Z][A-Z0-9_]*$/;
/** What the runner itself keeps beside the runs' directories on tmpfs. */
const RESERVED = new Set(['lock', 'runs', 'scripts']);

export interface Request {
  /** Leads every line that is the launcher's own word, in a stream that login shells and sudo write to as well. */
  nonce: string;
  /** By hash: what the machine may ask for. */
  scripts: ReadonlyMap<string, string>;
  /** The launcher, then what it reads. */
  stdin: string;
}

/** Writes down a run for the launcher: header lines, an empty one, then the parameters. */
export function buildRequest(run: StepRun, from: number, nonce: string): Request {
  const params = paramsFile(run.params);
  const scripts = new Map([wrapper, run.script].map((text) => [sha256(text), text]));
  const header = {
    nonce,
    run: checkRunId(run.runId),
    cluster: run.owner.clusterId,
    owner: JSON.stringify({
      clusterId: run.owner.clusterId,
      cluster: run.owner.cluster,
      project: run.owner.project,
    }),
    taskset: run.tasksetId,
    step: run.step,
    wrapper: sha256(wrapper),
    script: sha256(run.script),
    hash: sha256(params),
    timeout: Math.ceil(run.timeoutSeconds),
    owned: run.requireOwner ? 1 : 0,
    mode: modeOf(run),
    last: run.last === true ? 1 : 0,
    from,
    params: Buffer.byteLength(params),
  };
  const lines = Object.entries(header).map(([key, value]) => `${key} ${oneLine(String(value))}`);
  return { nonce, scripts, stdin: `${launcher}${lines.join('\n')}\n\n${params}` };
}

/** It changes nothing and minds nobody. */
const OBSERVER = 'facts';

/** What a run may find at work on the machine. */
function modeOf(run: StepRun): 'observe' | 'beside' | 'exclusive' {
  if (run.step === OBSERVER && !run.requireOwner) return 'observe';
  return run.beside === true ? 'beside' : 'exclusive';
}

/** Shell assignments, every value in single quotes. */
export function paramsFile(params: Readonly<Record<string, string>>): string {
  return Object.entries(params)
    .map(([name, value]) => {
      if (!PARAM_NAME.test(name) || value.includes('\0')) throw invalid(`parameter ${name}`);
      return `${name}='${value.replaceAll("'", `'\\''`)}'\n`;
    })
    .join('');
}

/** @throws AppError Internal for an id that could not be a unit's and a directory's name. */
export function checkRunId(runId: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,79}$/.test(runId) || RESERVED.has(runId))
    throw invalid(`run id ${runId}`);
  return runId;
}

function oneLine(value: string): string {
  // eslint-disable-next-line no-control-regex -- a control character would end or split the line
  if (/[\x00-\x1f]/.test(value)) throw invalid('a control character');
  return value;
}

function invalid(what: string): AppError {
  return new AppError(ErrorCode.Internal, `cannot be run on a machine: ${what}`);
}
