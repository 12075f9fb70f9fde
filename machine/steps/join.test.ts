import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const STEPS = fileURLToPath(new URL('.', import.meta.url));

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-join-'));
  for (const folder of ['bin', 'run', 'state', 'kubernetes/pki', 'kubernetes/manifests']) {
    await mkdir(join(dir, folder), { recursive: true });
  }
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A program of the machine; what it was called with is kept in `calls`. */
async function program(name: string, text: string): Promise<void> {
  const path = join(dir, 'bin', name);
  await writeFile(path, `#!/bin/bash\necho "${name} $*" >>"$D/calls"\n${text}\n`);
  await chmod(path, 0o755);
}

const file = (path: string, text: string) => writeFile(join(dir, path), text);
const read = (path: string) => readFile(join(dir, path), 'utf8').catch(() => '');

/** The step's own text, with the machine's folders below the test's and a clock that flies. */
async function run(step: string, params: Record<string, string>): Promise<string> {
  const files = ['prelude', 'control-plane-lib', 'etcd-lib', 'etcd-quorum', step];
  const texts = await Promise.all(files.map((name) => readFile(`${STEPS}${name}.sh`, 'utf8')));
  const text = texts
    .join('\n')
    .replaceAll('/etc/kubernetes', `${dir}/kubernetes`)
    .replaceAll('/var/lib/', `${dir}/lib/`)
    .replaceAll('/etc/cni', `${dir}/cni`)
    .replaceAll('$((SECONDS + $1))', '$((SECONDS + 1))')
    .replaceAll('SECONDS + 60', 'SECONDS + 1')
    .replaceAll('told + 10', 'told');
  const assignments = Object.entries(params).map(([name, value]) => `${name}='${value}'`);
  const output = await exec('bash', ['--norc', '-c', [...assignments, text].join('\n')], {
    env: {
      PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
      LC_ALL: 'C',
      D: dir,
      PLINTH_RUN_DIR: join(dir, 'run'),
      PLINTH_STATE: join(dir, 'state'),
      PLINTH_CLUSTER_ID: 'c1',
    },
  }).catch((error: unknown) => error as { stdout: string; stderr: string });
  return output.stdout + output.stderr;
}

const outcome = async () => ({
  failCode: (await read('run/fail_code')).trim(),
  skipped: (await read('run/skip')) !== '',
  calls: await read('calls'),
});

const HASH = 'sha256:71dbbe8f2e49a36ff0ecd4fd0ae2d2dbd13c6c0a0f2fd9e7e4ecdb8a1f2a0c11';

/** A machine with credentials of the cluster; `answer` is what kubectl does. */
async function aJoinedMachine(answer: string): Promise<void> {
  await file('kubernetes/pki/ca.crt', 'ca');
  await file('kubernetes/kubelet.conf', '');
  await file('kubernetes/admin.conf', '');
  await program('openssl', 'exit 0');
  await program('sha256sum', `echo '${HASH.slice(7)}  -'`);
  await program('systemctl', 'exit 0');
  await program('journalctl', 'exit 0');
  await program('ctr', 'exit 0');
  await program('kubeadm', 'exit 0');
  await program('kubectl', answer);
}

const joinParams = (controlPlane: boolean) => ({
  NODE_NAME: 'm2',
  PRIVATE_IP: '10.0.0.2',
  KUBERNETES_VERSION: 'v1.34.4',
  CONFIG: 'config',
  TOKEN_ID: 'abcdef',
  CA_CERT_HASH: HASH,
  CONTROL_PLANE: String(controlPlane),
  ENDPOINT: 'https://plinth-api.internal:7443',
  EXTERNAL: 'false',
  OTHERS: '10.0.0.1',
});

const UNREACHABLE = 'echo "Unable to connect to the server: dial tcp: i/o timeout" >&2; exit 1';
const NOT_FOUND = 'echo "Error from server (NotFound): nodes m2 not found" >&2; exit 1';

