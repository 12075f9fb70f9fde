import { execOn } from '../../lab/lab.js';

/** Names of etcd's members, by the word of the one on a machine; one without a vote yet is `learner NAME`. */
export async function etcdMembers(machine: string): Promise<string[]> {
  const { members } = JSON.parse(await ask(machine, '/v3/cluster/member/list')) as {
    members: { name?: string; isLearner?: boolean }[];
  };
  return members
    .map(({ name, isLearner }) => (isLearner ? `learner ${name ?? ''}` : (name ?? '')))
    .toSorted();
}

/** Whether the member on a machine answers and knows a leader. */
export async function etcdIsHealthy(machine: string): Promise<boolean> {
  return ask(machine, '/health').then(
    (text) => text.includes('"health":"true"'),
    () => false,
  );
}

async function ask(machine: string, path: string): Promise<string> {
  const pki = '/etc/kubernetes/pki/etcd';
  const data = path === '/health' ? '' : "--data '{}'";
  const { code, stdout, stderr } = await execOn(
    machine,
    `curl -fsS --max-time 10 --cacert ${pki}/ca.crt --cert ${pki}/server.crt --key ${pki}/server.key ${data} https://127.0.0.1:2379${path}`,
  );
  if (code !== 0) throw new Error(`etcd on ${machine}: ${stderr}`);
  return stdout;
}
