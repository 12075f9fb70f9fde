import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CALICO, METRICS_SERVER, WEB } from '../versions.js';
import type { LayerEntry } from './image.js';
import type { NamedImage, NodeRole } from './namedImage.js';

const EVERY_NODE: readonly NodeRole[] = ['ControlPlane', 'Worker'];
const TMP: LayerEntry = { directory: '/tmp', mode: 0o1777 };
const START_RUNIT = fileURLToPath(new URL('../images/start_runit', import.meta.url));
/** The plugins that upstream's calico/cni carries and installs beside its own. */
const CALICO_CNI = ['bandwidth', 'host-local', 'loopback', 'portmap', 'tuning'];

export interface CalicoInputs {
  readonly programs: string;
  readonly plugins: string;
  readonly nettools: string;
}

/** Calico's three images. */
export function calicoImages({ programs, plugins, nettools }: CalicoInputs): NamedImage[] {
  const { version } = CALICO;
  const cni = CALICO_CNI.map((name) => ({ file: join(plugins, name), at: `/opt/cni/bin/${name}` }));
  const node = { file: join(programs, 'calico-node'), at: '/usr/bin/calico-node' };
  const controllers = 'kube-controllers';
  return [
    {
      name: 'calico-cni',
      version,
      ref: `docker.io/calico/cni:${version}`,
      roles: EVERY_NODE,
      layers: [
        [TMP, ...cni, { file: join(programs, 'install'), at: '/opt/cni/bin/install' }],
        [
          { file: join(programs, 'calico'), at: '/opt/cni/bin/calico' },
          { link: '/opt/cni/bin/calico-ipam', to: 'calico' },
        ],
      ],
      config: { Env: ['PATH=/opt/cni/bin'] },
    },
    {
      name: 'calico-node',
      version,
      ref: `docker.io/calico/node:${version}`,
      roles: EVERY_NODE,
      layers: [
        [{ tree: nettools }],
        [node, { file: START_RUNIT, at: '/usr/sbin/start_runit' }, { directory: '/etc/calico' }],
      ],
      config: { Cmd: ['start_runit'] },
    },
    {
      name: 'calico-kube-controllers',
      version,
      ref: `docker.io/calico/kube-controllers:${version}`,
      roles: EVERY_NODE,
      layers: [
        [
          TMP,
          { directory: '/status', mode: 0o1777 },
          { file: join(programs, 'check-status'), at: '/usr/bin/check-status' },
          { file: join(programs, controllers), at: `/usr/bin/${controllers}` },
        ],
      ],
      config: { Entrypoint: [`/usr/bin/${controllers}`], User: '999' },
    },
  ];
}

/** metrics-server, which `kubectl top` asks. */
export function metricsServerImage(programs: string): NamedImage {
  return {
    name: 'metrics-server',
    version: METRICS_SERVER,
    ref: `registry.k8s.io/metrics-server/metrics-server:${METRICS_SERVER}`,
    roles: EVERY_NODE,
    layers: [[TMP, { file: join(programs, 'metrics-server'), at: '/metrics-server' }]],
    config: { Entrypoint: ['/metrics-server'], User: '65534' },
  };
}

/** The lab's own image for checking a cluster's network from inside pods. */
export function webImage(tools: string): NamedImage {
  return {
    name: 'lab-web',
    version: WEB,
    ref: `docker.io/plinth-lab/web:${WEB}`,
    roles: EVERY_NODE,
    layers: [[TMP, { file: join(tools, 'web'), at: '/usr/local/bin/web' }]],
    config: { Entrypoint: ['web'], Cmd: ['serve', '8080'] },
  };
}