describe('a join that is run again', () => {
  it('keeps a node that the API server knows', async () => {
    await aJoinedMachine('echo node/m2');
    await run('kubeadm-join', joinParams(false));
    expect(await outcome()).toMatchObject({ skipped: true });
    expect(await read('kubernetes/plinth-complete')).toBe('c1\n');
  });

  it('never resets a node while the API server cannot be asked', async () => {
    await aJoinedMachine(UNREACHABLE);
    await run('kubeadm-join', joinParams(false));
    const { failCode, calls } = await outcome();
    expect(failCode).toBe('StepFailed');
    expect(calls).not.toContain('kubeadm');
  });

  it('joins anew where the API server does not know the node', async () => {
    await aJoinedMachine(NOT_FOUND);
    await program('kubectl', `[[ -e $D/joined ]] && echo node/m2 && exit 0; ${NOT_FOUND}`);
    // A join brings the CA back that the reset took away.
    await program(
      'kubeadm',
      '[[ $1 != join ]] || { mkdir -p "$D/kubernetes/pki"; touch "$D/joined" "$D/kubernetes/"{kubelet.conf,pki/ca.crt}; }',
    );
    // The token is signed when it is asked for the second time.
    await program(
      'curl',
      `[[ -e $D/asked ]] || { touch "$D/asked"; exit 0; }; echo '{"jws-kubeconfig-abcdef": "eyJ"}'`,
    );
    const output = await run('kubeadm-join', joinParams(false));
    const { failCode, calls } = await outcome();
    expect(failCode, output).toBe('');
    expect(calls, calls).toMatch(
      /kubeadm reset[^]*curl .*cluster-info\n(systemctl.*\n)*curl .*cluster-info\n(systemctl.*\n)*kubeadm join --config/,
    );
  });

  it('never resets a worker that has joined and does not run', async () => {
    await aJoinedMachine('echo node/m2');
    await program('systemctl', '[[ $1 != is-active ]]');
    await run('kubeadm-join', joinParams(false));
    const { failCode, calls } = await outcome();
    expect(failCode).toBe('StepFailed');
    expect(calls).not.toContain('kubeadm');
  });

  it('keeps the data of a control plane whose etcd member nobody can take out', async () => {
    await aJoinedMachine(NOT_FOUND);
    await mkdir(join(dir, 'kubernetes/pki/etcd'));
    await file('kubernetes/pki/etcd/server.key', '');
    await program('curl', 'exit 7');
    await run('kubeadm-join', joinParams(true));
    const { failCode, calls } = await outcome();
    expect(failCode).toBe('QuorumRisk');
    expect(calls).not.toContain('kubeadm');
  });

  it('takes its own etcd member out before its data goes', async () => {
    await aJoinedMachine(NOT_FOUND);
    await mkdir(join(dir, 'kubernetes/pki/etcd'));
    await file('kubernetes/pki/etcd/server.key', '');
    await program('curl', `[[ $* != *member/list* ]] || echo '${MEMBERS}'`);
    await run('kubeadm-join', joinParams(true));
    const { calls } = await outcome();
    expect(calls).toMatch(/"ID":"22"[^\n]*member\/remove[^]*kubeadm reset/);
  });
});

/** As etcd 3.6 answers; 3.5 has no spaces. */
const MEMBERS =
  '{"header":{"member_id":"11"}, "members":[{"ID":"11", "name":"m1", "peerURLs":["https://10.0.0.1:2380"], "clientURLs":["https://10.0.0.1:2379"]}, {"ID":"22", "peerURLs":["https://10.0.0.2:2380"], "isLearner":true}]}';

describe('an initialisation that is run again', () => {
  const params = {
    NODE_NAME: 'm1',
    PRIVATE_IP: '10.0.0.1',
    KUBERNETES_VERSION: 'v1.34.4',
    CONFIG: 'config',
    ENDPOINT: 'plinth-api.internal:7443',
    EXTERNAL: 'false',
    API_SERVER: '10.0.0.1:6443',
    IDENTITY: 'identity',
  };

  async function anInitialisedMachine(answer: string): Promise<void> {
    await aJoinedMachine(answer);
    await file('kubernetes/manifests/kube-apiserver.yaml', '');
    await file('kubernetes/plinth-complete', 'c1\n');
  }

  it('keeps a control plane that answers', async () => {
    await anInitialisedMachine('case $* in *readyz*) echo ok ;; *configmap*) echo c1 ;; esac');
    await run('kubeadm-init', params);
    expect(await outcome()).toMatchObject({ skipped: true });
  });

  it('never initialises anew what was initialised and does not answer', async () => {
    await anInitialisedMachine(UNREACHABLE);
    await run('kubeadm-init', params);
    const { failCode, calls } = await outcome();
    expect(failCode).toBe('StepFailed');
    expect(calls).not.toContain('kubeadm');
  });

  it('does not take a question that failed for another cluster or none', async () => {
    await anInitialisedMachine('[[ $* == *readyz* ]] && echo ok && exit 0; exit 1');
    await rm(join(dir, 'kubernetes/plinth-complete'));
    await run('kubeadm-init', params);
    const { failCode, calls } = await outcome();
    expect(failCode).toBe('StepFailed');
    expect(calls).not.toContain('kubeadm');
  });

  it('initialises anew where an earlier attempt never ended', async () => {
    await anInitialisedMachine('exit 1');
    await rm(join(dir, 'kubernetes/plinth-complete'));
    await run('kubeadm-init', params);
    expect((await outcome()).calls).toMatch(/kubeadm reset[^]*kubeadm init/);
  });
});

describe('an initialisation behind a load balancer', () => {
  const params = {
    NODE_NAME: 'm1',
    PRIVATE_IP: '10.0.0.1',
    KUBERNETES_VERSION: 'v1.34.4',
    CONFIG: 'config',
    ENDPOINT: 'lb.example.net:6443',
    EXTERNAL: 'true',
    API_SERVER: '10.0.0.1:6443',
    FIRST_TOKENS: '1',
    IDENTITY: 'identity',
  };
  /** Its own API server answers once kubeadm has begun; through the load balancer it does when `forwards`. */
  const kubectl = (forwards: string) =>
    `case $* in
      *'--server https://10.0.0.1:6443'*readyz*) [[ ! -e $D/up ]] || echo ok ;;
      *readyz*) [[ ! -e $D/up ]] || { ${forwards}; } && echo ok ;;
    esac`;

  async function aBareMachine(forwards: string, lb: string): Promise<void> {
    await aJoinedMachine(kubectl(forwards));
    await rm(join(dir, 'kubernetes/pki/ca.crt'));
    await rm(join(dir, 'kubernetes/kubelet.conf'));
    await program('curl', `[[ $* != *lb.example.net* ]] || { ${lb}; }`);
    await program('kubeadm', '[[ $1 != init ]] || { touch "$D/up"; sleep 1; }');
  }

  it('goes on as soon as that forwards, which it does only when it has seen the API server', async () => {
    await aBareMachine('true', 'exit 7');
    const output = await run('kubeadm-init', params);
    const { failCode, calls } = await outcome();
    expect(failCode, output).toBe('');
    expect(calls).toContain('kubeadm init --config');
    expect(await read('kubernetes/plinth-complete')).toBe('c1\n');
  });

  it('says that it does not forward where only the machine itself answers', async () => {
    await aBareMachine('false', 'exit 7');
    await program('kubeadm', '[[ $1 != init ]] || { touch "$D/up"; exit 1; }');
    const output = await run('kubeadm-init', params);
    expect((await outcome()).failCode).toBe('StepFailed');
    expect(output).toContain(
      'the load balancer lb.example.net:6443 does not forward to m1 (10.0.0.1:6443), whose API server is up',
    );
    expect(await read('run/hint')).toContain('port 6443 as TCP');
  });

  it('tells what kubeadm waits for while it waits', async () => {
    await aBareMachine('false', 'exit 7');
    await program('kubeadm', '[[ $1 != init ]] || { touch "$D/up"; sleep 2; exit 1; }');
    const output = await run('kubeadm-init', params);
    expect(output).toContain(
      'waiting for the load balancer lb.example.net:6443: it does not forward to m1',
    );
  });

  it.each([
    [`echo '{ "gitVersion": "v1.33.1" }'`, 'ForeignCluster', "another cluster's API server"],
    [`echo '{ "kind": "Status", "code": 401 }'`, 'ForeignCluster', "another cluster's API server"],
    ['echo "<html>503</html>"', 'StepFailed', 'is no API server'],
  ])('is not begun where something else answers there: %s', async (lb, code, says) => {
    await aBareMachine('true', lb);
    const output = await run('kubeadm-init', params);
    const { failCode, calls } = await outcome();
    expect(failCode).toBe(code);
    expect(output).toContain(says);
    expect(calls).not.toContain('kubeadm init');
  });

  it('that broke off before admin.conf had its rights is taken back, and begun anew', async () => {
    await aBareMachine('true', 'exit 7');
    await file('kubernetes/pki/ca.crt', 'ca');
    await file('kubernetes/manifests/kube-apiserver.yaml', '');
    await file('kubernetes/super-admin.conf', '');
    await file('up', '');
    await program(
      'kubectl',
      `case $* in
        *readyz*) [[ ! -e $D/up ]] || echo ok ;;
        *super-admin.conf*configmap*) ;;
        *configmap*) [[ -e $D/initialised ]] || exit 1 ;;
      esac`,
    );
    await program(
      'kubeadm',
      'case $1 in reset) rm "$D/up" ;; init) touch "$D/up" "$D/initialised" "$D/kubernetes/admin.conf" ;; esac',
    );
    const output = await run('kubeadm-init', params);
    const { failCode, calls } = await outcome();
    expect(failCode, output).toBe('');
    expect(calls).toMatch(/kubeadm reset[^]*kubeadm init/);
  });
});

describe('credentials for a further control plane', () => {
  const params = {
    SUBJECT: 'm3',
    SUBJECT_IP: '10.0.0.3',
    TOKEN: 'abcdef.0123456789abcdef',
    UPLOAD_CONFIG: 'config',
  };
  const member = (id: number, more: object = {}) => ({
    ID: String(id),
    name: `m${String(id)}`,
    peerURLs: [`https://10.0.0.${String(id)}:2380`],
    clientURLs: [`https://10.0.0.${String(id)}:2379`],
    ...more,
  });

  async function ask(members: object[], sick = ''): Promise<void> {
    await aJoinedMachine('[[ $* == *cluster-info* ]] && echo signed; exit 0');
    await mkdir(join(dir, 'kubernetes/pki/etcd'));
    const list = JSON.stringify({ header: { member_id: '1' }, members });
    await program(
      'curl',
      `case $* in
        *member/list*) echo '${list}' ;;
        *"${sick}:2379/health") exit 7 ;;
        *health) echo '{"health":"true"}' ;;
      esac`,
    );
    await run('join-credentials', params);
  }

  it('are made where etcd is whole', async () => {
    await ask([member(1), member(2)], 'none');
    const { failCode, calls } = await outcome();
    expect(failCode).toBe('');
    expect(calls).toContain('kubeadm init phase upload-certs');
  });

  it('are made whatever an attempt of the node itself has left in etcd', async () => {
    await ask([member(1), member(3, { isLearner: true })], '10.0.0.3');
    expect((await outcome()).failCode).toBe('');
  });

  it.each<[string, object[], string]>([
    ['a member is still a learner', [member(1), member(2, { isLearner: true })], 'none'],
    ['a member never started', [member(1), { ...member(2), name: undefined }], 'none'],
    ['a member does not answer', [member(1), member(2)], '10.0.0.2'],
  ])('are refused while %s', async (_, members, sick) => {
    await ask(members, sick);
    const { failCode, calls } = await outcome();
    expect(failCode).toBe('QuorumRisk');
    expect(calls).not.toContain('upload-certs');
  });
});

describe('kubeadm-undo', () => {
  const params = { NODE_NAME: 'm2', PRIVATE_IP: '10.0.0.2', KUBERNETES_VERSION: 'v1.34.4' };

  it('resets what a stopped kubeadm left half way', async () => {
    await aJoinedMachine('exit 0');
    await run('kubeadm-undo', params);
    expect(await outcome()).toMatchObject({ failCode: '', skipped: false });
    expect((await outcome()).calls).toContain('kubeadm reset -f');
    expect(await read('kubernetes/pki/ca.crt')).toBe('');
  });

  it('keeps a node that has joined, and has nothing to do on one where nothing was begun', async () => {
    await aJoinedMachine('exit 0');
    await file('kubernetes/plinth-complete', 'c1');
    await run('kubeadm-undo', params);
    expect(await outcome()).toMatchObject({ failCode: '', skipped: true });
    expect(await read('kubernetes/pki/ca.crt')).toBe('ca');

    await rm(join(dir, 'kubernetes'), { recursive: true });
    await run('kubeadm-undo', params);
    expect(await outcome()).toMatchObject({ failCode: '', skipped: true });
    expect((await outcome()).calls).not.toContain('kubeadm');
  });
});
